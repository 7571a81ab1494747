// SPDX-License-Identifier: Apache-2.0

/// Character classes for pre-tokenizers and word starts, from generated tables of the Unicode version
/// of ``ScalarProperties``.
///
/// A lookup is two loads from constant tables: no call, no allocation, no lazy initialization. How
/// the tables are made: `CharacterClasses+Tables.swift`.
public enum CharacterClasses {
  /// The class of everything that is not a letter, a number or white space.
  public static let other: UInt8 = 0
  /// `\p{L}`: general categories Lu, Ll, Lt, Lm, Lo.
  public static let letter: UInt8 = 1
  /// `\p{N}`: general categories Nd, Nl, No.
  public static let number: UInt8 = 2
  /// The property White_Space.
  public static let whitespace: UInt8 = 3

  /// ``other``, ``letter``, ``number`` or ``whitespace``. A value beyond U+10FFFF is ``other``.
  ///
  /// - Complexity: O(1).
  @inlinable
  public static func classOf(_ scalar: UInt32) -> UInt8 { entry(scalar) & 3 }

  /// Whether the scalar is a letter (`\p{L}`).
  @inlinable
  public static func isLetter(_ scalar: UInt32) -> Bool { classOf(scalar) == 1 }

  /// Whether the scalar is a number (`\p{N}`).
  @inlinable
  public static func isNumber(_ scalar: UInt32) -> Bool { classOf(scalar) == 2 }

  /// Whether the scalar is white space (White_Space).
  @inlinable
  public static func isWhitespace(_ scalar: UInt32) -> Bool { classOf(scalar) == 3 }

  /// Whether the scalar starts a word of its own because its script does not write spaces between
  /// words: Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar. Combining marks do not; letters and
  /// numbers shared by such a script (by Script_Extensions, such as the long-vowel mark `ー`) do.
  @inlinable
  public static func startsWordEach(_ scalar: UInt32) -> Bool { entry(scalar) & 4 != 0 }

  /// Bits 0 and 1: the class; bit 2: starts a word.
  @inlinable
  @inline(__always)
  static func entry(_ scalar: UInt32) -> UInt8 {
    guard scalar < tableLimit else { return 0 }
    let blocks = blockTable.utf8Start
    let block = Int(truncatingIfNeeded: scalar &>> 7) &* 2
    let high = Int(blocks[block] &- 0x30)
    let low = Int(blocks[block &+ 1] &- 0x30)
    let index = (high &<< 6 | low) &* 64 &+ Int(truncatingIfNeeded: scalar &>> 1 & 63)
    let pair = entryTable.utf8Start[index] &- 0x30
    return scalar & 1 == 0 ? pair & 7 : pair &>> 3
  }
}
