// SPDX-License-Identifier: Apache-2.0

internal import CProcessor
import UnicodeText

/// A splitting rule as algebra on masks.
protocol BlockRule {
  /// The same rule, piece by piece.
  associatedtype Pieces: PieceRule

  /// Sets the bits of `stretch.starts` where pieces begin, as far as that can be seen within the
  /// stretch. Every bit at something other than white space is right; white space at the end of the
  /// stretch depends on what follows.
  static func mark(_ stretch: BlockStretch)
}

/// A stretch of text at whose beginning a piece begins, in masks of 64 bytes.
///
/// All bytes of a character are of its class. Bits beyond the stretch are of no class.
struct BlockStretch {
  let blocks: UnsafeMutablePointer<cprocessor_block>
  /// Bits where pieces begin. There is one mask before the first, which is not used.
  let starts: UnsafeMutablePointer<UInt64>
  /// The text from the stretch on, which may be longer.
  let text: TextBytes
  /// The bytes of the stretch.
  let count: Int

  var blockCount: Int { (count &+ 63) &>> 6 }

  /// The bits of a block that are in the stretch.
  @inline(__always)
  func valid(_ block: Int) -> UInt64 {
    let left = count &- 64 &* block
    return left >= 64 ? UInt64.max : (1 &<< UInt64(truncatingIfNeeded: left)) &- 1
  }

  /// Puts characters beyond ASCII into the masks, and exact continuation bytes. Notes white space
  /// and numbers of several bytes as hard. Returns whether there may be a character of which each
  /// starts a word: of 0xE0 or above, but for the ones that begin with 0xE2 and are no ideographs.
  @inline(never)
  func addWideCharacters(hard: inout RawStack<UInt32>) -> Bool {
    var wide: UInt64 = 0
    // What characters that begin in one block reach of the next.
    var letters: UInt64 = 0
    var digits: UInt64 = 0
    var whites: UInt64 = 0
    var symbols: UInt64 = 0
    var continuations: UInt64 = 0
    for block in 0..<blockCount {
      let masks = blocks + block
      let high = masks.pointee.high
      if high == 0 { continue }
      wide |= masks.pointee.wide
      // Letters by their first byte.
      let second = masks.pointee.continuation &>> 1
      let third = masks.pointee.continuation &>> 2
      let two = masks.pointee.letterLead2 & second
      let three =
        (masks.pointee.letterLead3 & second | masks.pointee.leadE4 & masks.pointee.fromB8 &>> 1)
        & third
      var continuation = continuations | two &<< 1 | three &<< 1 | three &<< 2
      var letter = letters | two | three
      letter |= continuation & ~continuations
      var digit = digits
      var white = whites
      var left = high & ~(letter | digit | white | symbols)
      letters = 0
      digits = 0
      whites = 0
      symbols = 0
      continuations = 0
      while left != 0 {
        let bit = left.trailingZeroBitCount
        let at = block &* 64 &+ bit
        let (kind, length) = text.classAndLength(at)
        let ones: UInt64 = (1 &<< UInt64(truncatingIfNeeded: length)) &- 1
        let here = ones &<< UInt64(truncatingIfNeeded: bit)
        let beyond = ones >> UInt64(64 &- bit)
        left &= ~here
        let more = ones & ~1
        continuation |= more &<< UInt64(truncatingIfNeeded: bit)
        if beyond != 0 { continuations = more >> UInt64(64 &- bit) }
        switch kind {
        case PieceClass.letter:
          letter |= here
          letters = beyond
        case PieceClass.number:
          digit |= here
          digits = beyond
          hard.append(UInt32(truncatingIfNeeded: at))
        case PieceClass.space:
          white |= here
          whites = beyond
          hard.append(UInt32(truncatingIfNeeded: at))
        default:
          symbols = beyond
          // Radicals of ideographs (U+2E80 to U+2FFF).
          if length == 3, text[at] == 0xE2, text[at &+ 1] >= 0xBA { wide |= here }
        }
      }
      masks.pointee.letter |= letter & high
      masks.pointee.digit |= digit & high
      masks.pointee.white |= white & high
      masks.pointee.continuation = continuation & high
    }
    return wide != 0
  }

  /// The last beginning of a piece before a position with something other than white space, or 0.
  func lastSolidStart(before position: Int) -> Int {
    var block = position &>> 6
    var below: UInt64 = (1 &<< UInt64(truncatingIfNeeded: position & 63)) &- 1
    while block >= 0 {
      let mask = starts[block] & ~blocks[block].white & below
      if mask != 0 { return block &* 64 &+ (63 &- mask.leadingZeroBitCount) }
      below = .max
      block &-= 1
    }
    return 0
  }

  /// Whether a piece begins at a position, and what follows is marked as if nothing were before.
  func isSureStart(_ position: Int) -> Bool {
    guard position < count else { return false }
    let isMarked = bit(position) { starts[$0] & ~blocks[$0].white }
    return isMarked
      && !(bit(position) { blocks[$0].digit } && bit(position &- 1) { blocks[$0].digit })
  }

  @inline(__always)
  private func bit(_ position: Int, _ mask: (Int) -> UInt64) -> Bool {
    mask(position &>> 6) &>> UInt64(truncatingIfNeeded: position & 63) & 1 != 0
  }

  func mark(_ position: Int) {
    starts[position &>> 6] |= 1 &<< UInt64(truncatingIfNeeded: position & 63)
  }

  /// Clears the marks of a range.
  func unmark(_ start: Int, _ end: Int) {
    var at = start
    let end = min(end, count)
    while at < end {
      let block = at &>> 6
      let stop = min(end, 64 &* (block &+ 1))
      let ones = UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- (stop &- at))
      starts[block] &= ~(ones &<< UInt64(truncatingIfNeeded: at & 63))
      at = stop
    }
  }
}
