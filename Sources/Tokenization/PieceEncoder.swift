// SPDX-License-Identifier: Apache-2.0

internal import CProcessor
import Synchronization
import UnicodeText

/// Merges the pieces of texts, through the cache.
///
/// For each stretch that the scanner gives there are two loops. The first makes of each piece the key
/// under which it is known, and asks for the line of the cache where it is; the second looks there.
/// By then the line is near, and neither loop depends on what pieces there are; only for a piece that
/// is not in its line, or has more than four tokens, the second leaves its way (`resolve`).
struct PieceEncoder: ~Copyable {
  private let model: BPEModel
  private let byteIDs: UnsafeMutablePointer<UInt32>
  /// Whether symbols carry no affixes.
  private let isPlain: Bool
  private var cache: PieceCache
  private var merger = BPEMerger()
  private let cuts: CutTable
  private let bytePairs: BytePairs
  private let keys: UnsafeMutablePointer<PieceCache.Key>
  /// For each length up to 15, which bits of a key are bytes of the piece.
  private let keyMasks: UnsafeMutablePointer<UInt64>
  private var tokens = RawStack<UInt32>(capacity: 1 << 12)
  /// 1 where a piece begins; only if wanted.
  private var pieceMarks = RawStack<UInt8>(capacity: 1 << 12)
  private var marksPieces = false
  /// The length of a piece that is too long to be merged.
  private(set) var refusedLength: Int?

  init(model: BPEModel, cacheBytes: Int, isSeeded: Bool = true) {
    self.model = model
    isPlain = model.affixes.isEmpty
    byteIDs = .allocate(capacity: 256)
    byteIDs.initialize(from: model.byteIDs, count: 256)
    cuts = model.cuts
    bytePairs = model.bytePairs
    cache = PieceCache(maximumBytes: cacheBytes, seed: isSeeded ? model.seed : nil)
    keys = .allocate(capacity: PieceScanner.byteCount)
    keyMasks = .allocate(capacity: 32)
    for length in 0..<16 {
      keyMasks[2 * length] = length >= 8 ? .max : (1 << UInt64(8 * length)) - 1
      keyMasks[2 * length + 1] = length <= 8 ? 0 : (1 << UInt64(8 * length - 64)) - 1
    }
  }

  deinit {
    byteIDs.deallocate()
    keys.deallocate()
    keyMasks.deallocate()
  }

  /// The number of tokens.
  var count: Int { tokens.count }
  /// The tokens so far. Valid until there are more.
  var ids: UnsafeBufferPointer<UInt32> {
    UnsafeBufferPointer(start: tokens.base, count: tokens.count)
  }
  /// For each token, whether a piece begins with it.
  var marks: UnsafeBufferPointer<Bool> {
    UnsafeBufferPointer(
      start: UnsafeRawPointer(pieceMarks.base).assumingMemoryBound(to: Bool.self),
      count: pieceMarks.count)
  }

  /// The same, to be changed.
  var mutableMarks: UnsafeMutableBufferPointer<Bool> {
    UnsafeMutableBufferPointer(
      start: UnsafeMutableRawPointer(pieceMarks.base).assumingMemoryBound(to: Bool.self),
      count: pieceMarks.count)
  }

  /// Begins a text.
  mutating func begin(marksPieces: Bool) {
    self.marksPieces = marksPieces
    refusedLength = nil
    tokens.removeAll()
    pieceMarks.removeAll()
  }

  /// Adds a token that was matched as a whole.
  mutating func append(_ id: UInt32) {
    tokens.append(id)
    if marksPieces { pieceMarks.append(1) }
  }

  /// Adds the tokens of a text. Returns whether it may have a character of which each starts a
  /// word.
  mutating func encode(_ text: TextBytes, _ scanner: inout PieceScanner) -> Bool {
    var at = 0
    var hasWide = false
    while at < text.count {
      let pieces = scanner.scan(text, from: at)
      if scanner.hasWide { hasWide = true }
      let bounds = UnsafePointer(scanner.bounds)
      let length = Int(bounds[pieces])
      let base = text.base + at
      tokens.reserve(length &+ PieceCache.inlineTokens)
      cache.note(lookups: pieces)
      makeKeys(base, bounds, pieces, readable: text.count &- at)
      if marksPieces {
        pieceMarks.reserve(length &+ PieceCache.inlineTokens)
        lookUp(base, bounds, pieces, marksPieces: true)
      } else {
        lookUp(base, bounds, pieces, marksPieces: false)
      }
      at &+= length
    }
    return hasWide
  }

