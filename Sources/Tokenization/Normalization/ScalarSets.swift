// SPDX-License-Identifier: Apache-2.0

/// Sets of scalars as Hugging Face `tokenizers` has them, which are those of no single version of
/// Unicode: general categories of 8.0 here, `\w` of 16.0 there.
enum ScalarSets {
  static let control: UInt8 = 1
  static let nonspacingMark: UInt8 = 2
  static let combiningMark: UInt8 = 4
  static let punctuationMark: UInt8 = 8
  static let wordCharacter: UInt8 = 16
  static let number: UInt8 = 32
  static let capital: UInt8 = 64

  /// The sets of each scalar, as bits.
  private static let bits: [UInt8] = {
    var bits = [UInt8](repeating: 0, count: 0x11_0000)
    let sets: [([ClosedRange<UInt32>], UInt8)] = [
      (controls, control), (nonspacingMarks, nonspacingMark), (combiningMarks, combiningMark),
      (punctuation, punctuationMark), (wordCharacters, wordCharacter), (numbers, number),
    ]
    for (ranges, bit) in sets {
      for range in ranges {
        for scalar in range { bits[Int(scalar)] |= bit }
      }
    }
    for (first, last, step, _) in capitals {
      for scalar in stride(from: first, through: last, by: Int(step)) {
        bits[Int(scalar)] |= capital
      }
    }
    return bits
  }()

  /// Whether a scalar is in one of the sets.
  @inline(__always)
  static func contains(_ scalar: UInt32, _ sets: UInt8) -> Bool {
    scalar < 0x11_0000 && bits[Int(scalar)] & sets != 0
  }

  /// The small letter of a scalar beyond ASCII other than U+0130, or the scalar.
  static func lowercase(_ scalar: UInt32) -> UInt32 {
    guard contains(scalar, capital) else { return scalar }
    var low = 0
    var high = capitals.count
    while low < high {
      let middle = (low + high) / 2
      if capitals[middle].1 < scalar { low = middle + 1 } else { high = middle }
    }
    let distance = capitals[low].3
    return UInt32(truncatingIfNeeded: Int64(scalar) + Int64(distance))
  }

  /// What BERT sets apart by blanks: the blocks of CJK ideographs.
  static func isIdeograph(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0xF900...0xFAFF, 0x2_0000...0x2_A6DF,
      0x2_A700...0x2_B81F, 0x2_B920...0x2_CEAF, 0x2_F800...0x2_FA1F:
      true
    default: false
    }
  }
}
