// SPDX-License-Identifier: Apache-2.0

/// The symbols of a piece before merging.
protocol SymbolSource {
  subscript(at: Int) -> UInt32 { get }
  /// What `table` has for the symbols at a position and after it.
  func pair(_ at: Int, _ table: PairTable) -> UInt64
}

/// Bytes, each with its symbol.
struct ByteSymbols: SymbolSource {
  let bytes: UnsafePointer<UInt8>
  let ids: UnsafePointer<UInt32>
  let pairs: BytePairs

  @inline(__always)
  subscript(at: Int) -> UInt32 { ids[Int(bytes[at])] }

  @inline(__always)
  func pair(_ at: Int, _ table: PairTable) -> UInt64 {
    pairs.values[Int(bytes[at]) &<< 8 | Int(bytes[at &+ 1])]
  }
}

/// What the table of a model has for each two bytes, those of a language side by side.
final class BytePairs: @unchecked Sendable {
  // Unchecked: the memory is written before the value is made, and then only read.

  let values: UnsafeMutablePointer<UInt64>

  init(_ byteIDs: [UInt32], _ table: PairTable) {
    values = .allocate(capacity: 1 << 16)
    for pair in 0..<(1 << 16) {
      values[pair] = table.lookup(byteIDs[pair >> 8], byteIDs[pair & 0xFF])
    }
  }

  deinit { values.deallocate() }
}

/// Symbols in memory.
struct BufferedSymbols: SymbolSource {
  let symbols: UnsafePointer<UInt32>

  @inline(__always)
  subscript(at: Int) -> UInt32 { symbols[at] }

  @inline(__always)
  func pair(_ at: Int, _ table: PairTable) -> UInt64 {
    table.lookup(symbols[at], symbols[at &+ 1])
  }
}

/// Merges up to 64 symbols by looking for the lowest rank before each merge.
///
/// A linked list over places that stay where they are. Of each pair there is a key, rank above place,
/// so that the least key is the leftmost of the lowest rank; of more than sixteen places the least key
/// of each eight is kept, and only those of the places that change are looked for anew.
struct ScanMerger: ~Copyable {
  /// The most symbols.
  static let limit = 64
  private static let ungrouped = 16
  private static let noKey = UInt64.max

  private let ids: UnsafeMutablePointer<UInt32>
  /// What the pair at a place becomes.
  private let merged: UnsafeMutablePointer<UInt32>
  private let keys: UnsafeMutablePointer<UInt64>
  private let leastKeys: UnsafeMutablePointer<UInt64>
  private let next: UnsafeMutablePointer<UInt8>
  private let previous: UnsafeMutablePointer<UInt8>

  init() {
    ids = .allocate(capacity: Self.limit)
    merged = .allocate(capacity: Self.limit)
    keys = .allocate(capacity: Self.limit)
    keys.initialize(repeating: Self.noKey, count: Self.limit)
    leastKeys = .allocate(capacity: Self.limit / 8)
    next = .allocate(capacity: Self.limit + 1)
    previous = .allocate(capacity: Self.limit + 1)
  }

  deinit {
    ids.deallocate()
    merged.deallocate()
    keys.deallocate()
    leastKeys.deallocate()
    next.deallocate()
    previous.deallocate()
  }

  /// Merges 1 to `limit` symbols from a position on, and writes the tokens; returns how many.
  /// - Parameter spans: where given, for each token the number of its symbols.
  @inline(__always)
  func merge<Source: SymbolSource>(
    _ source: Source, from start: Int, _ count: Int, _ table: PairTable,
    to target: UnsafeMutablePointer<UInt32>, spans: UnsafeMutablePointer<UInt32>?
  ) -> Int {
    let ids = ids
    let keys = keys
    ids[0] = source[start]
    previous[0] = UInt8(truncatingIfNeeded: count)
    var at = 1
    while at < count {
      let pair = source.pair(start &+ at &- 1, table)
      ids[at] = source[start &+ at]
      merged[at &- 1] = UInt32(truncatingIfNeeded: pair)
      keys[at &- 1] = Self.key(pair, at &- 1)
      next[at &- 1] = UInt8(truncatingIfNeeded: at)
      previous[at] = UInt8(truncatingIfNeeded: at &- 1)
      at &+= 1
    }
    next[count &- 1] = UInt8(truncatingIfNeeded: count)
    keys[count &- 1] = Self.noKey
    if count <= Self.ungrouped {
      mergeSmall(count, table)
    } else {
      mergeGrouped(count, table)
    }
    var written = 0
    at = 0
    while at < count {
      target[written] = ids[at]
      let following = Int(next[at])
      if let spans { spans[written] = UInt32(truncatingIfNeeded: following &- at) }
      written &+= 1
      at = following
    }
    return written
  }

  @inline(__always)
  private static func key(_ pair: UInt64, _ place: Int) -> UInt64 {
    pair == PairTable.absent
      ? noKey : pair & PairTable.rankBits | UInt64(truncatingIfNeeded: place)
  }

  @inline(never)
  private func mergeSmall(_ count: Int, _ table: PairTable) {
    let keys = keys
    while true {
      var least = keys[0]
      var at = 1
      while at < count &- 1 {
        least = min(least, keys[at])
        at &+= 1
      }
      if least == Self.noKey { return }
      _ = mergePair(Int(truncatingIfNeeded: least & 0xFF), count, table)
    }
  }

  @inline(never)
  private func mergeGrouped(_ count: Int, _ table: PairTable) {
    let groups = (count &+ 7) &>> 3
    for at in count..<(groups &* 8) { keys[at] = Self.noKey }
    for group in 0..<groups { leastKeys[group] = least(of: group) }
    while true {
      var least = leastKeys[0]
      var group = 1
      while group < groups {
        least = min(least, leastKeys[group])
        group &+= 1
      }
      if least == Self.noKey { return }
      let place = Int(truncatingIfNeeded: least & 0xFF)
      let (before, gone) = mergePair(place, count, table)
      leastKeys[place &>> 3] = self.least(of: place &>> 3)
      if gone &>> 3 != place &>> 3 { leastKeys[gone &>> 3] = self.least(of: gone &>> 3) }
      if before < count, before &>> 3 != place &>> 3 {
        leastKeys[before &>> 3] = self.least(of: before &>> 3)
      }
    }
  }

  @inline(__always)
  private func least(of group: Int) -> UInt64 {
    let keys = keys + 8 &* group
    let first = min(min(keys[0], keys[1]), min(keys[2], keys[3]))
    let second = min(min(keys[4], keys[5]), min(keys[6], keys[7]))
    return min(first, second)
  }

  /// Merges the pair at a place. Returns the place before, or `count`, and the place that is gone.
  @inline(__always)
  private func mergePair(
    _ place: Int, _ count: Int, _ table: PairTable
  ) -> (before: Int, gone: Int) {
    let gone = Int(next[place])
    let after = Int(next[gone])
    let before = Int(previous[place])
    let id = merged[place]
    ids[place] = id
    next[place] = UInt8(truncatingIfNeeded: after)
    keys[gone] = Self.noKey
    if after < count {
      previous[after] = UInt8(truncatingIfNeeded: place)
      let pair = table.lookup(id, ids[after])
      merged[place] = UInt32(truncatingIfNeeded: pair)
      keys[place] = Self.key(pair, place)
    } else {
      keys[place] = Self.noKey
    }
    if before < count {
      let pair = table.lookup(ids[before], id)
      merged[before] = UInt32(truncatingIfNeeded: pair)
      keys[before] = Self.key(pair, before)
    }
    return (before, gone)
  }
}
