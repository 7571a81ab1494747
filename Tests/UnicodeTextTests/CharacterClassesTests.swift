// SPDX-License-Identifier: Apache-2.0

import CICU
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
    "The tables say what categories, white space and scripts say of every scalar",
    .enabled(if: ICUVersion.unicode == "15.0", "scripts are made from ICU's of Unicode 15.0"))
  func tablesAreAsGenerated() throws {
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

  @Test(
    "Categories are those of ICU, but for what is newer than its Unicode",
    .enabled(if: ICUVersion.unicode == "15.0", "ICU has another Unicode version"))
  func categoriesEqualICU() {
    var newer = 0
    for scalar in 0..<UInt32(0x11_0000) {
      let known = cicu_general_category(Int32(bitPattern: scalar))
      let category = ScalarProperties.category(of: scalar)
      if known == 0, category != 0 {
        newer += 1
      } else if scalar != 0x1171E {  // Mc became Mn
        #expect(category == UInt8(known))
      }
    }
    #expect(newer == 627 + 5185)  // what Unicode 15.1 and 16.0 added
  }

  @Test("Runs of a property hold the scalars that have it")
  func runs() throws {
    let capitals = try #require(ScalarProperties.runs(named: "Lu"))
    #expect(capitals.map { Int($0.1 - $0.0) + 1 }.reduce(0, +) == 1858)
    #expect(try #require(capitals.first) == (0x41, 0x5A))
    #expect(try #require(ScalarProperties.runs(named: "Thai")).map(\.0) == [0xE01, 0xE40])
    for name in ["", "C", "Cn", "Cs", "Lx", "-", "Klingon"] {
      #expect(ScalarProperties.runs(named: name) == nil)
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
