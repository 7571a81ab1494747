// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import Tokenization

/// `.model` files against ids and ends that sentencepiece 0.2.3 gave for the same models.
@Suite struct SentencePieceTests {
  typealias Golden = (text: String, ids: [UInt32], ends: [Int])

  static let pairs = SentencePieceBytes(
    type: 2,
    pieces: SentencePieceBytes.specials + [
      ("<sep>", 0, .userDefined), ("▁", -10, .normal), ("a", -11, .normal), ("b", -12, .normal),
      ("ab", -1, .normal), ("▁a", -2, .normal), ("aba", -2, .normal), ("ba", -3, .normal),
      ("▁ab", -4, .normal), ("xy", -5, .normal), ("bab", -3, .normal),
    ])
  static let unigram = SentencePieceBytes(
    type: 1,
    pieces: SentencePieceBytes.specials + [
      ("<sep>", 0, .userDefined), ("▁", -3, .normal), ("a", -3, .normal), ("b", -3.5, .normal),
      ("ab", -4, .normal), ("▁ab", -5, .normal), ("aa", -6, .normal), ("aaa", -9, .normal),
      ("bb", -8, .unused),
    ])

  private func check(_ model: SentencePieceBytes, _ goldens: [Golden]) throws {
    let tokenizer = try Tokenizer.load(sentencePiece: model.bytes)
    for (text, ids, ends) in goldens {
      let encoding = try tokenizer.encoding(Array(text.utf8))
      #expect(encoding.ids == ids, "\(text)")
      #expect(encoding.originalEnds == ends, "\(text)")
      #expect(encoding.ends.last ?? 0 == encoding.normalized.count, "\(text)")
    }
  }

  @Test func `Neighbours that are a piece together are joined, the leftmost of equal scores`()
    throws
  {
    try check(
      Self.pairs,
      [
        ("abab", [11, 7], [2, 4]), (" a  b ", [8, 4, 6], [2, 4, 5]),
        ("aabab", [8, 7, 7], [1, 3, 5]),
        ("xy", [4, 12], [0, 2]), ("x y", [4, 0, 4, 0], [0, 1, 2, 3]),
        ("abxyz", [11, 12, 0], [2, 4, 5]), ("<sep>ab<sep>", [4, 3, 7, 3], [0, 5, 7, 12]),
        ("zz a", [4, 0, 8], [0, 2, 4]), ("", [], []), ("  ", [], []), ("▁ab", [4, 11], [0, 5]),
        ("bababab", [4, 13, 7, 7], [0, 3, 5, 7]), ("é", [4, 0], [0, 2]),
        ("b<s>a", [4, 6, 0, 5], [0, 1, 4, 5]),
      ])
    var keeping = Self.pairs
    keeping.normalizer = [4: 0]
    try check(
      keeping,
      [
        (" a  b ", [4, 8, 4, 4, 6, 4], [0, 2, 3, 4, 5, 6]), ("  ", [4, 4, 4], [0, 1, 2]),
        ("ab\n", [11, 0], [2, 3]),
      ])
    var plain = Self.pairs
    plain.normalizer = [3: 0, 5: 0]
    try check(
      plain, [(" a  b ", [5, 0, 6], [2, 4, 5]), ("ab a", [7, 0, 5], [2, 3, 4])])
  }

  @Test func `A unigram model takes the likeliest sequence`() throws {
    try check(
      Self.unigram,
      [
        ("abab", [8, 7], [2, 4]), (" aaaa  b ", [4, 5, 10, 4, 6], [1, 2, 5, 7, 8]),
        ("zz<sep>z", [4, 0, 3, 0], [0, 2, 7, 8]), ("bb", [4, 6, 6], [0, 1, 2]),
        ("</s>", [4, 0], [0, 4]), ("é a", [4, 0, 4, 5], [0, 2, 3, 4]),
        ("aaaaa", [4, 9, 10], [0, 2, 5]),
      ])
  }

