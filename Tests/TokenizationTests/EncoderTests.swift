// SPDX-License-Identifier: Apache-2.0

import Testing
import UnicodeText

@testable import Tokenization

@Suite struct EncoderTests {
  private static func tokenizer(
    _ rule: PreTokenizerRule = .gpt2, form: NormalForm = .none
  ) throws -> Tokenizer {
    let trainer = try BPETrainer(
      vocabularySize: 700, minimumFrequency: 0, preTokenizer: rule, form: form)
    return try .trained(trainer, on: ["the cat sat on the mat, the cat's café 日本語 日本 ไทย 2026"])
  }

  @Test(arguments: PreTokenizerRule.allCases)
  func `Decoding an encoding gives the bytes back, whatever they are`(
    rule: PreTokenizerRule
  ) throws {
    let tokenizer = try Self.tokenizer(rule)
    var random = SeededGenerator(state: 21)
    let words = ["the", " ", "日本", "\u{301}", "'s", "\n\n", "\u{3000}", "<pad>", "2026"]
    var encoder = tokenizer.encoder(cacheMegabytes: 0)
    var encoding = Encoding()
    for round in 0..<600 {
      var text: [UInt8] = []
      for _ in 0..<random.below(20) {
        if round % 2 == 0 || random.below(3) > 0 {
          text += Array(random.element(of: words).utf8)
        } else {
          text.append(UInt8(truncatingIfNeeded: random.next()))
        }
      }
      try text.withUnsafeBufferPointer { try encoder.encode($0, into: &encoding) }
      #expect(tokenizer.decode(encoding.ids) == text)
      #expect(encoding.normalized == text)
      #expect(encoding.ends.count == encoding.ids.count)
      #expect(encoding.wordStarts.count == encoding.ids.count)
      #expect(encoding.ends.last ?? 0 == text.count)
      var start = 0
      for (id, end) in zip(encoding.ids, encoding.ends) {
        #expect(tokenizer.bytes(of: id) == Array(text[start..<end]))
        start = end
      }
    }
  }

  @Test func `A used encoder gives what a fresh one gives`() throws {
    let tokenizer = try Self.tokenizer()
    var random = SeededGenerator(state: 2)
    var encoder = tokenizer.encoder(cacheMegabytes: 0)
    var encoding = Encoding()
    for _ in 0..<3_000 {
      let text = (0..<random.below(60)).map { _ in UInt8(97 + random.below(5)) }
      try text.withUnsafeBufferPointer { try encoder.encode($0, into: &encoding) }
      #expect(encoding.ids == (try tokenizer.encoding(text, parts: []).ids))
    }
  }

