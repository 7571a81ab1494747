// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct MaskedLMTests {
  private func unit(documents: Int = 100, seed: UInt64 = 61) throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: documents, seed: seed))
  }

  /// The original tokens of a row: labels where there are some, ids elsewhere.
  private func original(_ row: ExampleRow) throws -> [Int64] {
    zip(try #require(row["labels"]), try #require(row["input_ids"])).map { $0 == -100 ? $1 : $0 }
  }

  @Test func aRowIsCLSTextSEPAndPadding() throws {
    let small = try syntheticUnit(documents: [[3]])
    let row = try build(try make("mlm", ["length": "8"]), small).rows[0]
    #expect(try original(row) == [4, 10, 11, 12, 5, 0, 0, 0])
    #expect(row["attention_mask"] == [1, 1, 1, 1, 1, 0, 0, 0])
    #expect(row["labels"]?.count { $0 != -100 } == 1)
    #expect(row["token_type_ids"] == nil)
  }

  @Test func theTokenizersOwnTemplateIsUsed() throws {
    let vocabulary = try smallVocabulary(
      template: Vocabulary.Template(prefix: [3], infix: [1, 1], suffix: [1]))
    let small = try syntheticUnit(documents: [[3]])
    let row = try build(try make("mlm", ["length": "6"], vocabulary), small).rows[0]
    #expect(try original(row) == [3, 10, 11, 12, 1, 0])
    let bare = try make("mlm", ["length": "6", "framing_tokens": "none"], vocabulary)
    #expect(try original(try build(bare, small).rows[0]) == [10, 11, 12, 0, 0, 0])
    let roles = try make("mlm", ["length": "6", "framing_tokens": "roles"], vocabulary)
    #expect(try original(try build(roles, small).rows[0]) == [4, 10, 11, 12, 5, 0])
  }

  @Test func aPairIsCLSFirstSEPSecondSEPWithTypes() throws {
    let pair = try syntheticUnit(documents: [[2, 2]])
    let row = try build(
      try make("mlm", ["length": "9", "nsp": "true", "short_pairs": "0"]), pair
    ).rows[0]
    #expect(try original(row) == [4, 10, 11, 5, 12, 13, 5, 0, 0])
    #expect(row["token_type_ids"] == [0, 0, 0, 0, 1, 1, 1, 0, 0])
    #expect(row["next_sentence_label"] == [0])
  }

  @Test(arguments: [
    [:], ["nsp": "true"], ["rate": "0.3", "length": "64"], ["pad": "none"],
    ["preset": "bert"], ["max_predictions": "5"],
  ])
  func theCountIsExact(settings: [String: String]) throws {
    let objective = try make("mlm", settings)
    let built = try build(objective, try unit())
    let rate = settings["rate"].flatMap(Double.init) ?? 0.15
    let most = settings["preset"] == "bert" ? 20 : settings["max_predictions"].flatMap(Int.init)
    for (row, frame) in zip(built.rows, built.frames) {
      let framing = settings["nsp"] == nil && settings["preset"] == nil ? 2 : 3
      let base = frame.tokens.count + (settings["preset"] == "bert" ? framing : 0)
      let expected = min(
        max(1, Int((rate * Double(base)).rounded(.toNearestOrEven))), most ?? .max,
        frame.tokens.count)
      #expect(row["labels"]?.count { $0 != -100 } == expected)
    }
    #expect(built.tally.lossTokens > 0)
  }

  @Test func labelsRestoreTheSourceAndNothingElseChanged() throws {
    let vocabulary = try smallVocabulary()
    for settings in [[:], ["whole_word": "true"], ["nsp": "true"], ["preset": "bert"]] {
      let built = try build(try make("mlm", settings), try unit(documents: 100))
      for (row, frame) in zip(built.rows, built.frames) {
        let content = try original(row).filter { !vocabulary.isSpecial(TokenID($0)) }
        #expect(content == frame.tokens.map { Int64($0) })
      }
    }
  }

  @Test func specialTokensInTheTextAreNeverSelected() throws {
    // Every second token of the text is [SEP].
    var tokens: [TokenID] = []
    for index in 0..<2000 { tokens.append(index % 2 == 0 ? 5 : TokenID(10 + index % 900)) }
    let unit = try TokenizedUnit(
      ordinal: 0, documentIDs: ["a"], tokens: tokens, documentOffsets: [0, 2000],
      wordStarts: [Bool](repeating: false, count: 2000),
      sentenceStarts: TokenizedUnit.SentenceStarts(starts: [0], offsets: [0, 1]))
    for settings in [
      ["rate": "1"], ["rate": "1", "count": "bernoulli"], ["rate": "1", "whole_word": "true"],
      ["rate": "0.9", "count": "stochastic"],
    ] {
      let objective = try make("mlm", settings)
      let built = try build(objective, unit)
      for row in built.rows {
        let ids = try original(row)
        for (label, id) in zip(try #require(row["labels"]), ids) where label != -100 {
          #expect(id >= 10)
        }
        #expect(objective.faults(in: row).isEmpty)
      }
    }
  }

  /// Mask, random and kept among the selected, counted once a draw.
  @Test(arguments: [[:], ["count": "bernoulli"], ["count": "stochastic"], ["nsp": "true"]])
  func eightyTenTen(settings: [String: String]) throws {
    let built = try build(try make("mlm", settings), try unit(documents: 300), seed: 62)
    var masked = 0
    var random = 0
    var kept = 0
    for row in built.rows {
      for (label, id) in zip(try #require(row["labels"]), try #require(row["input_ids"]))
      where label != -100 {
        if id == 6 { masked += 1 } else if id == label { kept += 1 } else { random += 1 }
      }
    }
    let total = masked + random + kept
    #expect(total > 7000)
    expectShare(masked, of: total, 0.8)
    expectShare(random, of: total, 0.1)
    expectShare(kept, of: total, 0.1)
  }

  @Test func everyCandidateIsEquallyLikely() throws {
    let unit = try syntheticUnit(documents: [[Int]](repeating: [20], count: 6000))
    let built = try build(try make("mlm", ["length": "22", "rate": "0.25"]), unit)
    var counts = [Int](repeating: 0, count: 22)
    for row in built.rows {
      for (position, label) in try #require(row["labels"]).enumerated() where label != -100 {
        counts[position] += 1
      }
    }
    #expect(counts[0] == 0 && counts[21] == 0)
    for position in 1...20 { expectShare(counts[position], of: 6000, 0.25) }
  }

  @Test func replacementsAreOrdinaryUniformAndNeverTheOriginal() throws {
    // Ordinary ids are 7, 8, …, 12 here: five may replace any one.
    let vocabulary = try smallVocabulary(size: 13, sentinels: 0)
    let unit = try syntheticUnit(documents: [[Int]](repeating: [60], count: 500), ids: 3)
    let objective = try make(
      "mlm", ["rate": "1", "mask_share": "0", "random_share": "1", "length": "64"], vocabulary)
    var counts = [Int](repeating: 0, count: 13)
    var total = 0
    for row in try build(objective, unit).rows {
      for (label, id) in zip(try #require(row["labels"]), try #require(row["input_ids"]))
      where label == 11 {
        counts[Int(id)] += 1
        total += 1
      }
    }
    for id in 0..<13 {
      if (7...12).contains(id), id != 11 {
        expectShare(counts[id], of: total, 0.2)
      } else {
        #expect(counts[id] == 0)
      }
    }
  }

  @Test func publishedReplacementsComeFromTheWholeVocabulary() throws {
    let vocabulary = try smallVocabulary(size: 13, sentinels: 0)
    let unit = try syntheticUnit(documents: [[Int]](repeating: [60], count: 300), ids: 3)
    let objective = try make(
      "mlm",
      [
        "rate": "1", "mask_share": "0", "random_share": "1", "length": "64",
        "replacements": "vocabulary",
      ], vocabulary)
    var counts = [Int](repeating: 0, count: 13)
    var total = 0
    for row in try build(objective, unit).rows {
      for (label, id) in zip(try #require(row["labels"]), try #require(row["input_ids"]))
      where label != -100 {
        counts[Int(id)] += 1
        total += 1
      }
    }
    for id in 0..<13 { expectShare(counts[id], of: total, 1 / 13) }
  }

  @Test func stochasticCountsAreFloorOrOneMore() throws {
    let unit = try syntheticUnit(documents: [[Int]](repeating: [512], count: 1000))
    let built = try build(
      try make("mlm", ["count": "stochastic", "length": "514"]), unit)
    var more = 0
    for row in built.rows {
      let count = try #require(row["labels"]?.count { $0 != -100 })
      #expect(count == 76 || count == 77)
      if count == 77 { more += 1 }
    }
    expectShare(more, of: 1000, 0.8)
  }

  @Test func bernoulliSelectsEachOnItsOwn() throws {
    let built = try build(
      try make("mlm", ["count": "bernoulli"]), try unit(documents: 400))
    let candidates = built.frames.reduce(0) { $0 + $1.tokens.count }
    expectShare(built.tally.lossTokens, of: candidates, 0.15)
    let tiny = try syntheticUnit(documents: [[Int]](repeating: [4], count: 4000))
    let few = try build(try make("mlm", ["count": "bernoulli", "length": "8"]), tiny)
    expectShare(few.tally.count(of: .rowsWithoutLoss), of: 4000, 0.52200625)
  }

  @Test func wholeWordsAreSelectedAndReplacedAsOne() throws {
    let unit = try unit(documents: 250)
    let built = try build(
      try make("mlm", ["whole_word": "true", "rate": "0.2"]), unit)
    var masked = 0
    var random = 0
    var kept = 0
    for (row, frame) in zip(built.rows, built.frames) {
      let labels = try #require(row["labels"])
      let ids = try #require(row["input_ids"])
      var word: [Int] = []
      func closeWord() {
        defer { word = [] }
        let selected = word.filter { labels[$0 + 1] != -100 }
        guard !selected.isEmpty else { return }
        #expect(selected == word, "a word is selected in part")
        let masks = word.count { ids[$0 + 1] == 6 }
        let same = word.count { ids[$0 + 1] == labels[$0 + 1] }
        if masks == word.count {
          masked += 1
        } else if same == word.count {
          kept += 1
        } else {
          #expect(masks == 0 && same == 0, "a word is replaced in part")
          random += 1
        }
      }
      for index in frame.tokens.indices {
        if frame.wordStarts[index] { closeWord() }
        word.append(index)
      }
      closeWord()
      let budget = max(1, Rounding.halfEven(0.2 * Double(frame.tokens.count)))
      #expect(labels.count { $0 != -100 } <= budget)
    }
    let total = masked + random + kept
    #expect(total > 2000)
    expectShare(masked, of: total, 0.8)
    expectShare(random, of: total, 0.1)
    expectShare(kept, of: total, 0.1)
  }

  @Test func aWordLongerThanTheBudgetIsSkippedAndCounted() throws {
    let unit = try syntheticUnit(documents: [[10], [10]], wordLength: 10)
    let built = try build(try make("mlm", ["whole_word": "true"]), unit)
    #expect(built.tally.count(of: .oversizedWords) == 2)
    #expect(built.tally.count(of: .rowsWithoutLoss) == 2)
    #expect(built.tally.lossTokens == 0)
  }

  @Test func wordsDoNotCrossSegmentsOrSpecialTokens() throws {
    // One word start in all: without borders, everything would be one word.
    let lengths = [[Int]](repeating: [6, 6], count: 200)
    let unit = try syntheticUnit(documents: lengths, wordLength: 1000)
    let objective = try make(
      "mlm", ["whole_word": "true", "nsp": "true", "rate": "0.5", "short_pairs": "0"])
    let built = try build(objective, unit)
    for (row, frame) in zip(built.rows, built.frames) where frame.tokens.count == 12 {
      let labels = try #require(row["labels"])
      let first = labels[1...6].count { $0 != -100 }
      let second = labels[8...13].count { $0 != -100 }
      #expect([first, second].sorted() == [0, 6])
    }
  }

  @Test func epochsDrawAnew() throws {
    let unit = try unit(documents: 20)
    let objective = try make("mlm", ["document_order": "corpus"])
    let first = try build(objective, unit)
    let second = try build(objective, unit, epoch: 1)
    #expect(first.frames.map(\.tokens) == second.frames.map(\.tokens))
    #expect(first.rows.map { $0["labels"] } != second.rows.map { $0["labels"] })
  }

  @Test func contradictionsAreRefused() {
    #expect(throws: ObjectiveError.self) {
      try make("mlm", ["mask_share": "0.8", "random_share": "0.3"])
    }
    #expect(throws: ObjectiveError.self) {
      try make("mlm", ["count": "bernoulli", "max_predictions": "5"])
    }
    #expect(throws: ObjectiveError.self) { try make("mlm", ["length": "4", "nsp": "true"]) }
  }
}
