// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UnicodeText

@testable import Tokenization

/// The scanners against the expressions themselves, run by the standard library's engine.
@Suite struct PreTokenizerTests {
  private func ends(_ rule: PreTokenizerRule, _ text: [UInt8]) -> [Int] {
    text.withUnsafeBufferPointer { rule.pieceEnds($0) }
  }

  private func ends(_ rule: PreTokenizerRule, _ text: String) -> [Int] {
    ends(rule, Array(text.utf8))
  }

  private func pieces(_ rule: PreTokenizerRule, _ text: String) -> [String] {
    let bytes = Array(text.utf8)
    var start = 0
    return ends(rule, bytes).map { end in
      defer { start = end }
      return String(decoding: bytes[start..<end], as: UTF8.self)
    }
  }

  private func expression(_ rule: PreTokenizerRule) throws -> Regex<AnyRegexOutput> {
    // `ſ` folds to `s` for the engines of tokenizers and tiktoken, and not for this one.
    let pattern = rule.pattern.replacing("(?i:'s|", with: "(?i:'s|'ſ|")
    return try Regex(pattern).matchingSemantics(.unicodeScalar)
  }

  private func expectedEnds(_ regex: Regex<AnyRegexOutput>, _ text: String) -> [Int] {
    text.matches(of: regex).map {
      text.utf8.distance(from: text.startIndex, to: $0.range.upperBound)
    }
  }

  /// Those with one expression.
  static let single = PreTokenizerRule.allCases.filter { $0 != .deepseek }

  @Test func `DeepSeek's rule is its three expressions, one after the other`() throws {
    let rule = PreTokenizerRule.deepseek
    var list = PieceList()
    var random = SeededGenerator(state: 12)
    let alphabet = Array(
      "ab'1٣½! \n\r\t日ー・\u{3099}é\u{301}\u{0}\u{7F}\u{200B}\u{A0}\u{3000}-_€😀Σ".unicodeScalars)
    let steps = try rule.patterns.map {
      let translation = SplitExpression.Translation(
        source: $0, expression: try SplitExpression.translated($0))
      return Splitter(pattern: .expression(translation), behavior: .isolated)
    }
    for _ in 0..<3_000 {
      var view = String.UnicodeScalarView()
      for _ in 0...random.below(12) { view.append(random.element(of: alphabet)) }
      let text = Array(String(view).utf8)
      list.text = text
      list.pieces = [Piece(start: 0, end: text.count)]
      for step in steps { try step.apply(&list) }
      #expect(ends(rule, text) == list.pieces.map(\.end), "\(view)")
    }
  }

  @Test(arguments: single)
  func `All short texts over the characters that matter are split as by the expression`(
    rule: PreTokenizerRule
  ) throws {
    let regex = try expression(rule)
    let alphabet = Array("as'1! \n\t".unicodeScalars)
    var wrong = 0
    for length in 1...4 {
      var digits = [Int](repeating: 0, count: length)
      while true {
        var view = String.UnicodeScalarView()
        for digit in digits { view.append(alphabet[digit]) }
        let text = String(view)
        if ends(rule, text) != expectedEnds(regex, text) { wrong += 1 }
        guard let place = digits.firstIndex(where: { $0 < alphabet.count - 1 }) else { break }
        for index in 0..<place { digits[index] = 0 }
        digits[place] += 1
      }
    }
    #expect(wrong == 0)
  }

