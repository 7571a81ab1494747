// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import UnicodeText

@Suite("Sentence breaker")
struct SentenceBreakerTests {
  static let conformance = "unicode-15.0/SentenceBreakTest.txt.zst"

  /// The text cut at the starts.
  static func sentences(
    _ text: String, _ locale: String, suppressions: Bool = true, unwrap: Bool = false
  ) throws -> [String] {
    let breaker = try SentenceBreaker(locale: locale, useSuppressions: suppressions)
    let bytes = Array(text.utf8)
    var starts: [Int] = []
    bytes.withUnsafeBufferPointer { breaker.starts(in: $0, unwrap: unwrap, into: &starts) }
    let ends = starts.dropFirst() + [bytes.count]
    return zip(starts, ends).map { String(decoding: bytes[$0..<$1], as: UTF8.self) }
  }

  @Test(
    "SentenceBreakTest of Unicode 15.0 passes whole",
    .enabled(if: ICUVersion.unicode == "15.0", "ICU has another Unicode version"),
    .enabled(if: Repository.canUnpack(conformance), "the reference file is not there"))
  func conformanceTest() throws {
    let breaker = try SentenceBreaker(locale: "root", useSuppressions: false)
    var tested = 0
    for line in try Repository.lines(Self.conformance) {
      let rule = line.split(separator: "#", omittingEmptySubsequences: false)[0]
      let parts = rule.split(separator: " ").map { $0.filter { $0 != "\t" } }.filter { !$0.isEmpty }
      if parts.isEmpty { continue }
      var bytes: [UInt8] = []
      var expected: [Int] = []
      for part in parts.dropFirst() {
        if part == "÷" {
          expected.append(bytes.count)
        } else if part != "×" {
          let scalar = try #require(UInt32(part, radix: 16).flatMap(Unicode.Scalar.init))
          bytes += Array(String(scalar).utf8)
        }
      }
      let found = bytes.withUnsafeBufferPointer { breaker.boundaries(in: $0, unwrap: false) }
      #expect(found == expected, "\(line)")
      tested += 1
    }
    #expect(tested == 502)
  }

  @Test("Known abbreviations keep a sentence together, with suppressions")
  func suppressions() throws {
    let text = "Mr. Smith left. He ran."
    #expect(try Self.sentences(text, "en") == ["Mr. Smith left. ", "He ran."])
    #expect(try Self.sentences(text, "en-US") == ["Mr. Smith left. ", "He ran."])
    #expect(
      try Self.sentences(text, "en", suppressions: false) == ["Mr. ", "Smith left. ", "He ran."])
    #expect(try Self.sentences(text, "root") == ["Mr. ", "Smith left. ", "He ran."])
    #expect(try Self.sentences("Nero, 37 n. Chr. geboren, starb.", "de").count == 1)
    #expect(try Self.sentences("Nero, 37 n.\u{A0}Chr. Er starb.", "de_AT").count == 1)
  }

  @Test("An abbreviation inside a word does not count")
  func abbreviationIsAWord() throws {
    // German has "s.", "r." and "am." among its abbreviations.
    let german = ["Das ist ein Haus. ", "Es war ihr Bär. ", "Ein Programm kam. ", "Dann nicht."]
    #expect(try Self.sentences(german.joined(), "de") == german)
    #expect(try Self.sentences("Vgl. Seite 3. Danach s. Seite 4.", "de").count == 2)
    // At the end of a line an abbreviation ends the sentence.
    #expect(try Self.sentences("Mr.\nSmith left.", "en") == ["Mr.\n", "Smith left."])
  }

  @Test("Stretches of white space are no sentences")
  func whitespace() throws {
    #expect(try Self.sentences("", "en") == [""])
    #expect(try Self.sentences(" \n\n ", "en") == [" \n\n "])
    #expect(try Self.sentences("\n\n  One.\n\n\n  Two.", "en") == ["\n\n  One.\n\n\n  ", "Two."])
  }

  @Test("Offsets are those of the UTF-8 text")
  func offsets() throws {
    let text = "Größe 😀. Zwei!  東京です。次の文。"
    let expected = ["Größe 😀. ", "Zwei!  ", "東京です。", "次の文。"]
    #expect(try Self.sentences(text, "de") == expected)
  }

  @Test("Unwrapping joins single lines and keeps paragraphs")
  func unwrap() throws {
    let text = "This is a\nlong line. And\r\nmore.\n \nA new\nparagraph"
    let joined = ["This is a\nlong line. ", "And\r\nmore.\n \n", "A new\nparagraph"]
    #expect(try Self.sentences(text, "en", unwrap: true) == joined)
    let lines = ["This is a\n", "long line. ", "And\r\n", "more.\n \n", "A new\n", "paragraph"]
    #expect(try Self.sentences(text, "en") == lines)
  }

  @Test("Ill-formed text does not trap")
  func illFormed() throws {
    let breaker = try SentenceBreaker(locale: "en")
    var generator = SplitMix(state: 3)
    var starts: [Int] = []
    for _ in 0..<500 {
      let bytes = (0..<40).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      bytes.withUnsafeBufferPointer { breaker.starts(in: $0, unwrap: true, into: &starts) }
      #expect(starts.first == 0 && starts.allSatisfy { $0 < 40 } && starts == starts.sorted())
    }
  }

  @Test("Locales", arguments: ["", "root", "und", "zh-Hant", "pt_BR", "eng", "de-x-abc", "xx"])
  func locales(name: String) throws {
    #expect(try Self.sentences("Gut so. Nun ja.", name).count == 2)
  }

  @Test("What is no locale is refused", arguments: ["C.UTF-8", "e", "a b", "../x", "en@ss=none"])
  func badLocales(name: String) {
    #expect(throws: TextError.self) { try SentenceBreaker(locale: name) }
  }
}

/// A small generator for tests (SplitMix64).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z &>> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z &>> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z &>> 31
  }
}
