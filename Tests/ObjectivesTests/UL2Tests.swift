// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

/// Every row undone gives the tokens of its frame.
func expectInverse(
  _ objective: any Objective, _ built: Built, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(!built.rows.isEmpty, sourceLocation: sourceLocation)
  for (row, frame) in zip(built.rows, built.frames) {
    #expect(
      objective.restore(row) == frame.tokens.map { Int64($0) }, sourceLocation: sourceLocation)
    let faults = objective.faults(in: row)
    #expect(faults.isEmpty, "\(faults)", sourceLocation: sourceLocation)
  }
}

/// χ² of counts against shares is below its bound for a false alarm of 10⁻⁵ (Wilson and Hilferty).
func expectShape(
  _ counts: [Int], _ shares: [Double], sourceLocation: SourceLocation = #_sourceLocation
) {
  let total = Double(counts.reduce(0, +))
  var statistic = 0.0
  for (count, share) in zip(counts, shares) where share > 0 {
    let expected = total * share
    statistic += (Double(count) - expected) * (Double(count) - expected) / expected
  }
  let freedom = Double(shares.count { $0 > 0 } - 1)
  let spread = 2 / (9 * freedom)
  let root = 1 - spread + 4.265 * spread.squareRoot()
  let bound = freedom * root * root * root
  #expect(
    statistic < bound, "χ² \(statistic), bound \(bound): \(counts)", sourceLocation: sourceLocation)
}

