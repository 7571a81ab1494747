// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct InputTests {
  private func unit(
    tokens: Int = 4, offsets: [Int] = [0, 2, 4], words: Int? = nil,
    sentences: ([UInt32], [Int])? = nil
  ) throws -> TokenizedUnit {
    try TokenizedUnit(
      ordinal: 0, documentIDs: ["a", "b"], tokens: [TokenID](repeating: 10, count: tokens),
      documentOffsets: offsets, wordStarts: words.map { [Bool](repeating: true, count: $0) },
      sentenceStarts: sentences.map { TokenizedUnit.SentenceStarts(starts: $0, offsets: $1) })
  }

  @Test func aUnitMustAgreeWithItself() throws {
    _ = try unit(words: 4, sentences: ([0, 0, 1], [0, 1, 3]))
    #expect(throws: ObjectiveError.self) { try unit(offsets: [0, 4]) }
    #expect(throws: ObjectiveError.self) { try unit(offsets: [0, 3, 2]) }
    #expect(throws: ObjectiveError.self) { try unit(offsets: [1, 2, 4]) }
    #expect(throws: ObjectiveError.self) { try unit(offsets: [0, 2, 5]) }
    #expect(throws: ObjectiveError.self) { try unit(words: 3) }
    #expect(throws: ObjectiveError.self) { try unit(sentences: ([0, 1], [0, 1, 2])) }
    #expect(throws: ObjectiveError.self) { try unit(sentences: ([0, 2, 0], [0, 2, 3])) }
    #expect(throws: ObjectiveError.self) { try unit(sentences: ([0, 0, 0], [0, 2, 3])) }
    #expect(throws: ObjectiveError.self) { try unit(sentences: ([0], [0, 1, 1])) }
  }

  @Test func ordinaryTokensAreAllButSpecialAndUnassignedOnes() throws {
    let vocabulary = try Vocabulary(
      size: 12, roles: ["pad": 0], sentinels: [11], specials: [3], unassigned: [5])
    #expect(vocabulary.ordinary == [1, 2, 4, 6, 7, 8, 9, 10])
    #expect(vocabulary.isSpecial(11) && !vocabulary.isSpecial(5) && !vocabulary.isSpecial(99))
  }

  @Test func idsOutsideTheVocabularyAreRefused() {
    #expect(throws: ObjectiveError.self) { try Vocabulary(size: 4, roles: ["pad": 4]) }
    #expect(throws: ObjectiveError.self) { try Vocabulary(size: 4, roles: [:], sentinels: [9]) }
    #expect(throws: ObjectiveError.self) { try Vocabulary(size: 0, roles: [:]) }
  }

  @Test func tokensOutsideTheVocabularyDoNotTrap() throws {
    let unit = try TokenizedUnit(
      ordinal: 0, documentIDs: ["a", "b"], tokens: [TokenID](repeating: .max, count: 40),
      documentOffsets: [0, 20, 40], wordStarts: [Bool](repeating: true, count: 40),
      sentenceStarts: TokenizedUnit.SentenceStarts(starts: [0, 5, 0, 9], offsets: [0, 2, 4]))
    for settings in [
      [:], ["whole_word": "true"], ["nsp": "true"], ["pairs": "sop"], ["masking": "span"],
      ["masking": "ngram"], ["packing": "best-fit"], ["packing": "full-sentences"],
    ] {
      let built = try build(try make("mlm", settings), unit)
      #expect(!built.rows.isEmpty)
    }
    for name in ["mntp", "mdlm", "plm"] {
      #expect(!(try build(try make(name, ["length": "16"]), unit)).rows.isEmpty)
    }
    #expect(!(try build(try make("clm", ["length": "8"]), unit)).rows.isEmpty)
    #expect(!(try build(try make("t5-span", ["length": "16"]), unit)).rows.isEmpty)
  }
}
