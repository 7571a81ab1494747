// SPDX-License-Identifier: Apache-2.0

/// Applies merges to one piece of text: lowest rank first, leftmost of equal ranks first
/// (Sennrich et al. 2016, as GPT-2 applies it).
///
/// Short pieces: all ranks are scanned for each merge, which is quadratic but the quickest there.
/// Long pieces: a linked list and a heap, O(n log n), 28 bytes of memory for each byte of the piece.
struct BPEMerger: ~Copyable {
  /// The longest piece that is scanned.
  static let scanLimit = 48
  /// The longest piece at all: 256 MiB, for which the scratch memory is 7 GiB.
  static let pieceLimit = 1 << 28
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
    count <= Self.scanLimit
      ? mergeByScan(piece, count, byteIDs, table) : mergeByHeap(piece, count, byteIDs, table)
  }

  @inline(never)
  private mutating func mergeByScan(
    _ piece: UnsafePointer<UInt8>, _ length: Int, _ byteIDs: UnsafePointer<UInt32>,
    _ table: PairTable
  ) -> Int {
    let ids = ids
    let pairs = pairs
    var count = length
    ids[0] = byteIDs[Int(piece[0])]
    var at = 1
    while at < count {
      ids[at] = byteIDs[Int(piece[at])]
      pairs[at &- 1] = table.lookup(ids[at &- 1], ids[at])
      at &+= 1
    }
    while count > 1 {
      var best = PairTable.absent
      var position = 0
      at = 0
      while at < count &- 1 {
        if pairs[at] < best {
          best = pairs[at]
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
  private mutating func mergeByHeap(
    _ piece: UnsafePointer<UInt8>, _ length: Int, _ byteIDs: UnsafePointer<UInt32>,
    _ table: PairTable
  ) -> Int {
    if capacity < length || capacity > Self.keptPositions {
      ids.deallocate()
      capacity = max(length, 2 * Self.scanLimit)
      ids = .allocate(capacity: capacity)
    }
    var scratch = long.take() ?? LongPiece(capacity: length)
    if scratch.capacity < length { scratch = LongPiece(capacity: length) }
    let count = scratch.merge(piece, length, byteIDs, table, into: ids)
    if scratch.capacity <= Self.keptPositions { long = consume scratch }
    return count
  }
}
