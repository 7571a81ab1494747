// SPDX-License-Identifier: Apache-2.0

import JSON
import TestSupport
import Testing
import Tokenization

/// Ids made by `tokenizers` 0.23.3, `tiktoken` 0.14.0 and others, of real text.
@Suite struct GoldenEncodingTests {
  struct Golden: Sendable {
    let text: [UInt8]
    let ids: [String: [UInt32]]
  }

  private static let folder = "tokenizers/"
  static let snippets = folder + "goldens/encodings.jsonl.zst"
  static let isPresent = Repository.canUnpack(snippets)
  static let skipped: Comment = "the reference data or the zstd command is not there"

  static func goldens() throws -> [Golden] {
    try Repository.read(snippets).split(separator: 0x0A).map { line in
      let value = try JSONValue(parsing: Array(line))
      let ids = try #require(value["ids"]?.objectValue).entries.map { entry in
        (entry.key, (entry.value.arrayValue ?? []).map { UInt32($0.integerValue ?? -1) })
      }
      return Golden(
        text: Array(try #require(value["text"]?.stringValue).utf8),
        ids: Dictionary(uniqueKeysWithValues: ids))
    }
  }

  private static let loadedGPT2 = Result {
    try Tokenizer.load(tokenizerJSON: Repository.read(folder + "gpt2/tokenizer.json"))
  }
  private static let loadedCL100K = Result {
    try Tokenizer.load(
      tiktoken: Repository.read(folder + "cl100k/cl100k_base.tiktoken"), preTokenizer: .cl100k)
  }
  private static let loadedR50K = Result {
    try Tokenizer.load(
      tiktoken: Repository.read(folder + "gpt2/r50k_base.tiktoken"), preTokenizer: .gpt2)
  }

  static func gpt2() throws -> Tokenizer { try loadedGPT2.get() }
  static func cl100k() throws -> Tokenizer { try loadedCL100K.get() }
  static func r50k() throws -> Tokenizer { try loadedR50K.get() }

  @Test(.enabled(if: isPresent, skipped))
  func `Snippets of real text have the golden ids`() throws {
    let goldens = try Self.goldens()
    #expect(goldens.count == 1050)
    let subjects = [
      ("r50k_base (gpt2)", try Self.gpt2()), ("r50k_base (gpt2)", try Self.r50k()),
      ("cl100k_base", try Self.cl100k()),
    ]
    for (name, tokenizer) in subjects {
      var encoder = tokenizer.encoder()
      var encoding = Encoding()
      var wrong = 0
      for golden in goldens {
        try golden.text.withUnsafeBufferPointer { try encoder.encode($0, into: &encoding) }
        let expected = try #require(golden.ids[name])
        if encoding.ids != expected || encoding.ends.last ?? 0 != golden.text.count
          || tokenizer.decode(encoding.ids) != golden.text
        {
          wrong += 1
        }
      }
      #expect(wrong == 0, "\(name)")
    }
  }

  @Test(.enabled(if: isPresent, skipped), arguments: ["r50k_parity", "r50k_long_parity"])
  func `Parity files of r50k agree`(name: String) throws {
    let root = try JSONValue(parsing: Repository.read(Self.folder + "gpt2/\(name).json"))
    let cases = root.arrayValue ?? [root]
    for tokenizer in [try Self.gpt2(), try Self.r50k()] {
      var wrong = 0
      for item in cases {
        let text = try #require(item["text"]?.stringValue)
        let tokens = try #require(item["tokens"]?.arrayValue).map { UInt32($0.integerValue ?? -1) }
        if try tokenizer.ids(text) != tokens { wrong += 1 }
      }
      #expect(!cases.isEmpty && wrong == 0)
    }
  }

  @Test(.enabled(if: isPresent, skipped))
  func `A source file has the ids of another implementation`() throws {
    let goldens = Self.folder + "goldens/tiktoken-ms/"
    let text = String(decoding: try Repository.read(goldens + "lib.rs.txt"), as: UTF8.self)
    let subjects = [
      ("gpt2", try Self.gpt2()), ("r50k_base", try Self.r50k()),
      ("gpt_3.5_turbo", try Self.cl100k()),
    ]
    for (name, tokenizer) in subjects {
      let value = try JSONValue(parsing: Repository.read(goldens + "tokens_\(name).json"))
      let expected = (value.arrayValue ?? []).map { UInt32($0.integerValue ?? -1) }
      #expect(try tokenizer.ids(text) == expected, "\(name)")
    }
  }

  @Test(.enabled(if: isPresent, skipped))
  func `A rank file gives the tokenizer of the merges`() throws {
    let one = try Self.gpt2()
    let other = try Self.r50k()
    #expect(one.vocabularySize == 50_257 && other.vocabularySize == 50_257)
    #expect(try Self.cl100k().vocabularySize == 100_277)
    for id: UInt32 in stride(from: 0, to: 50_257, by: 97) {
      #expect(one.token(id) == other.token(id) && one.bytes(of: id) == other.bytes(of: id))
    }
    for tokenizer in [one, other] {
      #expect(tokenizer.roles[.eos] == 50_256 && tokenizer.roles[.bos] == 50_256)
      #expect(tokenizer.roles[.pad] == nil && tokenizer.roles[.mask] == nil)
      #expect(tokenizer.isSpecial(50_256) && !tokenizer.isSpecial(50_255))
    }
  }

  @Test(.enabled(if: isPresent, skipped))
  func `A converted rank file encodes as before`() throws {
    let before = try Self.cl100k()
    let after = try Tokenizer.load(tokenizerJSON: before.serialized())
    #expect(after.preTokenizer.rule == .cl100k && after.roles == before.roles)
    for golden in try Self.goldens().prefix(100) {
      let text = String(decoding: golden.text, as: UTF8.self)
      #expect(try after.ids(text) == golden.ids["cl100k_base"])
    }
  }
}
