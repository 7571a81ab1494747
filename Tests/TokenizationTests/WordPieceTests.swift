// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import Tokenization

@Suite struct WordPieceTests {
  private static let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

  private static func document(
    _ tokens: [String], normalizer: JSONValue = nil,
    preTokenizer: JSONValue = ["type": "BertPreTokenizer"], longest: Int = 100
  ) -> JSONValue {
    var vocabulary = JSONObject()
    for (id, token) in (special + tokens).enumerated() { vocabulary[token] = .init(id) }
    return [
      "added_tokens": [
        ["id": 1, "content": "[UNK]", "special": true],
        ["id": 4, "content": "[MASK]", "special": true],
      ],
      "normalizer": normalizer, "pre_tokenizer": preTokenizer,
      "decoder": ["type": "WordPiece", "prefix": "##", "cleanup": true],
      "model": [
        "type": "WordPiece", "unk_token": "[UNK]",
        "continuing_subword_prefix": "##", "max_input_chars_per_word": .init(longest),
        "vocab": .object(vocabulary),
      ],
    ]
  }

  private static func load(_ document: JSONValue) throws(TokenizerError) -> Tokenizer {
    try Tokenizer.load(tokenizerJSON: document.serialized(sortedKeys: false))
  }

  private static func load(_ tokens: [String]) throws(TokenizerError) -> Tokenizer {
    try load(document(tokens))
  }

  private static func tokens(_ tokenizer: Tokenizer, _ text: String) throws -> [String] {
    try tokenizer.ids(text).map { tokenizer.token($0) ?? "?" }
  }

  /// The longest token that fits, again and again, by trying all lengths.
  private static func split(_ word: String, _ vocabulary: Set<String>) -> [String] {
    let letters = Array(word)
    var result: [String] = []
    var start = 0
    while start < letters.count {
      let found = (start + 1...letters.count).reversed().first { end in
        vocabulary.contains((start > 0 ? "##" : "") + String(letters[start..<end]))
      }
      guard let found else { return ["[UNK]"] }
      result.append((start > 0 ? "##" : "") + String(letters[start..<found]))
      start = found
    }
    return result
  }

  @Test func `A word is split into the longest tokens from the left`() throws {
    let tokenizer = try Self.load(["un", "##aff", "##able", "##ab", "##le", "una"])
    #expect(try Self.tokens(tokenizer, "unaffable") == ["[UNK]"])  // una, then nothing fits
    let other = try Self.load(["un", "##aff", "##able", "##ab", "##le"])
    #expect(try Self.tokens(other, "unaffable un") == ["un", "##aff", "##able", "un"])
    #expect(try Self.tokens(other, "unaffabl") == ["[UNK]"])
    #expect(try Self.tokens(other, "able") == ["[UNK]"])  // only within a word
  }

  @Test func `Random vocabularies split as trying every length does`() throws {
    var random = SeededGenerator(state: 41)
    let letters = ["a", "b", "é", "語"]
    for _ in 0..<60 {
      var tokens: Set<String> = []
      for _ in 0..<25 {
        let body = (0...random.below(4)).map { _ in random.element(of: letters) }.joined()
        tokens.insert((random.below(2) == 0 ? "##" : "") + body)
      }
      let tokenizer = try Self.load(tokens.sorted())
      for _ in 0..<20 {
        let word = (0...random.below(12)).map { _ in random.element(of: letters) }.joined()
        #expect(try Self.tokens(tokenizer, word) == Self.split(word, tokens), "\(word)")
      }
    }
  }

  @Test func `A token with the prefix may also begin a word that is spelled so`() throws {
    let document = Self.document(["##a", "a"], preTokenizer: ["type": "WhitespaceSplit"])
    let tokenizer = try Self.load(document)
    #expect(try Self.tokens(tokenizer, "##a a") == ["##a", "a"])
    #expect(try Self.tokens(tokenizer, "aa") == ["a", "##a"])
  }

