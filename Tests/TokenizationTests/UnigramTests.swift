// SPDX-License-Identifier: Apache-2.0

import JSON
import TestSupport
import Testing

@testable import Tokenization

@Suite struct UnigramTests {
  private static func document(
    _ vocabulary: [(String, Double)], unknown: Int? = 0, bytes: Bool = false,
    normalizer: JSONValue = nil, preTokenizer: JSONValue = nil, decoder: JSONValue = nil
  ) -> JSONValue {
    [
      "added_tokens": [],
      "normalizer": normalizer, "pre_tokenizer": preTokenizer, "decoder": decoder,
      "model": [
        "type": "Unigram", "unk_id": unknown.map { .init($0) } ?? .null,
        "byte_fallback": .bool(bytes),
        "vocab": .array(vocabulary.map { [.string($0), .double($1)] }),
      ],
    ]
  }

  private static func load(_ document: JSONValue) throws(TokenizerError) -> Tokenizer {
    try Tokenizer.load(tokenizerJSON: document.serialized(sortedKeys: false))
  }

  /// The best of all sequences, as the text of `tokenizers` describes it: the first of equal ones
  /// by where the last token begins.
  private static func best(_ text: [Character], _ scores: [String: Double]) -> [String] {
    let unknown = (scores.values.min() ?? 0) - 10
    var best: [(score: Double, start: Int)?] = [(0, 0)]
    best += [(score: Double, start: Int)?](repeating: nil, count: text.count)
    for start in text.indices {
      guard let soFar = best[start]?.score else { continue }
      for end in (start + 1)...text.count {
        var score = scores[String(text[start..<end])]
        if score == nil, end == start + 1 { score = unknown }
        guard let score else { continue }
        if best[end].map({ soFar + score > $0.score }) ?? true {
          best[end] = (soFar + score, start)
        }
      }
    }
    var result: [String] = []
    var end = text.count
    while end > 0, let step = best[end] {
      result.append(String(text[step.start..<end]))
      end = step.start
    }
    return result.reversed()
  }

  @Test func `Random vocabularies give the sequences of a naive search`() throws {
    var random = SeededGenerator(state: 17)
    for _ in 0..<60 {
      var scores: [String: Double] = [:]
      for _ in 0..<(4 + random.below(20)) {
        let token = String(
          (0..<(1 + random.below(4))).map { _ in random.element(of: ["a", "b", "é"]) }.joined())
        scores[token] = -Double(random.below(6)) - 0.5
      }
      let entries = scores.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let tokenizer = try Self.load(
        Self.document([("<unk>", 0)] + entries.map { ($0.key, $0.value) }))
      for _ in 0..<20 {
        let text = (0..<random.below(30)).map { _ in
          random.element(of: ["a", "b", "é", "語"] as [Character])
        }
        var expected: [UInt32] = []
        for token in Self.best(text, scores) {
          let id = tokenizer.id(of: token) ?? 0
          if id != 0 || expected.last != 0 { expected.append(id) }
        }
        #expect(try tokenizer.ids(String(text)) == expected, "\(String(text))")
      }
    }
  }

  @Test func `Unknown neighbours are one token, or bytes, or an error`() throws {
    let vocabulary = [("<unk>", 0.0), ("a", -1.0), ("``", -90.0)]
    let fused = try Self.load(Self.document(vocabulary))
    let encoding = try fused.encoding(Array("aéza".utf8))
    #expect(encoding.ids == [1, 0, 1] && encoding.ends == [1, 4, 5])
    // Unknown neighbours that spell a token together are that token.
    #expect(try fused.ids("a``") == [1, 2] && fused.ids("`") == [0])
    let bytes = (UInt8.min...UInt8.max).map { (ByteTokens.name($0), 0.0) }
    let spelled = try Self.load(Self.document(vocabulary + bytes, bytes: true))
    #expect(try spelled.ids("é").map { $0 - 3 } == [0xC3, 0xA9])
    // Each of the bytes ends where the stretch does, as in `tokenizers`.
    #expect(try spelled.encoding(Array("aéüa".utf8)).ends == [1, 5, 5, 5, 5, 6])
    let strict = try Self.load(Self.document(vocabulary, unknown: nil))
    #expect(throws: TokenizerError.self) { try strict.ids("é") }
    #expect(try strict.ids("a") == [1])
  }