  @Test(arguments: [UInt64(1), 2])
  func `Unknown characters are spelled by bytes, the last of which ends them`(type: UInt64) throws {
    let last: [UInt32] = type == 1 ? [261, 262] : [262, 261]
    let pieces =
      SentencePieceBytes.specials + SentencePieceBytes.byteTokens + [
        ("▁", -3, .normal), ("a", -3, .normal), ("é", -4, .normal), ("éé", -7.5, .normal),
      ]
    try check(
      SentencePieceBytes(type: type, pieces: pieces),
      [
        ("aéz", [259, 260, 261, 125], [0, 1, 3, 4]),
        ("日a", [259, 233, 154, 168, 260], [0, 0, 0, 3, 4]),
        ("ééé", [259] + last, type == 1 ? [0, 2, 6] : [0, 4, 6]),
      ])
    let tokenizer = try Tokenizer.load(
      sentencePiece: SentencePieceBytes(type: type, pieces: pieces).bytes)
    #expect(tokenizer.decode([259, 233, 154, 168, 260, 259, 261]) == Array("日a é".utf8))
    #expect(tokenizer.bytes(of: 233) == [0xE6] && tokenizer.display(259) == "␣")
    #expect(try tokenizer.ids("a<s>").allSatisfy { $0 != 1 })
    // Bytes that are not UTF-8 are U+FFFD, one for each.
    #expect(
      try tokenizer.encoding([0x61, 0xFF, 0xE6, 0x97]).ids
        == tokenizer.ids("a\u{FFFD}\u{FFFD}\u{FFFD}"))
  }

  @Test func `Roles come from the pieces, sentinels from the configuration beside the file`() throws
  {
    let bytes = Self.unigram.bytes
    let plain = try Tokenizer.load(sentencePiece: bytes)
    #expect(plain.roles[.unk] == 0 && plain.roles[.bos] == 1 && plain.roles[.eos] == 2)
    #expect(plain.roles.sentinels.isEmpty && plain.vocabularySize == 12)
    #expect(plain.isSpecial(1) && !plain.isSpecial(3))
    let t5 = try Tokenizer.load(
      sentencePiece: bytes, configuration: ["extra_ids": 3, "pad_token": "a"])
    #expect(t5.roles.sentinels == [14, 13, 12] && t5.roles[.pad] == 5)
    let named = try Tokenizer.load(
      sentencePiece: bytes,
      configuration: [
        "added_tokens_decoder": [
          "0": ["content": "<unk>"], "12": ["content": "<mask>", "special": true],
        ]
      ])
    #expect(named.roles[.mask] == 12)
    #expect(try named.ids("<mask>", addedTokens: .matched) == [12])
    #expect(throws: TokenizerError.self) {
      try Tokenizer.load(
        sentencePiece: bytes, configuration: ["tokenizer_class": "XLMRobertaTokenizer"])
    }
  }

  @Test func `A written model is read back`() throws {
    for model in [Self.pairs, Self.unigram] {
      let before = try Tokenizer.load(sentencePiece: model.bytes)
      let after = try Tokenizer.load(tokenizerJSON: before.serialized())
      #expect(after.roles == before.roles && after.vocabularySize == before.vocabularySize)
      for text in ["abab", "  a  b ", "aabab x", "zz a", "", " ", "aaaaaa b"] {
        #expect(try after.ids(text) == before.ids(text), "\(text)")
        #expect(after.decode(try after.ids(text)) == before.decode(try before.ids(text)))
      }
    }
  }

  private func failure(_ bytes: [UInt8]) -> TokenizerError? {
    do throws(TokenizerError) {
      _ = try Tokenizer.load(sentencePiece: bytes)
      return nil
    } catch {
      return error
    }
  }

  @Test func `Damaged files are refused`() throws {
    let whole = Self.pairs.bytes
    var refused = 0
    for count in 0..<whole.count where failure(Array(whole[..<count])) != nil { refused += 1 }
    // A file may end after any of its fields.
    #expect(refused > whole.count * 9 / 10)
    var random = SeededGenerator(state: 5)
    for _ in 0..<3_000 {
      var bytes = whole
      for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
      if let tokenizer = try? Tokenizer.load(sentencePiece: bytes) {
        _ = try? tokenizer.ids("ab <sep> zé\u{0}")
      }
    }
    #expect(failure([])?.code == .malformed)
    #expect(failure([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x03])?.code == .malformed)
    #expect(failure([UInt8](repeating: 0xFF, count: 40))?.code == .malformed)
  }

  @Test func `What is not supported or inconsistent is named`() throws {
    func change(_ edit: (inout SentencePieceBytes) -> Void) -> TokenizerError? {
      var model = Self.pairs
      edit(&model)
      return failure(model.bytes)
    }
    let suffix = change { $0.trainer = [24: 1] }
    #expect(suffix?.code == .unsupported && suffix?.description.contains("suffix") == true)
    let word = change { $0.type = 3 }
    #expect(word?.code == .unsupported && word?.description.contains("word") == true)
    #expect(change { $0.pieces.append(("zz", -1, .unused)) }?.code == .unsupported)
    #expect(change { $0.pieces.append(("zz", .nan, .normal)) }?.code == .malformed)
    #expect(change { $0.pieces.append(("a", -1, .normal)) }?.code == .inconsistent)
    #expect(change { $0.pieces.append(("", -1, .normal)) }?.code == .malformed)
    #expect(change { $0.pieces.append(("<0x41>", 0, .byte)) }?.code == .inconsistent)
    #expect(change { $0.pieces.append(("<0xZZ>", 0, .byte)) }?.code == .malformed)
    #expect(change { $0.pieces.append(("<other>", 0, .unknown)) }?.code == .inconsistent)
    #expect(change { $0.pieces.removeFirst() }?.code == .inconsistent)
    let long = String(repeating: "a", count: 2_000)
    #expect(change { $0.pieces.append((long, -1, .normal)) }?.code == .unsupported)
    #expect(change { $0.characterMap = [1, 2, 3] }?.code == .malformed)
    #expect(change { $0.characterMap = [0xFF, 0xFF, 0xFF, 0x3F, 0] }?.code == .malformed)
  }
}
