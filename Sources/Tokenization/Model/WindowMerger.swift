// SPDX-License-Identifier: Apache-2.0

/// Merges a long piece window by window; why that is exact stands at `BPEMerger`.
///
/// The tokens so far are always those of the text up to the end of the last window. The next window
/// begins at one of their boundaries some way back. Where the two have no two neighbours in common, as
/// in a run of blanks that is a single token, the same is tried with a longer window from further
/// back, and with one over all if need be.
struct WindowMerger: ~Copyable {
  /// How far back a window begins, and its size is four times that.
  private static let overlap = 16
  /// Scratch memory for more positions than this is given back after use.
  private static let keptPositions = 1 << 16

  /// Of the tokens so far, the numbers of their symbols.
  private var spans = RawStack<UInt32>()
  private var windowTokens = RawStack<UInt32>(capacity: ScanMerger.limit)
  private var windowSpans = RawStack<UInt32>(capacity: ScanMerger.limit)
  private var symbols = RawStack<UInt32>(capacity: ScanMerger.limit)
  private var long: LongPiece?

  /// Merges more than `ScanMerger.limit` symbols and writes the tokens; returns how many.
  @inline(never)
  mutating func merge<Source: SymbolSource>(
    _ source: Source, _ count: Int, _ table: PairTable, _ scan: borrowing ScanMerger,
    to target: UnsafeMutablePointer<UInt32>
  ) -> Int {
    spans.removeAll()
    var overlap = Self.overlap
    var covered = 0
    while covered < count {
      // The first token of the ones so far that is in the window.
      var token = spans.count
      var start = covered
      while token > 0, covered &- start < overlap {
        token &-= 1
        start &-= Int(spans.base[token])
      }
      let size = min(count &- start, max(4 &* overlap, 2 &* (covered &- start)))
      let window = mergeWindow(source, start, size, table, scan)
      if token == 0 {
        replace(from: 0, by: 0, of: window, target)
      } else if let seam = seam(token, window, target) {
        replace(from: seam.token, by: seam.windowToken, of: window, target)
      } else {
        overlap *= 4
        continue
      }
      covered = start &+ size
    }
    let tokens = spans.count
    if spans.capacity > Self.keptPositions { spans = RawStack() }
    if windowTokens.capacity > Self.keptPositions {
      windowTokens = RawStack(capacity: ScanMerger.limit)
      windowSpans = RawStack(capacity: ScanMerger.limit)
      symbols = RawStack(capacity: ScanMerger.limit)
      long = nil
    }
    return tokens
  }

  /// Merges a window; its tokens and spans are then in `windowTokens` and `windowSpans`.
  private mutating func mergeWindow<Source: SymbolSource>(
    _ source: Source, _ start: Int, _ count: Int, _ table: PairTable,
    _ scan: borrowing ScanMerger
  ) -> Int {
    windowTokens.reserve(count)
    windowSpans.reserve(count)
    if count <= ScanMerger.limit {
      return scan.merge(
        source, from: start, count, table, to: windowTokens.base, spans: windowSpans.base)
    }
    symbols.reserve(count)
    for at in 0..<count { symbols.base[at] = source[start &+ at] }
    var scratch = long.take() ?? LongPiece(capacity: count)
    if scratch.capacity < count { scratch = LongPiece(capacity: count) }
    let tokens = scratch.merge(
      symbols.base, count, table, to: windowTokens.base, spans: windowSpans.base)
    long = consume scratch
    return tokens
  }

  /// The first of two neighbours after which the tokens so far, from one on, and those of the window
  /// have the same next token: the numbers of that one.
  private func seam(
    _ first: Int, _ window: Int, _ target: UnsafePointer<UInt32>
  ) -> (token: Int, windowToken: Int)? {
    var token = first
    var other = 0
    var place = 0
    var otherPlace = 0
    var isCommon = false
    while token < spans.count, other < window {
      if place == otherPlace {
        let isSame =
          target[token] == windowTokens.base[other]
          && spans.base[token] == windowSpans.base[other]
        if isSame, isCommon { return (token, other) }
        isCommon = isSame
        place &+= Int(spans.base[token])
        otherPlace &+= Int(windowSpans.base[other])
        token &+= 1
        other &+= 1
        if place != otherPlace { isCommon = false }
      } else if place < otherPlace {
        place &+= Int(spans.base[token])
        token &+= 1
      } else {
        otherPlace &+= Int(windowSpans.base[other])
        other &+= 1
      }
    }
    return nil
  }

  /// Puts tokens of the window in the place of those from `token` on.
  private mutating func replace(
    from token: Int, by windowToken: Int, of window: Int, _ target: UnsafeMutablePointer<UInt32>
  ) {
    spans.removeLast(spans.count &- token)
    let added = window &- windowToken
    (target + token).update(from: windowTokens.base + windowToken, count: added)
    _ = spans.append(windowSpans.base + windowToken, added)
  }
}