  @Test func `Marks are put before words by the scheme`() throws {
    let vocabulary = [
      ("<unk>", 0.0), ("▁", -2.0), ("a", -2.0), ("▁a", -3.0), ("b", -2.0), ("a▁a", -1.0),
    ]
    func ids(_ text: String, _ edit: JSONValue) throws -> [UInt32] {
      try Self.load(Self.document(vocabulary, preTokenizer: edit)).ids(text)
    }
    func space(_ scheme: String, split: Bool = true) -> JSONValue {
      [
        "type": "Metaspace", "replacement": "▁", "prepend_scheme": .string(scheme),
        "split": .bool(split),
      ]
    }
    #expect(try ids("a a", space("always")) == [3, 3])
    #expect(try ids(" a  a", space("always")) == [3, 1, 3])
    #expect(try ids("a a", space("never")) == [2, 3])
    #expect(try ids("a a", space("never", split: false)) == [5])
    #expect(try ids("a a", space("first", split: false)) == [1, 5])
    #expect(
      try ids(
        "a \n a\u{3000}b",
        ["type": "Sequence", "pretokenizers": [["type": "WhitespaceSplit"], space("always")]])
        == [3, 3, 1, 4])
    // Where the normalizer drops what the text begins with, the rest is not first.
    let strip: JSONValue = ["type": "Strip", "strip_left": true, "strip_right": true]
    let stripped = try Self.load(
      Self.document(vocabulary, normalizer: strip, preTokenizer: space("first", split: false)))
    #expect(try stripped.ids("a a") == [1, 5] && stripped.ids(" a a") == [5])
    let legacy: JSONValue = ["type": "Metaspace", "replacement": "▁", "add_prefix_space": false]
    #expect(try ids("a a", legacy) == [2, 3])
    #expect(throws: TokenizerError.self) { try ids("a", space("sometimes")) }
  }

  @Test func `What is wrong with a file is said`() throws {
    func code(_ document: JSONValue) -> TokenizerError.Code? {
      do throws(TokenizerError) {
        _ = try Self.load(document)
        return nil
      } catch {
        return error.code
      }
    }
    let one = [("<unk>", 0.0), ("a", -1.0)]
    #expect(code(Self.document(one)) == nil)
    #expect(code(Self.document(one, unknown: 2)) == .inconsistent)
    #expect(code(Self.document(one, unknown: -1)) == .inconsistent)
    #expect(code(Self.document([])) == .malformed)
    #expect(code(Self.document(one + [("a", -2.0)])) == .inconsistent)
    #expect(code(Self.document(one + [("<0x41>", -2.0)], bytes: true)) == .unsupported)
    #expect(code(["model": ["type": "Unigram", "unk_id": 0, "vocab": [["a"]]]]) == .malformed)
    #expect(code(["model": ["type": "Unigram", "vocab": [["a", "b"]]]]) == .malformed)
    let level: JSONValue = ["type": "ByteLevel", "add_prefix_space": false]
    #expect(code(Self.document(one, preTokenizer: level)) == .unsupported)
    let map: JSONValue = ["type": "Precompiled", "precompiled_charsmap": "AAAA"]
    #expect(code(Self.document(one, normalizer: map)) == .malformed)
    #expect(code(Self.document(one, decoder: ["type": "CTC"])) == .unsupported)
  }

  // A published tokenizer

  private static let t5 = "tokenizers/t5-small/"
  private static let loadedT5 = Result {
    try Tokenizer.load(
      tokenizerJSON: Repository.read(t5 + "tokenizer.json"),
      configuration: JSONValue(parsing: Repository.read(t5 + "tokenizer_config.json")))
  }

  @Test(.enabled(if: GoldenEncodingTests.isPresent, GoldenEncodingTests.skipped))
  func `T5 gives the golden ids`() throws {
    let tokenizer = try Self.loadedT5.get()
    var encoder = tokenizer.encoder(addedTokens: .matched)
    var encoding = Encoding()
    var wrong = 0
    for golden in try GoldenEncodingTests.goldens() {
      try golden.text.withUnsafeBufferPointer { try encoder.encode($0, into: &encoding) }
      if encoding.ids != (try #require(golden.ids["t5-small"])) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test(.enabled(if: GoldenEncodingTests.isPresent, GoldenEncodingTests.skipped))
  func `T5 encodes as another implementation does`() throws {
    let tokenizer = try Self.loadedT5.get()
    let root = try JSONValue(
      parsing: Repository.read("tokenizers/goldens/transformers-js/t5.json"))
    var count = 0
    for name in ["Xenova/t5-small", "google-t5/t5-small"] {
      for entry in root[name]?.objectValue?.entries ?? [] {
        let item = entry.value
        guard item["text_pair"] == nil, let text = item["text"]?.stringValue,
          let ids = item["ids"]?.arrayValue?.compactMap({ $0.integerValue }).map({ UInt32($0) })
        else { continue }
        count += 1
        #expect(
          try tokenizer.ids(text, addedTokens: .matched) + [1] == ids, "\(name), \(entry.key)")
      }
    }
    #expect(count > 20)
  }

  @Test(.enabled(if: GoldenEncodingTests.isPresent, GoldenEncodingTests.skipped))
  func `T5 has its roles, and no text becomes one`() throws {
    let tokenizer = try Self.loadedT5.get()
    #expect(tokenizer.roles[.pad] == 0 && tokenizer.roles[.eos] == 1 && tokenizer.roles[.unk] == 2)
    #expect(tokenizer.roles.sentinels.count == 100 && tokenizer.roles.sentinels[0] == 32_099)
    #expect(tokenizer.framing.suffix == [1])
    let text = "a </s> <extra_id_0>\u{FF1C}/s\u{FF1E}"
    let plain = try tokenizer.ids(text).filter { $0 != 2 }
    #expect(!plain.contains { tokenizer.isSpecial($0) })
    #expect(try tokenizer.ids(text, addedTokens: .matched).contains(32_099))
    let words = try tokenizer.encoding(Array("Hello world's".utf8))
    #expect(words.wordStarts == [true, true, false, false])
    #expect(words.originalEnds == [5, 11, 12, 13])
  }
}
