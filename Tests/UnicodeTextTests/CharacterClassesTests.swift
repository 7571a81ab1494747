// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import UnicodeText

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite("Character classes")
struct CharacterClassesTests {
  @Test(
    "The tables say what ICU says of every scalar",
    .enabled(if: ICUVersion.unicode == "15.0", "the tables are those of Unicode 15.0"))
  func tablesEqualICU() throws {
    var wrong: [UInt32] = []
    for scalar in 0..<UInt32(0x11_0000)
    where CharacterClasses.entry(scalar) != CharacterClassTable.entry(scalar) {
      wrong.append(scalar)
    }
    if getenv("PREP_WRITE_TABLES") != nil {
      let path = Repository.root + "/Sources/UnicodeText/CharacterClasses+Tables.swift"
      let file = try #require(fopen(path, "w"))
      fputs(CharacterClassTable().source, file)
      fclose(file)
    } else {
      #expect(wrong.isEmpty, "\(wrong.count) scalars differ, first \(wrong.prefix(5))")
    }
  }

  @Test("Classes of well-known scalars")
  func knownScalars() {
    #expect("aZéßжא字あー".unicodeScalars.allSatisfy { CharacterClasses.isLetter($0.value) })
    #expect("09٣½Ⅷ²".unicodeScalars.allSatisfy { CharacterClasses.isNumber($0.value) })
    #expect(
      " \t\n\u{B}\u{85}\u{A0}\u{3000}\u{2028}".unicodeScalars.allSatisfy {
        CharacterClasses.isWhitespace($0.value)
      })
    #expect(
      "!-\u{301}\u{200B}😀".unicodeScalars.allSatisfy { CharacterClasses.classOf($0.value) == 0 })
  }

  @Test("Scripts without spaces start a word at each character, but not at a mark")
  func wordStarts() {
    #expect(
      "漢字ひらカター々กຂកမ".unicodeScalars.allSatisfy { CharacterClasses.startsWordEach($0.value) })
    #expect(
      "aжא한、。\u{0E31}\u{3099}\u{17D2}".unicodeScalars.allSatisfy {
        !CharacterClasses.startsWordEach($0.value)
      })
  }

  @Test("Values beyond Unicode have no class", arguments: [0x11_0000, 0x7FFF_FFFF, UInt32.max])
  func beyondUnicode(scalar: UInt32) {
    #expect(CharacterClasses.classOf(scalar) == CharacterClasses.other)
    #expect(!CharacterClasses.startsWordEach(scalar))
  }
}
