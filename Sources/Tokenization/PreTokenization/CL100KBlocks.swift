// SPDX-License-Identifier: Apache-2.0

internal import CProcessor

/// `CL100KPieces` and its kin on masks.
///
/// As `GPT2Blocks`, but: letters do not begin a piece after white space other than a line end, nor
/// after a symbol that begins one and is alone; line ends after symbols belong to them; in what is
/// left of white space a piece ends with the last line end; numbers begin a piece every three.
enum CL100KBlocks<Numbers: NumberPieces>: BlockRule {
  typealias Pieces = Numbers

  @inline(never)
  static func mark(_ stretch: BlockStretch) {
    let starts = stretch.starts
    // Bit 0: what the last byte of the block before was.
    var letterBefore: UInt64 = 0
    var symbolBefore: UInt64 = 0
    var blankBefore: UInt64 = 0
    var takenBefore: UInt64 = 0
    var whiteBefore: UInt64 = 0
    var gapBefore: UInt64 = 0
    var lineEndBefore: UInt64 = 0
    var firstSymbolBefore: UInt64 = 0
    var numbers = NumberGroups()
    var contractions = ContractionMarks()
    for block in 0..<stretch.blockCount {
      let masks = stretch.blocks + block
      let letter = masks.pointee.letter
      let digit = masks.pointee.digit
      let newline = masks.pointee.newline
      let blank = masks.pointee.blank
      let continuation = masks.pointee.continuation
      let solid = ~masks.pointee.white & stretch.valid(block)
      let symbol = solid & ~(letter | digit)
      let afterSymbol = symbol &<< 1 | symbolBefore

      // Line ends after symbols: a carry runs through them.
      let taken =
        newline & ~(newline &+ (newline & (afterSymbol | takenBefore)))
      let white = masks.pointee.white & ~taken
      let gap = white & ~newline  // white space other than line ends
      let lineEnd = white & newline

      var start = white & ~(white &<< 1 | whiteBefore) | gap & (solid &>> 1)
      starts[block &- 1] |= (solid & gapBefore) &<< 63
      var candidates = gap & (lineEnd &<< 1 | lineEndBefore)
      while candidates != 0 {
        let bit = candidates.trailingZeroBitCount
        if endsWithoutLineEnd(stretch, block, bit, gap) { start |= 1 &<< UInt64(bit) }
        candidates &= candidates &- 1
      }

      // The first symbol of a run, and what follows that one character.
      let firstSymbol = symbol & ~afterSymbol & ~(blank &<< 1 | blankBefore)
      let next = firstSymbol &<< 1 | firstSymbolBefore
      let (ripple, overflow) = continuation.addingReportingOverflow(next & continuation)
      let afterFirst = (next | ripple) & ~continuation
      start |= firstSymbol
      start |=
        letter & ~(letter &<< 1 | letterBefore) & ~(gap &<< 1 | gapBefore) & ~afterFirst

      if Numbers.isSingle {
        start |= digit & ~continuation
      } else {
        start |= numbers.starts(digit)
      }
      letterBefore = letter &>> 63
      symbolBefore = symbol &>> 63
      blankBefore = blank &>> 63
      takenBefore = taken &>> 63
      whiteBefore = white &>> 63
      gapBefore = gap &>> 63
      lineEndBefore = lineEnd &>> 63
      firstSymbolBefore = firstSymbol &>> 63 | (overflow ? 1 : 0)

      contractions.apply(&start)
      var apostrophes = masks.pointee.apostrophe & firstSymbol
      while apostrophes != 0 {
        let bit = apostrophes.trailingZeroBitCount
        let at = block &* 64 &+ bit
        let length = CL100KPieces.contractionEnd(stretch.text, at) &- at
        if length > 0 { contractions.add(bit, length, &start) }
        apostrophes &= apostrophes &- 1
      }
      starts[block] = start
    }
    stretch.clearAfterEnd()
  }

  /// Whether the white space that begins at a bit ends with something other than a line end.
  @inline(__always)
  private static func endsWithoutLineEnd(
    _ stretch: BlockStretch, _ block: Int, _ bit: Int, _ gap: UInt64
  ) -> Bool {
    let others = ~(gap &>> UInt64(truncatingIfNeeded: bit))
    let end = bit &+ others.trailingZeroBitCount
    if end < 64 {
      return stretch.blocks[block].newline &>> UInt64(truncatingIfNeeded: end) & 1 == 0
    }
    return endsWithoutLineEnd(stretch, after: block)
  }

  @inline(never)
  private static func endsWithoutLineEnd(_ stretch: BlockStretch, after block: Int) -> Bool {
    var block = block &+ 1
    while block < stretch.blockCount {
      let others = ~(stretch.blocks[block].white & ~stretch.blocks[block].newline)
      if others != 0 {
        return stretch.blocks[block].newline & others & (0 &- others) == 0
      }
      block &+= 1
    }
    return true
  }
}

/// Where numbers begin in groups of three, from block to block.
struct NumberGroups {
  /// Digits of the run at the end of the block before, modulo 3; or −1 if there is no run.
  private var before = -1

  /// The beginnings of groups in a block.
  @inline(__always)
  mutating func starts(_ digit: UInt64) -> UInt64 {
    if digit == 0 {
      before = -1
      return 0
    }
    let twice = digit & digit &<< 1
    if before < 0, twice & twice &<< 2 == 0, digit &>> 63 == 0 {
      return digit & ~(digit &<< 1)
    }
    return longStarts(digit)
  }

  @inline(never)
  private mutating func longStarts(_ digit: UInt64) -> UInt64 {
    var result: UInt64 = 0
    var left = digit
    var phase = digit & 1 == 0 ? 0 : max(before, 0)
    before = -1
    while left != 0 {
      let bit = left.trailingZeroBitCount
      let length = (~(left &>> UInt64(truncatingIfNeeded: bit))).trailingZeroBitCount
      let end = min(bit &+ length, 64)
      var at = phase == 0 ? bit : bit &+ 3 &- phase
      while at < end {
        result |= 1 &<< UInt64(truncatingIfNeeded: at)
        at &+= 3
      }
      if end == 64 {
        before = (phase &+ end &- bit) % 3
        return result
      }
      left &= UInt64.max &<< UInt64(truncatingIfNeeded: end)
      phase = 0
    }
    return result
  }
}