@Suite struct UL2Tests {
  private func longUnit(documents: Int = 120, seed: UInt64 = 61) throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: documents, seed: seed))
  }

  private func objective(_ settings: [String: String] = [:]) throws -> any Objective {
    try make("ul2", settings, try smallVocabulary(for: "ul2", sentinels: 128))
  }

  @Test func windowsAreThoseOfTheTable() throws {
    let expected = [
      "tokens_length_r1": 567, "tokens_length_r2": 587, "tokens_length_x1": 765,
      "tokens_length_x2": 906, "tokens_length_x3": 599, "tokens_length_x4": 1004,
      "tokens_length_s": 510,
    ]
    let objective = try objective()
    for fact in objective.facts {
      if let length = expected[fact.name] { #expect(fact.value == length, "\(fact.name)") }
    }
    #expect(objective.facts.contains { $0.name == "targets_length" && $0.value == 511 })
    // Without mode tokens the windows are those of 512.
    let bare = try self.objective(["mode_tokens": "false", "max_spans": "sentinels"])
    #expect(bare.facts.first { $0.name == "tokens_length_x1" }?.value == 766)
    #expect(bare.facts.first { $0.name == "tokens_length_x4" }?.value == 1006)
    #expect(bare.needs.sentinels == 128)
  }

  @Test func tooFewSentinelsAreRefusedBeforeWorkStarts() throws {
    let error = #expect(throws: ObjectiveError.self) {
      try make("ul2", [:], try smallVocabulary(for: "ul2", sentinels: 100))
    }
    #expect(error?.code == .tooFewSentinels)
    let clamped = try make(
      "ul2", ["max_spans": "sentinels"], try smallVocabulary(for: "ul2", sentinels: 100))
    let built = try build(clamped, try longUnit())
    expectInverse(clamped, built)
    #expect(built.tally.count(of: .clampedRows) > 0)
  }

  @Test(arguments: [
    [:], ["tail": "pad"], ["layout": "decoder"], ["preset": "ul2", "max_spans": "sentinels"],
    ["preset": "ul2r"], ["roll": "true", "separator": "eos", "length": "128"],
    ["mode_tokens": "false", "max_spans": "sentinels", "pad": "none"], ["s_ratio": "0.25"],
    ["length": "16", "tail": "pad"], ["length": "9", "tail": "pad", "layout": "decoder"],
  ])
  func invertingARowGivesBackItsSource(settings: [String: String]) throws {
    let objective = try objective(settings)
    let unit = try longUnit()
    let built = try build(objective, unit)
    if settings["preset"] == "ul2" {
      for row in built.rows { #expect(objective.faults(in: row).isEmpty) }
    } else {
      expectInverse(objective, built)
    }
    let served = coverage(of: unit, in: built.frames)
    let dropped = built.report.drops.reduce(0) { $0 + $1.tokens }
    #expect(served.count { $0 == 0 } == dropped)
    #expect(served.allSatisfy { $0 <= 1 })
  }

  @Test func rowsTellTheirDenoiserByModeTaskAndCounts() throws {
    let objective = try objective()
    let built = try build(objective, try longUnit(documents: 300))
    // Noise tokens and spans of a full window of each task.
    let counts = [(85, 28), (88, 11), (382, 127), (453, 57), (90, 1), (502, 8)]
    var seen = Set<Int64>()
    for row in built.rows {
      let task = try #require(row["task"]?.first)
      seen.insert(task)
      let ids = try #require(row["input_ids"])
      #expect(ids[0] == (task < 2 ? 7 : task < 6 ? 8 : 9))
      let sentinels = ids.count { $0 >= 940 }
      let labels = try #require(row["labels"]).filter { $0 != -100 }
      guard task < 6 else {
        #expect(sentinels == 0 && labels.allSatisfy { $0 < 940 })
        continue
      }
      #expect(sentinels == counts[Int(task)].1)
      #expect(labels.count == counts[Int(task)].0 + counts[Int(task)].1 + 1)
    }
    #expect(seen == Set(0...6))
  }

  /// Denoisers are drawn once a window: the draws are independent.
  @Test(arguments: [
    ([:], [1, 1, 1, 1, 1, 1, 1]), (["preset": "ul2r"], [2, 0, 1, 0, 1, 0, 4]),
    (["weight_s": "2.5", "weight_r1": "0.5", "weight_x4": "0"], [0.5, 1, 1, 1, 1, 0, 2.5]),
  ])
  func denoisersAreDrawnByTheirWeights(settings: [String: String], weights: [Double]) throws {
    let objective = try objective(settings.merging(["length": "32"]) { $1 })
    let unit = try syntheticUnit(documents: [[Int](repeating: 1000, count: 300)])
    let framed = try objective.framing.frames(of: unit, random: try streams(seed: 62))
    var frame = Frame()
    var kinds = [Int](repeating: 0, count: weights.count { $0 > 0 })
    for index in 0..<framed.count {
      framed.load(index, into: &frame)
      kinds[frame.kind] += 1
    }
    #expect(framed.count > 4000)
    let sum = weights.reduce(0, +)
    expectShape(kinds, weights.filter { $0 > 0 }.map { $0 / sum })
  }

  @Test func allWeightsZeroIsRefused() {
    let names = ["r1", "r2", "x1", "x2", "x3", "x4", "s"]
    let settings = Dictionary(uniqueKeysWithValues: names.map { ("weight_\($0)", "0") })
    #expect(throws: ObjectiveError.self) { try objective(settings) }
  }

  @Test func theDecodersRowIsInputThenTarget() throws {
    let objective = try objective(["preset": "ul2r", "length": "256"])
    #expect(!objective.facts.contains { $0.name == "decoder_start_token_id" })
    let built = try build(objective, try longUnit())
    for row in built.rows {
      let ids = try #require(row["input_ids"])
      let labels = try #require(row["labels"])
      let prefix = Int(try #require(row["prefix_lengths"]?.first))
      let end = try #require(row["attention_mask"]).count { $0 == 1 }
      #expect(labels[..<prefix].allSatisfy { $0 == -100 })
      #expect(labels[prefix..<end] == ids[prefix..<end])
      #expect(labels[end...].allSatisfy { $0 == -100 })
      #expect(ids[end - 1] == 1 && !ids[..<(end - 1)].contains(1))
    }
  }

  @Test func spoiledRowsAreNamed() throws {
    let objective = try objective(["length": "64"])
    let built = try build(objective, try longUnit())
    var row = try #require(built.rows.first { $0["task"] == [0] })
    row["task"] = [1]
    #expect(!objective.faults(in: row).isEmpty)
    row["task"] = [2]
    #expect(objective.faults(in: row).first?.rule == "mode-token")
    row["task"] = [9]
    #expect(objective.faults(in: row).first?.rule == "task")
    row = try #require(built.rows.first { $0["task"] == [6] })
    row["labels"]?[0] = 1067
    #expect(objective.faults(in: row).contains { $0.rule == "sentinel" })
  }
}
