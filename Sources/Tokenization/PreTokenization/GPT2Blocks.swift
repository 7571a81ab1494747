// SPDX-License-Identifier: Apache-2.0

internal import CProcessor

/// `GPT2Pieces` on masks.
///
/// A piece begins with a letter, number or symbol whose neighbour before is of another class and not
/// a blank; with white space after anything else; and with the last of white space before anything
/// else. An apostrophe at which a piece begins may begin a contraction, after which the next begins.
enum GPT2Blocks: BlockRule {
  typealias Pieces = GPT2Pieces

  @inline(never)
  static func mark(_ stretch: BlockStretch) {
    let starts = stretch.starts
    // Bit 0: what the last byte of the block before was.
    var letterBefore: UInt64 = 0
    var digitBefore: UInt64 = 0
    var symbolBefore: UInt64 = 0
    var whiteBefore: UInt64 = 0
    var blankBefore: UInt64 = 0
    var contractions = ContractionMarks()
    for block in 0..<stretch.blockCount {
      let masks = stretch.blocks + block
      let letter = masks.pointee.letter
      let digit = masks.pointee.digit
      let white = masks.pointee.white
      let blank = masks.pointee.blank
      let solid = ~white & stretch.valid(block)
      let symbol = solid & ~(letter | digit)
      let same =
        letter & (letter &<< 1 | letterBefore) | digit & (digit &<< 1 | digitBefore)
        | symbol & (symbol &<< 1 | symbolBefore)
      var start = solid & ~same & ~(blank &<< 1 | blankBefore)
      start |= white & ~(white &<< 1 | whiteBefore) | white & (solid &>> 1)
      starts[block &- 1] |= (solid & whiteBefore) &<< 63
      letterBefore = letter &>> 63
      digitBefore = digit &>> 63
      symbolBefore = symbol &>> 63
      whiteBefore = white &>> 63
      blankBefore = blank &>> 63
      contractions.apply(&start)
      var apostrophes = masks.pointee.apostrophe & start
      while apostrophes != 0 {
        let bit = apostrophes.trailingZeroBitCount
        let at = block &* 64 &+ bit
        let length = GPT2Pieces.contractionEnd(stretch.text, at) &- at
        if length > 0 { contractions.add(bit, length, &start) }
        apostrophes &= apostrophes &- 1
      }
      starts[block] = start
    }
    stretch.clearAfterEnd()
  }
}

/// `WhitespacePieces` on masks.
enum WhitespaceBlocks: BlockRule {
  typealias Pieces = WhitespacePieces

  @inline(never)
  static func mark(_ stretch: BlockStretch) {
    let starts = stretch.starts
    var solidBefore: UInt64 = 0
    var whiteBefore: UInt64 = 0
    var blankBefore: UInt64 = 0
    for block in 0..<stretch.blockCount {
      let white = stretch.blocks[block].white
      let blank = stretch.blocks[block].blank
      let solid = ~white & stretch.valid(block)
      var start = solid & ~(solid &<< 1 | solidBefore) & ~(blank &<< 1 | blankBefore)
      start |= white & ~(white &<< 1 | whiteBefore) | white & (solid &>> 1)
      starts[block &- 1] |= (solid & whiteBefore) &<< 63
      solidBefore = solid &>> 63
      whiteBefore = white &>> 63
      blankBefore = blank &>> 63
      starts[block] = start
    }
  }
}

/// Where pieces begin and do not begin because of contractions, over the end of a block.
struct ContractionMarks {
  private var set: UInt64 = 0
  private var clear: UInt64 = 0

  /// Puts what reaches from the block before into the marks of a block.
  @inline(__always)
  mutating func apply(_ start: inout UInt64) {
    start = start & ~clear | set
    set = 0
    clear = 0
  }

  /// A contraction of so many bytes at a bit: a piece begins after it, and none with its letters.
  mutating func add(_ bit: Int, _ length: Int, _ start: inout UInt64) {
    let inside = (UInt64(1) << bit) << 1
    let after = (UInt64(1) << bit) << length
    start = start & ~inside | after
    if inside == 0 { clear = 1 }
    if after == 0 { set = 1 &<< UInt64(truncatingIfNeeded: bit &+ length &- 64) }
  }
}

extension BlockStretch {
  /// Clears the marks that contractions left beyond the end.
  @inline(__always)
  func clearAfterEnd() {
    let last = blockCount &- 1
    starts[last] &= valid(last)
  }
}
