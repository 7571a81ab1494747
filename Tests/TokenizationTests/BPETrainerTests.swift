// SPDX-License-Identifier: Apache-2.0

import JSON
import TestSupport
import Testing
import UnicodeText

@testable import Tokenization

/// Merges and vocabularies as `BpeTrainer` of `tokenizers` 0.23.3 makes them, as fingerprints of
/// their lines.
@Suite struct BPETrainerTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let seed: UInt64
    let lines: Int
    let alphabet: String
    let longest: Int
    let size: Int
    let minimum: Int
    let rule: PreTokenizerRule
    var specials: [String] = []
    let merges: UInt64
    let vocabulary: UInt64

    var testDescription: String { "seed \(seed), \(rule), minimum \(minimum)" }

    /// Lines of twelve random words: small alphabets make many ties.
    var texts: [String] {
      var random = SeededGenerator(state: seed)
      let letters = Array(alphabet.unicodeScalars)
      return (0..<lines).map { _ in
        (0..<12).map { _ in
          let length = 1 + random.below(longest)
          var word = String.UnicodeScalarView()
          for _ in 0..<length { word.append(letters[random.below(letters.count)]) }
          return String(word)
        }.joined(separator: " ")
      }
    }
  }

  static let mixed = "abAB'12 é日本ー.!\n"
  static let cases = [
    Case(
      seed: 1, lines: 40, alphabet: "abcd", longest: 9, size: 2000, minimum: 0, rule: .gpt2,
      merges: 0xe5b5_6b84_ce7e_0d75, vocabulary: 0x4d14_45af_d27d_d237),
    Case(
      seed: 1, lines: 40, alphabet: "abcd", longest: 9, size: 2000, minimum: 2, rule: .gpt2,
      merges: 0x76b0_1b4d_7d91_f3be, vocabulary: 0x467a_da09_dac2_7b44),
    Case(
      seed: 2, lines: 60, alphabet: mixed, longest: 7, size: 900, minimum: 0, rule: .gpt2,
      merges: 0x4828_e75f_dbac_e643, vocabulary: 0x20ad_11f3_bbc0_5917),
    Case(
      seed: 2, lines: 60, alphabet: mixed, longest: 7, size: 900, minimum: 0, rule: .cl100k,
      merges: 0xe09b_44ba_d553_582e, vocabulary: 0x330e_e91d_2688_7724),
    Case(
      seed: 2, lines: 60, alphabet: mixed, longest: 7, size: 900, minimum: 0, rule: .whitespace,
      merges: 0xc87a_109c_719d_1e5b, vocabulary: 0x2fe3_8efd_4eb1_30b1),
    Case(
      seed: 3, lines: 40, alphabet: "abcd", longest: 5, size: 420, minimum: 0, rule: .gpt2,
      specials: ["ab", "d", "<x>", "Ġ", "!", "aa"],
      merges: 0x45bb_1530_82a5_df55, vocabulary: 0x4819_052f_f08d_d275),
    Case(
      seed: 4, lines: 30, alphabet: "a", longest: 40, size: 400, minimum: 0, rule: .gpt2,
      merges: 0xd437_ab27_ee03_40e0, vocabulary: 0x12da_18c3_cac3_1e72),
    Case(
      seed: 5, lines: 30, alphabet: "ab", longest: 30, size: 500, minimum: 0, rule: .gpt2,
      merges: 0x4bf3_6d80_c324_664e, vocabulary: 0xc6e5_e488_85ed_6ade),
  ]

  private func vocabularyLines(_ tokenizer: Tokenizer) -> [String] {
    (0..<UInt32(tokenizer.vocabularySize)).map { tokenizer.token($0) ?? "" }
  }

  @Test(arguments: cases)
  func `Merges and ids are those of tokenizers, ties included`(_ item: Case) throws {
    let trainer = try BPETrainer(
      vocabularySize: item.size, minimumFrequency: item.minimum, preTokenizer: item.rule,
      form: .none, specials: item.specials.isEmpty ? .none : .list(item.specials))
    let tokenizer = try Tokenizer.trained(trainer, on: item.texts)
    #expect(fingerprint(tokenizer.mergeLines) == item.merges)
    #expect(fingerprint(vocabularyLines(tokenizer)) == item.vocabulary)
  }

  @Test(arguments: cases.filter { $0.specials.isEmpty })
  func `The standard special tokens change no tie`(_ item: Case) throws {
    let bare = try BPETrainer(
      vocabularySize: 300, minimumFrequency: item.minimum, preTokenizer: item.rule, form: .none,
      specials: .none)
    let standard = try BPETrainer(
      vocabularySize: 300 + 14 + 256, minimumFrequency: item.minimum, preTokenizer: item.rule,
      form: .none)
    let texts = item.texts
    let merges = try Tokenizer.trained(standard, on: texts).mergeLines
    #expect(merges.count == 44)
    #expect(merges == (try Tokenizer.trained(bare, on: texts).mergeLines))
  }

  @Test(
    .enabled(
      if: Repository.canUnpack("english/inaugural.jsonl.zst"),
      "needs ../shared/data and the zstd command"),
    arguments: [
      ("english/inaugural.jsonl.zst", 1, 6000, 2, PreTokenizerRule.gpt2, 0x395_f4aa_8db0_4f6a),
      ("multilingual/udhr.jsonl.zst", 40, 3000, 0, .cl100k, 0x791d_1d83_a0e1_5b89),
    ])
  func `Merges of real text are those of tokenizers`(
    path: String, step: Int, size: Int, minimum: Int, rule: PreTokenizerRule, merges: UInt64
  ) throws {
    let lines = try Repository.read(path).split(separator: 0x0A)
    let trainer = try BPETrainer(
      vocabularySize: size, minimumFrequency: minimum, preTokenizer: rule, form: .none,
      specials: .none)
    var counter = trainer.counter()
    for index in stride(from: 0, to: lines.count, by: step) {
      let text = try JSONValue(parsing: Array(lines[index]))["text"]?.stringValue ?? ""
      try Array(text.utf8).withUnsafeBufferPointer { try counter.count($0) }
    }
    #expect(fingerprint(try trainer.train(counter).mergeLines) == merges)
  }

  @Test func `The result does not depend on how the texts were dealt out`() throws {
    let texts = Self.cases[2].texts
    let trainer = try BPETrainer(vocabularySize: 900, minimumFrequency: 0)
    let whole = try Tokenizer.trained(trainer, on: texts).serialized()
    for parts in [2, 3, 7] {
      var sum = trainer.counter()
      for part in (0..<parts).reversed() {
        var counter = trainer.counter()
        for index in stride(from: part, to: texts.count, by: parts) {
          try Array(texts[index].utf8).withUnsafeBufferPointer { try counter.count($0) }
        }
        try sum.merge(counter)
      }
      #expect(try trainer.train(sum).serialized() == whole)
      var listed = trainer.counter()
      for (word, count) in sum.entries() { try listed.add(word: word, count: count) }
      #expect(try trainer.train(listed).serialized() == whole)
    }
  }

  @Test func `Specials stand first and sentinels last`() throws {
    let trainer = try BPETrainer(vocabularySize: 700, minimumFrequency: 0)
    let tokenizer = try Tokenizer.trained(trainer, on: Self.cases[0].texts)
    #expect(tokenizer.vocabularySize == 700)
    let first = [
      "<pad>", "</s>", "<unk>", "<s>", "[CLS]", "[SEP]", "[MASK]", "[NLU]", "[NLG]", "[S2S]",
      "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>", "!", "\"",
    ]
    #expect((0..<16).map { tokenizer.token($0) } == first)
    #expect(tokenizer.roles.sentinels == (0..<256).map { UInt32(699 - $0) })
    #expect(tokenizer.token(699) == "<extra_id_0>" && tokenizer.token(444) == "<extra_id_255>")
    #expect(tokenizer.roles.assigned.map(\.id) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    let ids = tokenizer.addedTokens.map(\.id)
    #expect(ids == ids.sorted() && ids.count == 270)
  }

  @Test func `A text with few pairs gives a smaller vocabulary, sentinels still last`() throws {
    let trainer = try BPETrainer(vocabularySize: 2000, minimumFrequency: 0)
    let tokenizer = try Tokenizer.trained(trainer, on: ["aa"])
    #expect(tokenizer.vocabularySize == 14 + 256 + 1 + 256)
    #expect(tokenizer.roles.sentinels.first == UInt32(tokenizer.vocabularySize - 1))
  }

  @Test func `No text becomes a standard special token by merging`() throws {
    let texts = Array(repeating: "<pad> <extra_id_7> [MASK]", count: 9)
    let trainer = try BPETrainer(
      vocabularySize: 2000, minimumFrequency: 0, preTokenizer: .whitespace)
    let tokenizer = try Tokenizer.trained(trainer, on: texts)
    let ids = try tokenizer.ids("<pad> <extra_id_7> [MASK]")
    #expect(!ids.contains { tokenizer.isSpecial($0) })
    #expect(try tokenizer.ids("<pad>x", addedTokens: .matched).first == 0)
  }

  @Test func `Options that cannot be met are refused`() throws {
    func code(_ make: () throws(TokenizerError) -> BPETrainer) -> TokenizerError.Code? {
      do throws(TokenizerError) {
        _ = try make()
        return nil
      } catch {
        return error.code
      }
    }
    #expect(
      code { () throws(TokenizerError) in try BPETrainer(vocabularySize: 525) } == .invalidOption)
    #expect(code { () throws(TokenizerError) in try BPETrainer(vocabularySize: 526) } == nil)
    #expect(
      code { () throws(TokenizerError) in try BPETrainer(vocabularySize: 1 << 30) }
        == .invalidOption)
    #expect(
      code { () throws(TokenizerError) in try BPETrainer(minimumFrequency: -1) } == .invalidOption)
    #expect(
      code { () throws(TokenizerError) in try BPETrainer(form: .nfkcCasefold) } == .invalidOption)
    #expect(
      code { () throws(TokenizerError) in try BPETrainer(specials: .list(["a", "a"])) }
        == .invalidOption)
  }

  @Test func `Counting stops at its bound`() throws {
    let trainer = try BPETrainer(vocabularySize: 600)
    var counter = trainer.counter(maximumBytes: 100_000)
    #expect(throws: TokenizerError.self) {
      for number in 0..<100_000 {
        try Array("word\(number)".utf8).withUnsafeBufferPointer { try counter.count($0) }
      }
    }
    #expect(counter.byteCount < 400_000)
  }

  @Test func `A word of a million letters is trained in no time`() throws {
    let trainer = try BPETrainer(
      vocabularySize: 300, minimumFrequency: 0, form: .none, specials: .none)
    let tokenizer = try Tokenizer.trained(trainer, on: [String(repeating: "ab", count: 200_000)])
    #expect(tokenizer.mergeLines.first == "a b")
    #expect(tokenizer.mergeLines[1] == "ab ab")
  }
}