  @Test(arguments: single)
  func `Random texts over many scripts are split as by the expression`(
    rule: PreTokenizerRule
  ) throws {
    let regex = try expression(rule)
    let alphabet = Array(
      ("abstSTlLrReEvVdDmM'''  \n\r\t123!-_.€éжΣ日本ー٣½Ⅷ😀\u{301}\u{A0}\u{85}\u{2003}\u{3000}"
        + "\u{2028}\u{200B}\u{FEFF}\u{1680}\u{180E}\u{0}\u{1C}ſ\u{10FFFF}").unicodeScalars)
    var random = SeededGenerator(state: 11)
    var wrong: [String] = []
    for _ in 0..<3_000 {
      var view = String.UnicodeScalarView()
      for _ in 0...random.below(24) { view.append(random.element(of: alphabet)) }
      let text = String(view)
      if ends(rule, text) != expectedEnds(regex, text) { wrong.append(text) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func `GPT-2 splits as published`() {
    #expect(
      pieces(.gpt2, "I'll see  you'RE\n\n 42nd!?")
        == ["I", "'ll", " see", " ", " you", "'", "RE", "\n\n", " 42", "nd", "!?"])
    #expect(pieces(.gpt2, "  ") == ["  "])
    #expect(pieces(.gpt2, "") == [])
  }

  @Test func `cl100k splits as published`() {
    #expect(
      pieces(.cl100k, "I'LL see  you\n\n 12345 (a)\r\n'ſo")
        == [
          "I", "'LL", " see", " ", " you", "\n\n", " ", "123", "45", " (", "a", ")\r\n", "'ſ", "o",
        ]
    )
    // `[^\r\n\p{L}\p{N}]?` takes any one symbol or blank before letters.
    #expect(pieces(.cl100k, "\tx !y \n z") == ["\tx", " !", "y", " \n", " z"])
  }

  @Test func `Long runs are split in linear time`() {
    let count = 300_000
    for rule in PreTokenizerRule.allCases {
      for unit in [" ", "\n", "a", "!", "\u{3000}", " \n"] {
        let text = [UInt8](String(repeating: unit, count: count).utf8)
        #expect(ends(rule, text + [0x78]).last == text.count + 1)
      }
    }
  }

  @Test func `Bytes that are not UTF-8 are symbols`() {
    #expect(ends(.gpt2, [0x61, 0xFF, 0xFE, 0x62]) == [1, 3, 4])
    #expect(ends(.gpt2, [0x20, 0xE3, 0x81, 0x61]) == [3, 4])  // a cut-off Hiragana
    #expect(ends(.gpt2, [0xED, 0xA0, 0x80, 0x31]) == [3, 4])  // a surrogate
    #expect(ends(.cl100k, [0xC0, 0x80, 0x0A, 0x61]) == [3, 4])  // overlong, and the line end after
    #expect(ends(.gpt2, [0xE6]) == [1])
  }

  @Test func `Every text is covered by its pieces`() {
    var random = SeededGenerator(state: 5)
    for _ in 0..<500 {
      let bytes = (0..<random.below(40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      for rule in PreTokenizerRule.allCases {
        let ends = ends(rule, bytes)
        #expect(ends.last ?? 0 == bytes.count)
        #expect(zip(ends, ends.dropFirst()).allSatisfy { $0 < $1 })
      }
    }
  }

  /// Letters and numbers that came with Unicode 15.1 and 16.0: `tokenizers` 0.23.3 and `tiktoken`
  /// 0.14.0 know them, whatever ICU does.
  @Test func `Characters that are younger than Unicode 15 are letters and numbers`() {
    for range in [0x1C89...0x1C8A, 0xA7CB...0xA7CD, 0x105C0...0x105F3, 0x2EBF0...0x2EE5D] {
      for scalar in range {
        #expect(CharacterClasses.classOf(UInt32(scalar)) == PieceClass.letter)
      }
    }
    for scalar in UInt32(0x11BF0)...0x11BF9 {
      #expect(CharacterClasses.classOf(scalar) == PieceClass.number)
    }
  }

  private static func pieces(_ expression: String, _ text: String) throws -> [String] {
    let part = JSONPart(
      value: ["type": "Split", "pattern": ["Regex": .string(expression)], "behavior": "Isolated"],
      path: "pre_tokenizer")
    var list = PieceList()
    list.text = Array(text.utf8)
    list.pieces = [Piece(start: 0, end: list.text.count)]
    try PreTokenizerReader.preTokenizer(part).apply(&list)
    return list.pieces.map { String(decoding: list.text[$0.range], as: UTF8.self) }
  }

  /// Each as `tokenizers` 0.23.3 splits it.
  @Test func `Classes in other expressions are those of tokenizers`() throws {
    #expect(try Self.pieces(#"\p{L}+"#, "a\u{1C89}\u{105C0}b1") == ["a\u{1C89}\u{105C0}b", "1"])
    #expect(try Self.pieces(#"[^\p{L}\d]+"#, "a--\u{11BF0}") == ["a", "--", "\u{11BF0}"])
    #expect(try Self.pieces(#"\p{N}{2,}"#, "1a12345") == ["1a", "12345"])
    #expect(
      try Self.pieces(#"a{0,}b+|\.{2,3}|[-x]{2,}"#, "aabbc....-x-")
        == ["aabb", "c", "...", ".", "-x-"])
    #expect(
      try Self.pieces("[\u{A0}\t \u{2028}]+", "a \u{2028}\tb") == ["a", " \u{2028}\t", "b"])
    #expect(try Self.pieces(#"[a-c.\-#]+?(?=d)"#, "xa-#d") == ["x", "a-#", "d"])
  }

  @Test func `Repetitions of one character take constant memory`() throws {
    let text = String(repeating: "7", count: 3_000_000)
    #expect(try Self.pieces(#"\p{N}{2,}|a+|7{3,}"#, text).count == 1)
    #expect(try Self.pieces("7+", text).count == 1)
    let expression = try SplitExpression.translated(#"[ab]{2,}"#)
    #expect(expression == #"[[ab]\x{D800}]{2}[[ab]\x{D800}]*"#)
  }

  @Test func `The white space of the expressions is that of Unicode`() {
    var spaces: [UInt32] = []
    for value in UInt32(0)..<0x11_0000 where CharacterClasses.classOf(value) == PieceClass.space {
      spaces.append(value)
    }
    // As matched by \s in tokenizers and tiktoken: no U+001C…001F, no U+180E, no U+200B.
    let expected: [UInt32] =
      Array(9...13) + [0x20, 0x85, 0xA0, 0x1680] + Array(0x2000...0x200A)
      + [0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
    #expect(spaces == expected)
  }

  @Test func `Rules are found by their expressions only`() {
    for rule in Self.single where rule != .llama3 {
      #expect(PreTokenizerRule(pattern: rule.pattern) == rule)
    }
    #expect(PreTokenizerRule(pattern: PreTokenizerRule.llama3.pattern) == .cl100k)
    #expect(PreTokenizerRule(pattern: PreTokenizerRule.deepseek.pattern) == nil)
    #expect(PreTokenizerRule(pattern: #"\s+"#) == nil)
  }
}