  /// Makes the keys of pieces and asks for their lines.
  @inline(never)
  private func makeKeys(
    _ base: UnsafePointer<UInt8>, _ bounds: UnsafePointer<UInt32>, _ count: Int, readable: Int
  ) {
    let keys = keys
    let masks = keyMasks
    let table = cache.table
    let shift = cache.shift
    // Of the last pieces sixteen bytes may not be there to be read.
    var quick = count
    while quick > 0, Int(bounds[quick &- 1]) &+ 16 > readable { quick &-= 1 }
    var start = 0
    var index = 0
    while index < quick {
      let end = Int(bounds[index &+ 1])
      let length = end &- start
      let raw = UnsafeRawPointer(base + start)
      if length <= PieceCache.longestInline {
        let low = raw.loadUnaligned(as: UInt64.self) & masks[2 &* length]
        let high =
          raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self) & masks[2 &* length &+ 1]
          | UInt64(truncatingIfNeeded: length) &<< 56
        keys[index] = PieceCache.Key(low: low, high: high)
      } else {
        keys[index] = longKey(base + start, length)
      }
      cprocessor_prefetch(table + PieceCache.place(keys[index].hash, shift))
      start = end
      index &+= 1
    }
    while index < count {
      let end = Int(bounds[index &+ 1])
      let length = end &- start
      keys[index] =
        length <= PieceCache.longestInline
        ? PieceCache.Key(short: base + start, length) : longKey(base + start, length)
      cprocessor_prefetch(table + PieceCache.place(keys[index].hash, shift))
      start = end
      index &+= 1
    }
  }

  /// The key of a piece of more than 15 bytes. Long stretches of characters of three bytes seldom come
  /// again; they are remembered by their parts.
  @inline(never)
  private func longKey(_ piece: UnsafePointer<UInt8>, _ length: Int) -> PieceCache.Key {
    let isWide = isPlain && piece[1] >= 0x80 && piece[length &- 3] &- 0xE0 < 0x10
    return isWide ? .uncached : PieceCache.Key(long: piece, length)
  }

  /// Appends the tokens of pieces by their keys.
  @inline(__always)
  private mutating func lookUp(
    _ base: UnsafePointer<UInt8>, _ bounds: UnsafePointer<UInt32>, _ count: Int, marksPieces: Bool
  ) {
    let keys = keys
    var table = cache.table
    var shift = cache.shift
    var ids = UnsafeMutableRawPointer(tokens.end)
    var marks = UnsafeMutableRawPointer(pieceMarks.end)
    let firstIDs = ids
    var index = 0
    while index < count {
      let key = keys[index]
      let line = (table + PieceCache.place(key.hash, shift))
        .assumingMemoryBound(to: UInt64.self)
      let isFirst = (line[0] ^ key.low) | (line[1] ^ key.high) == 0
      let isSecond = (line[4] ^ key.low) | (line[5] ^ key.high) == 0
      let entry = line + (isSecond ? 4 : 0)
      let first = entry[2]
      var number = Int(truncatingIfNeeded: first &>> 24 & 0xFF)
      if (isFirst || isSecond) && number <= PieceCache.inlineTokens {
        ids.storeBytes(of: first & 0xFFFF_FFFF_00FF_FFFF, as: UInt64.self)
        ids.storeBytes(of: entry[3], toByteOffset: 8, as: UInt64.self)
        if marksPieces { marks.storeBytes(of: UInt32(1).littleEndian, as: UInt32.self) }
      } else {
        let start = Int(bounds[index])
        number = resolve(
          key, base + start, Int(bounds[index &+ 1]) &- start,
          to: ids.assumingMemoryBound(to: UInt32.self))
        table = cache.table
        shift = cache.shift
        if marksPieces {
          marks.initializeMemory(as: UInt8.self, repeating: 0, count: number)
          marks.storeBytes(of: 1, as: UInt8.self)
        }
      }
      ids += 4 &* number
      if marksPieces { marks += number }
      index &+= 1
    }
    let added = (ids - firstIDs) / 4
    tokens.advance(added)
    if marksPieces { pieceMarks.advance(added) }
  }

  /// Writes the tokens of a piece that is not at hand; returns how many they are.
  @inline(never)
  private mutating func resolve(
    _ key: PieceCache.Key, _ piece: UnsafePointer<UInt8>, _ length: Int,
    to target: UnsafeMutablePointer<UInt32>
  ) -> Int {
    if key.high == PieceCache.Key.uncachedMark {
      guard length <= BPEMerger.pieceLimit else {
        refusedLength = length
        target[0] = 0
        return 1
      }
      return mergeInParts(piece, length, to: target)
    }
    let known = cache.tokens(of: key, piece, length, to: target)
    if known > 0 { return known }
    let count = mergeInParts(piece, length, to: target)
    cache.insert(key, piece, length, target, count)
    return count
  }

  /// Merges a piece, in parts where no token reaches over the places between them.
  private mutating func mergeInParts(
    _ piece: UnsafePointer<UInt8>, _ length: Int, to target: UnsafeMutablePointer<UInt32>
  ) -> Int {
    // Parts of ASCII letters would be so few that it is not worth looking for them.
    guard isPlain, piece[length &- 1] >= 0x80 else { return merge(piece, length, to: target) }
    var start = 0
    var count = 0
    while start < length {
      let end = cuts.nextCut(piece, start, length)
      if start == 0, end == length { return merge(piece, length, to: target) }
      count &+= encodePart(piece + start, end &- start, to: target + count)
      start = end
    }
    return count
  }

  /// Writes the tokens of a part of a piece.
  @inline(__always)
  private mutating func encodePart(
    _ part: UnsafePointer<UInt8>, _ length: Int, to target: UnsafeMutablePointer<UInt32>
  ) -> Int {
    let key =
      length <= PieceCache.longestInline
      ? PieceCache.Key(short: part, length) : PieceCache.Key(long: part, length)
    if key.high != PieceCache.Key.uncachedMark {
      cache.note(lookups: 1)
      let known = cache.tokens(of: key, part, length, to: target)
      if known > 0 { return known }
    }
    return mergePart(key, part, length, to: target)
  }

  @inline(never)
  private mutating func mergePart(
    _ key: PieceCache.Key, _ part: UnsafePointer<UInt8>, _ length: Int,
    to target: UnsafeMutablePointer<UInt32>
  ) -> Int {
    let count = merge(part, length, to: target)
    if key.high != PieceCache.Key.uncachedMark { cache.insert(key, part, length, target, count) }
    return count
  }

  private mutating func merge(
    _ piece: UnsafePointer<UInt8>, _ length: Int, to target: UnsafeMutablePointer<UInt32>
  ) -> Int {
    if let wholePieces = model.wholePieces,
      let id = wholePieces.value(of: UnsafeBufferPointer(start: piece, count: length))
    {
      target[0] = id
      return 1
    }
    if isPlain {
      return merger.merge(
        ByteSymbols(bytes: piece, ids: byteIDs, pairs: bytePairs), length, model.table, to: target)
    }
    let count = mergeAffixed(piece, length)
    target.update(from: merger.ids, count: count)
    return count
  }

  /// Merges symbols of which the last carries a suffix, and all but the first a prefix.
  private mutating func mergeAffixed(_ piece: UnsafePointer<UInt8>, _ length: Int) -> Int {
    let symbols = merger.symbols(length)
    if length == 1 {
      symbols[0] = model.onlyIDs[Int(piece[0])]
      return 1
    }
    symbols[0] = byteIDs[Int(piece[0])]
    for at in 1..<(length - 1) { symbols[at] = model.innerIDs[Int(piece[at])] }
    symbols[length - 1] = model.lastIDs[Int(piece[length - 1])]
    return merger.merge(length, model.table)
  }
}