  @Test func `A word starts at a piece, and at each character where no blanks are written`() throws
  {
    let tokenizer = try Self.tokenizer()
    func words(_ text: String) throws -> [String] {
      let encoding = try tokenizer.encoding(Array(text.utf8))
      var result: [[UInt8]] = []
      for (id, isStart) in zip(encoding.ids, encoding.wordStarts) {
        let bytes = tokenizer.bytes(of: id) ?? []
        if isStart { result.append(bytes) } else { result[result.count - 1] += bytes }
      }
      return result.map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(try words("the dogs' xyz  1") == ["the", " dogs", "'", " xyz", " ", " 1"])
    #expect(try words("語語x") == ["語", "語x"])
    #expect(try words(" かなカ") == [" ", "か", "な", "カ"])
    #expect(try words("กขa") == ["ก", "ขa"])
    #expect(try words("안녕 été") == ["안녕", " été"])
  }

  @Test func `Ends lead back to the original text through normalization`() throws {
    let tokenizer = try Self.tokenizer(form: .nfc)
    let text = "the cafe\u{301} cat"
    let encoding = try tokenizer.encoding(Array(text.utf8))
    #expect(String(decoding: encoding.normalized, as: UTF8.self) == "the caf\u{E9} cat")
    #expect(tokenizer.decode(encoding.ids) == encoding.normalized)
    #expect(encoding.ends.last == 13 && encoding.originalEnds.last == 14)
    let plain = try tokenizer.encoding(Array("the cat".utf8))
    #expect(plain.ends == plain.originalEnds)
    // Stretches around matched tokens are normalized one by one.
    let mixed = "e\u{301}</s>e\u{301}"
    let matched = try tokenizer.encoding(Array(mixed.utf8), addedTokens: .matched)
    #expect(matched.ids.filter { $0 == 1 }.count == 1)
    #expect(matched.normalized == Array("\u{E9}</s>\u{E9}".utf8))
    // The mark that went into the last letter lies behind the last token.
    #expect(matched.originalEnds.last == mixed.utf8.count - 2 && matched.ends.last == 8)
    #expect(zip(matched.originalEnds, matched.originalEnds.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test func `Special tokens in text are text unless they are to be matched`() throws {
    let tokenizer = try Self.tokenizer()
    let text = "<pad></s> <extra_id_1><extra_id_12>[MASK]<extra_id_"
    #expect(!(try tokenizer.ids(text)).contains { tokenizer.isSpecial($0) })
    let matched = try tokenizer.ids(text, addedTokens: .matched)
    let expected = [0, 1, tokenizer.roles.sentinels[1], tokenizer.roles.sentinels[12], 6]
    #expect(matched.filter { tokenizer.isSpecial($0) } == expected)
    #expect(tokenizer.decode(matched) == Array(text.utf8))
    #expect(tokenizer.decode(matched, skippingSpecial: true) == Array(" <extra_id_".utf8))
  }

  @Test func `Only the parts that are wanted are made`() throws {
    let tokenizer = try Self.tokenizer()
    let text = Array("the cat".utf8)
    let ids = try tokenizer.encoding(text, parts: [])
    #expect(ids.ends.isEmpty && ids.wordStarts.isEmpty && ids.originalEnds.isEmpty)
    let ends = try tokenizer.encoding(text, parts: .ends)
    #expect(ends.ids == ids.ids && ends.ends == [3, 7] && ends.wordStarts.isEmpty)
    let original = try tokenizer.encoding(text, parts: .originalEnds)
    #expect(original.originalEnds == [3, 7] && original.ends.isEmpty)
  }

  @Test func `Ids without a token decode visibly`() throws {
    let tokenizer = try Self.tokenizer()
    #expect(tokenizer.decode([100_000]) == Array("\u{FFFD}".utf8))
    #expect(tokenizer.token(100_000) == nil && tokenizer.bytes(of: .max) == nil)
    #expect(!tokenizer.isSpecial(.max))
  }

  @Test func `Tokens are displayed on one line`() throws {
    let tokenizer = try Self.tokenizer()
    func display(_ written: String) throws -> String {
      tokenizer.display(try #require(tokenizer.id(of: written)))
    }
    #expect(try display("Ġthe") == "␣the" && display("Ċ") == "⏎" && display("ĉ") == "⇥")
    #expect(try display("æ") == "\\xE6" && display("Ā") == "\\u{0}" && display("<pad>") == "<pad>")
    #expect(tokenizer.display(99_999) == "#99999")
  }

  /// Combining marks that `tokenizers` 0.23.3 does not know as such (its normalization follows
  /// Unicode 9.0) and so does not reorder; beside these, it does not compose U+11935 U+11930.
  static let unlikeTokenizers: [ClosedRange<UInt32>] = [
    0x7FD...0x7FD, 0x898...0x89F, 0x8CA...0x8D3, 0x9FE...0x9FE, 0xC3C...0xC3C, 0xD3B...0xD3C,
    0xEBA...0xEBA, 0x1715...0x1715, 0x1ABF...0x1ACE, 0x1DF6...0x1DFA, 0xA82C...0xA82C,
    0x10D24...0x10D27, 0x10EAB...0x10EAC, 0x10EFD...0x10EFF, 0x10F46...0x10F50, 0x10F82...0x10F85,
    0x11070...0x11070, 0x1133B...0x1133B, 0x1145E...0x1145E, 0x11839...0x1183A, 0x1193D...0x1193E,
    0x11943...0x11943, 0x119E0...0x119E0, 0x11A34...0x11A34, 0x11A47...0x11A47, 0x11A99...0x11A99,
    0x11D42...0x11D42, 0x11D44...0x11D45, 0x11D97...0x11D97, 0x11F41...0x11F42, 0x16FF0...0x16FF1,
    0x1E08F...0x1E08F, 0x1E130...0x1E136, 0x1E2AE...0x1E2AE, 0x1E2EC...0x1E2EF, 0x1E4EC...0x1E4EF,
  ]

  @Test(.enabled(if: ICUVersion.unicode == "15.0", "ICU's Unicode is not 15.0"))
  func `Normalization follows the Unicode of tokenizers`() throws {
    let tokenizer = try Self.tokenizer(form: .nfc)
    #expect(Self.unlikeTokenizers.map(\.count).reduce(0, +) == 108)
    for value in Self.unlikeTokenizers.joined() {
      let mark = Character(try #require(Unicode.Scalar(value)))
      let text = Array("a\(mark)\u{301} e\(mark)\u{323}\u{307}".utf8)
      // A mark that is not known keeps its place and so leaves the text as it is.
      #expect(try tokenizer.encoding(text).normalized == text, "U+\(String(value, radix: 16))")
    }
    let pair = try tokenizer.encoding(Array("\u{11935}\u{11930}".utf8))
    #expect(pair.normalized == Array("\u{11935}\u{11930}".utf8))
  }
}
