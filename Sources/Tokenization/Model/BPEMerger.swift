// SPDX-License-Identifier: Apache-2.0

/// Applies merges to one piece of text: lowest rank first, leftmost of equal ranks first
/// (Sennrich et al. 2016, as GPT-2 applies it).
///
/// Short pieces: all ranks are scanned for each merge, which is quadratic but the quickest there.
/// Long pieces: a linked list and a heap, O(n log n), 52 bytes of memory for each byte of the piece.
struct BPEMerger: ~Copyable {
  /// The longest piece that is scanned.
  static let scanLimit = 48
  /// The longest piece at all: 128 MiB, for which the scratch memory is 7 GiB.
  static let pieceLimit = 1 << 27
  /// Scratch memory above this many positions is given back after use.
  private static let keptPositions = 1 << 20

  /// The tokens of the last piece.
  private(set) var ids: UnsafeMutablePointer<UInt32>
  private var capacity: Int
  /// For the scan: rank and id of the pair that begins at a position.
  private let pairs: UnsafeMutablePointer<UInt64>
  private var long: LongPiece?

  init() {
    capacity = Self.scanLimit
    ids = .allocate(capacity: capacity)
    pairs = .allocate(capacity: Self.scanLimit)
  }

  deinit {
    ids.deallocate()
    pairs.deallocate()
  }

  /// Merges a piece; the tokens are then in `ids`.
  ///
  /// `byteIDs` has 256 entries, none `UInt32.max` for a byte in the piece; `count` ≥ 1 and within
  /// `pieceLimit`.
  @inline(__always)
  mutating func merge(
    _ piece: UnsafePointer<UInt8>, _ count: Int, _ byteIDs: UnsafePointer<UInt32>,
    _ table: PairTable
  ) -> Int {
    let symbols = symbols(count)
    var at = 0
    while at < count {
      symbols[at] = byteIDs[Int(piece[at])]
      at &+= 1
    }
    return merge(count, table)
  }

  /// Room for so many symbols of a piece, to be filled before `merge(_:_:)`: `ids`.
  @inline(__always)
  mutating func symbols(_ count: Int) -> UnsafeMutablePointer<UInt32> {
    if count > Self.scanLimit { makeRoom(count) }
    return ids
  }

  /// Merges the symbols that stand in `ids`: at least one, within `pieceLimit`, none `UInt32.max`.
  @inline(__always)
  mutating func merge(_ count: Int, _ table: PairTable) -> Int {
    count <= Self.scanLimit ? mergeByScan(count, table) : mergeByHeap(count, table)
  }

  @inline(never)
  private mutating func makeRoom(_ count: Int) {
    guard capacity < count || capacity > Self.keptPositions else { return }
    ids.deallocate()
    capacity = max(count, 2 * Self.scanLimit)
    ids = .allocate(capacity: capacity)
  }

  @inline(never)
  private mutating func mergeByScan(_ length: Int, _ table: PairTable) -> Int {
    let ids = ids
    let pairs = pairs
    var count = length
    var at = 1
    while at < count {
      pairs[at &- 1] = table.lookup(ids[at &- 1], ids[at])
      at &+= 1
    }
    while count > 1 {
      var best = PairTable.absent
      // Below it ranks are lower; of equal ranks the leftmost counts, whatever their ids.
      var bound = best & PairTable.rankBits
      var position = 0
      at = 0
      while at < count &- 1 {
        if pairs[at] < bound {
          best = pairs[at]
          bound = best & PairTable.rankBits
          position = at
        }
        at &+= 1
      }
      if best == PairTable.absent { break }
      ids[position] = UInt32(truncatingIfNeeded: best)
      count &-= 1
      at = position &+ 1
      while at < count {
        ids[at] = ids[at &+ 1]
        pairs[at &- 1] = pairs[at]
        at &+= 1
      }
      if position > 0 { pairs[position &- 1] = table.lookup(ids[position &- 1], ids[position]) }
      if position < count &- 1 {
        pairs[position] = table.lookup(ids[position], ids[position &+ 1])
      }
    }
    return count
  }

  @inline(never)
  private mutating func mergeByHeap(_ length: Int, _ table: PairTable) -> Int {
    var scratch = long.take() ?? LongPiece(capacity: length)
    if scratch.capacity < length { scratch = LongPiece(capacity: length) }
    let count = scratch.merge(ids, length, table)
    if scratch.capacity <= Self.keptPositions { long = consume scratch }
    return count
  }
}
