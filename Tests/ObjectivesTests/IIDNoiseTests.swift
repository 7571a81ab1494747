// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

@Suite struct IIDNoiseTests {
  private func longUnit() throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: 80, seed: 65))
  }

  private func objective(_ settings: [String: String] = [:]) throws -> any Objective {
    try make("t5-iid", settings, try smallVocabulary(for: "t5-iid", sentinels: 100))
  }

  @Test(arguments: [
    [:], ["separator": "eos"], ["targets": "full"], ["inputs": "same"], ["inputs": "tokens"],
    ["preset": "bert-style"], ["preset": "mass-style"], ["inputs": "tokens", "targets": "drop"],
    ["preset": "iid-denoising", "length": "512"], ["inputs": "drop", "targets": "full"],
    ["noise_density": "0.6"], ["tail": "drop", "pad": "none"], ["length": "8"],
  ])
  func invertingARowGivesBackItsSource(settings: [String: String]) throws {
    let objective = try objective(["length": "128"].merging(settings) { $1 })
    expectInverse(objective, try build(objective, try longUnit()))
  }

  @Test func droppedNoiseIsTheTarget() throws {
    let objective = try objective(["preset": "drop", "length": "64"])
    let built = try build(objective, try longUnit())
    for (row, frame) in zip(built.rows, built.frames) {
      let kept = try #require(row["input_ids"]).prefix { $0 != 1 }
      let noise = try #require(row["labels"]).prefix { $0 != 1 }
      #expect((kept + noise).sorted() == frame.tokens.map { Int64($0) }.sorted())
      #expect(objective.faults(in: row).isEmpty)
    }
  }

  /// Tokens are drawn one by one, so every one is a draw of its own.
  @Test func everyTokenIsNoiseOnItsOwn() throws {
    let objective = try objective(["length": "101", "inputs": "tokens", "targets": "full"])
    let unit = try syntheticUnit(documents: [[Int](repeating: 100, count: 4000)])
    let built = try build(objective, unit)
    #expect(built.rows.count == 4000)
    var positions = [Int](repeating: 0, count: 100)
    var pairs = 0
    for row in built.rows {
      let ids = try #require(row["input_ids"])
      for index in 0..<100 where ids[index] >= 940 && ids[index] != row["labels"]?[index] {
        positions[index] += 1
        if index > 0, ids[index - 1] == ids[index] { pairs += 1 }
      }
    }
    expectShare(positions.reduce(0, +), of: 400_000, 0.15)
    expectShape(positions, [Double](repeating: 0.01, count: 100))
    // Neighbours are independent. Pairs overlap: twice the width of independent draws.
    #expect(abs(Double(pairs) / 396_000 - 0.0225) < 2 * 4.5 * (0.0225 / 396_000).squareRoot())
  }

  @Test func aTenthOfTheNoiseBecomesAnotherOrdinaryToken() throws {
    let objective = try objective(["preset": "bert-style", "length": "101"])
    let unit = try syntheticUnit(documents: [[Int](repeating: 100, count: 4000)])
    let vocabulary = try smallVocabulary(for: "t5-iid", sentinels: 100)
    var random = 0
    var masked = 0
    for row in try build(objective, unit).rows {
      let ids = try #require(row["input_ids"])
      let labels = try #require(row["labels"])
      for (id, label) in zip(ids, labels) where id != label && label != -100 {
        if id == 1039 {
          masked += 1
        } else {
          random += 1
          #expect(!vocabulary.isSpecial(TokenID(id)))
        }
      }
    }
    expectShare(random, of: random + masked, 0.1)
  }

  @Test func sentinelsAndRoomAreReckonedBeforeWorkStarts() throws {
    // 511 tokens at 0.15: 65.3 runs, five deviations of 6.3 more.
    #expect(try objective().needs.sentinels == 98)
    let error = #expect(throws: ObjectiveError.self) {
      try make("t5-iid", [:], try smallVocabulary(sentinels: 90))
    }
    #expect(error?.code == .tooFewSentinels)
    let few = try make(
      "t5-iid", ["max_spans": "sentinels"], try smallVocabulary(sentinels: 20))
    let built = try build(few, try longUnit())
    expectInverse(few, built)
    #expect(built.tally.count(of: .clampedRows) > 0)
    let narrow = try objective(["targets_length": "16"])
    let cut = try build(narrow, try longUnit())
    expectInverse(narrow, cut)
    #expect(cut.tally.count(of: .clampedRows) > 0)
  }

  @Test func spoiledRowsAreNamed() throws {
    let objective = try objective(["preset": "mass-style", "length": "32"])
    let built = try build(objective, try longUnit())
    var row = try #require(built.rows.first)
    let label = row["labels"]?[3]
    row["input_ids"]?[3] = label == 20 ? 21 : 20
    #expect(objective.faults(in: row).contains { $0.rule == "replacement" })
    row = try #require(built.rows.first)
    row["labels"]?[2] = 1039
    #expect(objective.faults(in: row).contains { $0.rule == "sentinel" })
  }
}
