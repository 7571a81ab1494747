// SPDX-License-Identifier: Apache-2.0

import CICU
@testable import UnicodeText

/// The generator of `CharacterClasses+Tables.swift`: classes by the tables of `ScalarProperties`, white
/// space and scripts by ICU, packed as two stages.
///
/// `PREP_WRITE_TABLES=1 swift test --filter CharacterClasses` writes the file anew.
struct CharacterClassTable {
  static let blockSize = 128

  var limit: UInt32
  var blocks: [UInt8] = []
  var entries: [UInt8] = []

  /// What ``CharacterClasses`` says of a scalar: bits 0 and 1 the class, bit 2 whether it starts a
  /// word of its own.
  static func entry(_ scalar: UInt32) -> UInt8 {
    let c = Int32(bitPattern: scalar)
    let category = GeneralCategories(of: scalar)
    let isLetter = category.isSubset(of: .letter)
    let isNumber = category.isSubset(of: .number)
    let isMark = category.isSubset(of: .mark)
    let script = Self.newer(scalar) ?? cicu_script(c).rawValue
    let isShared =
      (isLetter || isNumber)
      && Self.scripts.contains {
        cicu_has_script(c, UScriptCode(rawValue: $0)) != 0
      }
    let startsWord = !isMark && (Self.scripts.contains(script) || isShared)
    let base: UInt8 = isLetter ? 1 : isNumber ? 2 : cicu_is_white_space(c) != 0 ? 3 : 0
    return base | (startsWord ? 4 : 0)
  }

  /// The script of what Unicode 15.1 and 16.0 added to those scripts: ICU 72 knows none of it.
  private static func newer(_ scalar: UInt32) -> UScriptCode.RawValue? {
    switch scalar {
    case 0x2_EBF0...0x2_EE5D: USCRIPT_HAN.rawValue
    case 0x1_16D0...0x1_16E3: USCRIPT_MYANMAR.rawValue
    default: nil
    }
  }

  private static let scripts = [
    USCRIPT_HAN, USCRIPT_HIRAGANA, USCRIPT_KATAKANA, USCRIPT_THAI, USCRIPT_LAO, USCRIPT_KHMER,
    USCRIPT_MYANMAR,
  ].map(\.rawValue)

  init() {
    var all = (0..<UInt32(0x11_0000)).map(Self.entry)
    let used = (all.lastIndex { $0 != 0 } ?? 0) + 1
    let count = (used + Self.blockSize - 1) / Self.blockSize * Self.blockSize
    all.removeLast(all.count - count)
    limit = UInt32(count)
    var seen: [[UInt8]: Int] = [:]
    for start in stride(from: 0, to: count, by: Self.blockSize) {
      let block = stride(from: start, to: start + Self.blockSize, by: 2).map {
        0x30 + (all[$0] | all[$0 + 1] << 3)
      }
      let index = seen[block] ?? seen.count
      if index == seen.count {
        seen[block] = index
        entries += block
      }
      blocks += [0x30 + UInt8(index >> 6), 0x30 + UInt8(index & 63)]
    }
  }

  /// The file, character by character.
  var source: String {
    """
    // SPDX-License-Identifier: Apache-2.0

    // Generated from ScalarProperties+Tables.swift, Unicode \(ScalarProperties.unicodeVersion), and ICU
    // \(ICUVersion.icu) (scripts); do not edit.
    // PREP_WRITE_TABLES=1 swift test --filter CharacterClasses writes it anew
    // (Tests/UnicodeTextTests/CharacterClassTable.swift), the same tests compare it.
    //
    // Strings, because they are constants in the binary and compile at once. A character stands for
    // six bits, from "0" (0x30) on: two of them name the block of 128 scalars, one holds the entries
    // of two neighbouring scalars, the even one in the lower three bits.

    extension CharacterClasses {
      /// The first scalar after which every entry is zero.
      @inlinable static var tableLimit: UInt32 { \(limit) }

      /// Block numbers by scalar / 128.
      @inlinable
      @inline(__always)
      static var blockTable: StaticString {
        \(Self.literal(blocks))
      }

      /// Entries by block × 64 + (scalar mod 128) / 2.
      @inlinable
      @inline(__always)
      static var entryTable: StaticString {
        \(Self.literal(entries))
      }
    }

    """
  }

  private static func literal(_ bytes: [UInt8]) -> String {
    let indent = "    "
    let lines = stride(from: 0, to: bytes.count, by: 92).map {
      indent + String(decoding: bytes[$0..<min($0 + 92, bytes.count)], as: UTF8.self)
    }
    return "#\"\"\"\n" + lines.joined(separator: "\\#\n") + "\n\(indent)\"\"\"#"
  }
}
