// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

@Suite struct ReplacedTokensTests {
  private func unit(_ documents: Int = 200) throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: documents, seed: 311))
  }

  @Test func labelsSayWhereTheTokenIsNotTheOriginal() throws {
    for proposal in ["ngram", "unigram", "uniform"] {
      let built = try build(
        try make("rtd", ["length": "64", "proposal": proposal, "originals": "true"]), try unit())
      var replaced = 0
      for (row, frame) in zip(built.rows, built.frames) {
        let ids = try #require(row["input_ids"])
        let originals = try #require(row["original_ids"])
        let labels = try #require(row["labels"])
        let used = frame.tokens.count + 2
        #expect(originals[0] == 4 && originals[used - 1] == 5)
        #expect(originals[1..<used - 1].map { TokenID($0) } == frame.tokens)
        #expect(zip(ids, originals).map { $0 == $1 ? 0 : 1 } == labels)
        #expect(labels[used...].allSatisfy { $0 == 0 } && ids[used...].allSatisfy { $0 == 0 })
        replaced += labels.count { $0 == 1 }
      }
      let proposed = built.tally.count(of: .proposedTokens)
      #expect(replaced == proposed - built.tally.count(of: .proposalsEqualToOriginal))
      #expect(replaced > 10)
    }
  }

  /// Exactly round(rate × candidates) positions, each candidate alike.
  @Test func positionsAreDrawnWithoutReplacement() throws {
    let built = try build(
      try make("rtd", ["length": "100", "form": "generator-inputs"]), try unit())
    var picked = 0
    var early = 0
    for (row, frame) in zip(built.rows, built.frames) {
      let labels = try #require(row["labels"])
      let count = labels.count { $0 != -100 }
      #expect(count == max(1, Rounding.halfEven(0.15 * Double(frame.tokens.count))))
      guard frame.tokens.count % 2 == 0 else { continue }
      picked += count
      early += labels[1...frame.tokens.count / 2].count { $0 != -100 }
    }
    expectShare(early, of: picked, 0.5)
  }

  @Test func uniformProposalsEqualTheOriginalOnceInTheVocabulary() throws {
    let vocabulary = try smallVocabulary(size: 60, sentinels: 0)
    let unit = try syntheticUnit(
      documents: try randomLengths(documents: 300, seed: 312), ids: 50)
    let objective = try make("rtd", ["proposal": "uniform", "rate": "0.5"], vocabulary)
    let random = try streams()
    let framed = try objective.framing.frames(of: unit, random: random)
    var builder = ExampleBuilder(columns: objective.columns)
    var frame = Frame()
    let services = Services(proposal: try UniformProposal(vocabulary: vocabulary))
    for index in 0..<framed.count {
      framed.load(index, into: &frame)
      try objective.build(frame, random, services, into: &builder)
    }
    let tally = builder.takeBatch().tally
    expectShare(
      tally.count(of: .proposalsEqualToOriginal), of: tally.count(of: .proposedTokens), 1.0 / 53)
    #expect(tally.lossTokens == tally.inputTokens)
  }

  @Test func specialTokensAreNeitherReplacedNorProposed() throws {
    let tokens: [TokenID] = (0..<400).map { $0 % 5 == 0 ? 3 : TokenID(10 + $0) }
    let unit = try TokenizedUnit(
      ordinal: 0, documentIDs: ["a"], tokens: tokens, documentOffsets: [0, 400],
      sentenceStarts: .init(starts: [0], offsets: [0, 1]))
    let built = try build(try make("rtd", ["length": "402", "rate": "1"]), unit)
    let row = built.rows[0]
    let ids = try #require(row["input_ids"])
    #expect(built.tally.count(of: .proposedTokens) == 320)
    for index in 0..<400 where index % 5 == 0 {
      #expect(ids[index + 1] == 3 && row["labels"]?[index + 1] == 0)
    }
    #expect(ids[1...400].count { $0 == 3 } == 80)
  }

  /// ELECTRA's counts at 128 (19, fewer once repeated) with 85 % masked.
  @Test func electraMasksAsPublished() throws {
    let built = try build(try make("rtd", ["preset": "electra"]), try unit(400))
    var masked = 0
    var selected = 0
    var unique = 0.0
    var rows = 0
    for (row, frame) in zip(built.rows, built.frames) {
      let ids = try #require(row["input_ids"])
      let labels = try #require(row["labels"])
      let count = labels.count { $0 != -100 }
      selected += count
      masked += ids.count { $0 == 6 }
      let tokens = Double(frame.tokens.count)
      let draws = min(19, Rounding.halfEven(0.15 * (tokens + 2)))
      #expect(count <= draws)
      // C(1 − (1 − 1/C)ⁿ) different ones are expected.
      unique +=
        tokens
        * (1 - ExactMath.power(1 - 1 / tokens, Double(draws % 4)) * pow4(1 - 1 / tokens, draws / 4))
      rows += 1
    }
    expectShare(masked, of: selected, 0.85)
    #expect(abs(Double(selected) / unique - 1) < 0.02 && rows > 300)
  }

  private func pow4(_ base: Double, _ count: Int) -> Double {
    (0..<count).reduce(1) { result, _ in result * base * base * base * base }
  }

  /// DeBERTa's windows of six: at 512 tokens 77 are selected, one in each of the first 77 windows.
  @Test func debertaTakesOneTokenAWindowFromTheLeft() throws {
    let unit = try syntheticUnit(documents: [[510], [510], [510]])
    let built = try build(try make("rtd", ["preset": "deberta-v3"]), unit)
    #expect(built.rows.count == 3)
    for row in built.rows {
      let labels = try #require(row["labels"])
      for window in 0..<85 {
        let start = 1 + 6 * window
        #expect(labels[start..<start + 6].count { $0 != -100 } == (window < 77 ? 1 : 0))
      }
      #expect(row["input_ids"]?.count { $0 == 6 } == 77)
      #expect(
        row["original_ids"]?[1...510].map { $0 }
          == zip(labels, row["input_ids"] ?? [])
          .map { $0 == -100 ? $1 : $0 }[1...510].map { $0 })
    }
  }

  @Test func proposalsAreNeededForTheDiscriminatorAlone() throws {
    #expect(
      try make("rtd", ["temperature": "2"]).needs.proposal
        == ProposalRequest(.ngram, temperature: 2))
    #expect(try make("rtd", ["form": "generator-inputs"]).needs.proposal == nil)
    let objective = try make("rtd")
    let random = try streams()
    let framed = try objective.framing.frames(of: try unit(3), random: random)
    var frame = Frame()
    framed.load(0, into: &frame)
    let error = #expect(throws: ObjectiveError.self) {
      var builder = ExampleBuilder(columns: objective.columns)
      try objective.build(frame, random, Services(), into: &builder)
    }
    #expect(error?.subject == "proposal")
  }

  @Test func faultsAreNamed() throws {
    func faults(
      _ settings: [String: String], _ spoil: (inout ExampleRow) -> Void
    ) throws -> [String] {
      let objective = try make("rtd", settings)
      var row = try #require(
        build(objective, syntheticUnit(documents: [[40, 40, 7], [30, 30, 30]])).rows.first)
      #expect(objective.faults(in: row).isEmpty)
      spoil(&row)
      return objective.faults(in: row).map(\.description)
    }
    #expect(
      try faults([:]) { $0["labels"]?[0] = 1 } == ["label 1 on a special token at position 0"])
    #expect(try faults([:]) { $0["labels"]?[500] = 1 } == ["label 1 on padding at position 500"])
    #expect(
      try faults([:]) { $0["labels"]?[3] = -100 } == ["label -100, 0 or 1 expected at position 3"])
    #expect(
      try faults([:]) { row in
        row["labels"] = row["labels"]?.enumerated().map { $0 > 0 && $0 < 60 ? 1 : $1 }
      }
      .contains { $0.contains("replaced where at most") })
    #expect(
      try faults([:]) { row in
        let position = row["labels"]?.firstIndex(of: 1) ?? 0
        row["input_ids"]?[position] = 6
      }.first?.hasPrefix("the special token 6 as a replacement") == true)
    #expect(
      try faults(["originals": "true"]) { row in
        let position = row["labels"]?.firstIndex(of: 1) ?? 0
        row["labels"]?[position] = 0
      }.first?.contains("label 0 where input") == true)
    let inputs = ["form": "generator-inputs"]
    #expect(
      try faults(inputs) { row in
        let position = (row["labels"] ?? []).firstIndex { $0 != -100 } ?? 0
        row["labels"]?[position] = -100
      }.contains { $0.hasPrefix("a mask token without a label") })
    #expect(
      try faults(inputs) { $0["original_ids"]?[20] = 11 }.contains {
        $0.hasPrefix("original 11 where")
      })
    #expect(
      try faults(inputs) { row in
        let position = (row["labels"] ?? []).firstIndex { $0 != -100 } ?? 0
        let label = row["labels"]?[position] ?? 0
        row["input_ids"]?[position] = label
      }.first?.contains("where the mask token 6 is expected") == true)
  }
}
