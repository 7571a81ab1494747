// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import Tokenization

@Suite struct CharacterBPETests {
  private static func document(
    _ tokens: [String], _ merges: [(String, String)], unknown: String? = "<unk>",
    fuses: Bool = false, bytes: Bool = false, ignoresMerges: Bool = false,
    preTokenizer: JSONValue = nil
  ) -> JSONValue {
    var vocabulary = JSONObject()
    for (id, token) in tokens.enumerated() { vocabulary[token] = .init(id) }
    return [
      "added_tokens": [], "pre_tokenizer": preTokenizer,
      "model": [
        "type": "BPE", "unk_token": unknown.map { .string($0) } ?? .null, "fuse_unk": .bool(fuses),
        "byte_fallback": .bool(bytes), "ignore_merges": .bool(ignoresMerges),
        "vocab": .object(vocabulary),
        "merges": .array(merges.map { [.string($0), .string($1)] }),
      ],
    ]
  }

  private static func load(_ document: JSONValue) throws(TokenizerError) -> Tokenizer {
    try Tokenizer.load(tokenizerJSON: document.serialized(sortedKeys: false))
  }

  /// Applies the merge of the lowest rank, the leftmost of it, until there is none.
  private static func merged(_ text: String, _ merges: [(String, String)]) -> [String] {
    var symbols = text.map { String($0) }
    while true {
      var best: (rank: Int, at: Int)?
      for at in symbols.indices.dropLast() {
        let rank = merges.firstIndex { $0.0 == symbols[at] && $0.1 == symbols[at + 1] }
        if let rank, rank < best?.rank ?? .max { best = (rank, at) }
      }
      guard let best else { return symbols }
      symbols[best.at] += symbols.remove(at: best.at + 1)
    }
  }

  @Test func `Random merges give what applying them one by one gives`() throws {
    var random = SeededGenerator(state: 23)
    let alphabet = ["▁", "a", "b", "語"]
    for round in 0..<40 {
      var tokens = ["<unk>"] + alphabet
      var merges: [(String, String)] = []
      for _ in 0..<30 {
        let pair = (random.element(of: tokens), random.element(of: tokens))
        let whole = pair.0 + pair.1
        if pair.0 == "<unk>" || pair.1 == "<unk>" || whole.count > 9 { continue }
        if merges.contains(where: { $0.0 == pair.0 && $0.1 == pair.1 }) { continue }
        // In every other round no token reaches over the beginning of a blank.
        if round % 2 == 0, BlankMark.isInside(Array(whole.utf8)) { continue }
        merges.append(pair)
        if !tokens.contains(whole) { tokens.append(whole) }
      }
      let tokenizer = try Self.load(Self.document(tokens, merges))
      for length in [3, 10, 40, 200, 400] {
        let text = (0..<length).map { _ in random.element(of: alphabet + ["x"]) }.joined()
        let expected = Self.merged(text, merges)
        let encoding = try tokenizer.encoding(Array(text.utf8))
        #expect(encoding.ids == expected.map { tokenizer.id(of: $0) ?? 0 })
        var end = 0
        #expect(
          encoding.ends
            == expected.map { token in
              end += token.utf8.count
              return end
            })
      }
    }
  }

  @Test func `Unknown characters are fused, kept apart, spelled or refused`() throws {
    let tokens = ["<unk>", "a"]
    #expect(try Self.load(Self.document(tokens, [])).ids("aéza") == [1, 0, 0, 1])
    let fused = try Self.load(Self.document(tokens, [], fuses: true))
    let encoding = try fused.encoding(Array("aéza".utf8))
    #expect(encoding.ids == [1, 0, 1] && encoding.ends == [1, 4, 5])
    let bytes = (UInt8.min...UInt8.max).map { ByteTokens.name($0) }
    let spelled = try Self.load(Self.document(tokens + bytes, [], bytes: true))
    #expect(try spelled.ids("é").map { $0 - 2 } == [0xC3, 0xA9])
    #expect(try spelled.encoding([0x61, 0xFF]).ids == [1, 257])
    let strict = try Self.load(Self.document(tokens, [], unknown: nil))
    #expect(throws: TokenizerError.self) { try strict.ids("é") }
  }

  @Test func `Whole pieces come before merges where the file says so`() throws {
    let tokens = ["<unk>", "a", "b", "c", "ab", "abc", "▁", "▁ab"]
    let merges = [("a", "b")]
    let space: JSONValue = ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"]
    for ignores in [false, true] {
      let tokenizer = try Self.load(
        Self.document(tokens, merges, ignoresMerges: ignores, preTokenizer: space))
      #expect(try tokenizer.ids("abc ab") == (ignores ? [5, 7] : [4, 3, 6, 4]))
    }
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
    let tokens = ["<unk>", "a", "b", "ab"]
    #expect(code(Self.document(tokens, [("a", "b")])) == nil)
    #expect(code(Self.document(tokens, [("a", "c")])) == .inconsistent)
    #expect(code(Self.document(tokens, [("b", "a")])) == .inconsistent)
    #expect(code(Self.document(tokens, [("a", "b"), ("a", "b")])) == .inconsistent)
    #expect(code(Self.document(tokens, [], unknown: "<none>")) == .inconsistent)
    #expect(code(Self.document(tokens + ["<0x41>"], [], bytes: true)) == .unsupported)
    #expect(code(Self.document(tokens + ["<unk>a"], [("<unk>", "a")])) == .unsupported)
  }

  @Test func `Scores are read as tokenizers reads them`() throws {
    // The quotient of 17 digits and a power of ten, not the nearest double.
    #expect(JSONScore.value(.double(-3.5449328422546387)) == -35_449_328_422_546_387.0 / 1e16)
    #expect(JSONScore.value(.double(1e-5)) == 1e-5 && JSONScore.value(.double(0)) == 0)
    #expect(JSONScore.value(.integer(-7)) == -7 && JSONScore.value(.string("1")) == nil)
    #expect(JSONScore.value(.double(-12.25)) == -12.25 && JSONScore.value(.double(.nan)) == nil)
  }
}