  @Test func `Words longer than the limit are unknown; characters count, not bytes`() throws {
    let document = Self.document(["é", "##é"], longest: 3)
    let tokenizer = try Self.load(document)
    #expect(try Self.tokens(tokenizer, "ééé éééé é") == ["é", "##é", "##é", "[UNK]", "é"])
    #expect(try Self.tokens(Self.load(Self.document(["a"], longest: 0)), "a") == ["[UNK]"])
  }

  @Test func `Ends are those of the pieces, an unknown word is one piece`() throws {
    let tokenizer = try Self.load(["ab", "##c", ","])
    let encoding = try tokenizer.encoding(Array("  abc, zzz\tab".utf8))
    #expect(encoding.ids == [5, 6, 7, 1, 5])
    #expect(encoding.originalEnds == [4, 5, 6, 10, 13])
    #expect(encoding.wordStarts == [true, false, true, true, true])
  }

  @Test func `In scripts without blanks every character starts a word`() throws {
    let document = Self.document(["語", "##語", "##a"], preTokenizer: ["type": "WhitespaceSplit"])
    let encoding = try Self.load(document).encoding(Array("語語a".utf8))
    #expect(encoding.ids == [5, 6, 7] && encoding.wordStarts == [true, true, false])
  }

  @Test func `Normalization as BERT has it`() throws {
    func normalized(_ text: String, _ members: JSONObject) throws -> String {
      var value = members
      value["type"] = "BertNormalizer"
      let tokenizer = try Self.load(Self.document(["a"], normalizer: .object(value)))
      var result: [UInt8] = []
      try Array(text.utf8).withUnsafeBufferPointer {
        try tokenizer.encoder().normalize($0, into: &result)
      }
      return String(decoding: result, as: UTF8.self)
    }
    let text = "É\u{0}\tİ語x\u{200D}\u{FFFD}ὈΣ"
    #expect(try normalized(text, [:]) == "e i 語 xοσ")
    let off: JSONObject = [
      "clean_text": false, "handle_chinese_chars": false, "strip_accents": false,
      "lowercase": false,
    ]
    #expect(try normalized(text, off) == text)
    // Accents go with capitals unless it is said otherwise.
    #expect(try normalized("É", ["lowercase": false]) == "É")
    #expect(try normalized("É", ["lowercase": false, "strip_accents": true]) == "E")
    #expect(try normalized("É", ["strip_accents": false]) == "é")
  }

  @Test func `Decoding puts blanks between words and takes them from before punctuation`() throws {
    let tokenizer = try Self.load(["do", "##g", "'", "s", "!", "n", "t"])
    let ids = try tokenizer.ids("dog's! do")
    #expect(String(decoding: tokenizer.decode(ids), as: UTF8.self) == "dog ' s! do")
  }

  @Test func `Text that spells a special token is text unless it is to be matched`() throws {
    let tokenizer = try Self.load(["[", "]", "mask", "MASK"])
    #expect(try tokenizer.ids("[MASK]") == [5, 8, 6])
    #expect(try tokenizer.ids("[MASK]", addedTokens: .matched) == [4])
  }

  @Test func `What is missing or contradictory is named`() throws {
    func code(_ edit: (inout JSONObject) -> Void) -> TokenizerError.Code? {
      guard var document = Self.document(["a"]).objectValue,
        var model = document["model"]?.objectValue
      else { return nil }
      edit(&model)
      document["model"] = .object(model)
      do throws(TokenizerError) {
        _ = try Self.load(.object(document))
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code { _ in } == nil)
    #expect(code { $0["unk_token"] = "[NONE]" } == .inconsistent)
    #expect(code { $0["max_input_chars_per_word"] = -1 } == .malformed)
    #expect(code { $0["max_input_chars_per_word"] = "x" } == .malformed)
    #expect(code { $0["vocab"] = ["[UNK]": 1, "b": 1] } == .inconsistent)
    #expect(code { $0["vocab"] = ["[UNK]": -1] } == .inconsistent)
    #expect(code { $0["vocab"] = [] } == .malformed)
  }
}