extension PieceEncoder {
  /// The tokens of a model, up to those that are no key of their own, as merging splits them.
  ///
  /// Not "a token is itself": some tokens no merge leads to.
  mutating func seed() -> PieceSeed {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { target in
      guard let target = target.baseAddress else { return }
      for id in 0..<model.spelled.count {
        model.spelled[id].withUnsafeBufferPointer { bytes in
          guard let piece = bytes.baseAddress, (1...PieceCache.longestInline).contains(bytes.count)
          else { return }
          if bytes.contains(where: { model.byteIDs[Int($0)] == BPEModel.noToken }) { return }
          let key = PieceCache.Key(short: piece, bytes.count)
          _ = resolve(key, piece, bytes.count, to: target)
        }
      }
    }
    return cache.asSeed()
  }
}

/// Makes what is derived from a model when it is first asked for.
final class DerivedParts: Sendable {
  private let seed = Mutex<PieceSeed?>(nil)
  private let cuts = Mutex<CutTable?>(nil)
  private let bytePairs = Mutex<BytePairs?>(nil)

  func seed(of model: BPEModel) -> PieceSeed {
    seed.withLock { made in
      if let made { return made }
      var encoder = PieceEncoder(model: model, cacheBytes: 1 << 30, isSeeded: false)
      let seed = encoder.seed()
      made = seed
      return seed
    }
  }

  func bytePairs(of model: BPEModel) -> BytePairs {
    bytePairs.withLock { made in
      if let made { return made }
      let pairs = BytePairs(model.byteIDs, model.table)
      made = pairs
      return pairs
    }
  }

  func cuts(of model: BPEModel) -> CutTable {
    cuts.withLock { made in
      if let made { return made }
      let table = CutTable(tokens: model.spelled)
      made = table
      return table
    }
  }
}
