// SPDX-License-Identifier: Apache-2.0

/// Applies merges to one piece of text: lowest rank first, leftmost of equal ranks first
/// (Sennrich et al. 2016, as GPT-2 applies it).
///
/// Up to 64 symbols are merged at once (`ScanMerger`). A longer piece is merged in windows that
/// overlap, in linear time and with little memory. That gives the same tokens, because a sequence of
/// tokens is what merging makes of its text if and only if this holds for each two neighbours:
///
/// - Merges within a stretch between two boundaries of the result are the same, and in the same order,
///   as if the stretch stood alone. So of the result for a text, each part is the result for its part
///   of the text.
/// - If the first merge over a boundary of such a sequence came about in the whole text, all merges
///   before it in the two tokens beside the boundary were within them, and it would come about for the
///   two alone as well.
///
/// So where the tokens so far and the tokens of the next window have two neighbours in common, the
/// ones up to there and the others from there on are the result for both (`WindowMerger`).
struct BPEMerger: ~Copyable {
  /// The longest piece at all: 128 MiB.
  static let pieceLimit = 1 << 27
  /// Scratch memory above this many positions is given back after use.
  private static let keptPositions = 1 << 20

  /// The symbols, and then the tokens, of the last piece that was given by `symbols`.
  private(set) var ids: UnsafeMutablePointer<UInt32>
  private var capacity: Int
  private let scan = ScanMerger()
  private var windows = WindowMerger()

  init() {
    capacity = ScanMerger.limit
    ids = .allocate(capacity: capacity)
  }

  deinit { ids.deallocate() }

  /// Merges symbols and writes the tokens, for which there must be as much room; returns how many.
  ///
  /// No symbol may be `UInt32.max`; `count` ≥ 1 and within `pieceLimit`.
  @inline(__always)
  mutating func merge<Source: SymbolSource>(
    _ source: Source, _ count: Int, _ table: PairTable, to target: UnsafeMutablePointer<UInt32>
  ) -> Int {
    if count <= ScanMerger.limit {
      return scan.merge(source, from: 0, count, table, to: target, spans: nil)
    }
    return windows.merge(source, count, table, scan, to: target)
  }

  /// Merges bytes, at least one, each with a symbol; the tokens are then in `ids`.
  mutating func merge(
    _ bytes: UnsafeBufferPointer<UInt8>, _ byteIDs: [UInt32], _ table: PairTable
  ) -> Int {
    let symbols = symbols(bytes.count)
    for at in bytes.indices { symbols[at] = byteIDs[Int(bytes[at])] }
    return merge(bytes.count, table)
  }

  /// Room for so many symbols of a piece, to be filled before `merge(_:_:)`: `ids`.
  @inline(__always)
  mutating func symbols(_ count: Int) -> UnsafeMutablePointer<UInt32> {
    if count > capacity || capacity > Self.keptPositions { makeRoom(count) }
    return ids
  }

  /// Merges the symbols that stand in `ids`: at least one, within `pieceLimit`, none `UInt32.max`.
  @inline(__always)
  mutating func merge(_ count: Int, _ table: PairTable) -> Int {
    if count <= ScanMerger.limit {
      return scan.merge(
        BufferedSymbols(symbols: ids), from: 0, count, table, to: ids, spans: nil)
    }
    return mergeLong(count, table)
  }

  @inline(never)
  private mutating func mergeLong(_ count: Int, _ table: PairTable) -> Int {
    let tokens = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
    let result = windows.merge(BufferedSymbols(symbols: ids), count, table, scan, to: tokens)
    ids.deallocate()
    ids = tokens
    capacity = count
    return result
  }

  @inline(never)
  private mutating func makeRoom(_ count: Int) {
    ids.deallocate()
    capacity = max(count, ScanMerger.limit)
    ids = .allocate(capacity: capacity)
  }
}
