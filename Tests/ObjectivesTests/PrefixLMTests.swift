// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

@Suite struct PrefixLMTests {
  private func longUnit() throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: 80, seed: 63))
  }

  @Test(arguments: [
    [:], ["windows": "stream"], ["layout": "decoder"], ["tail": "drop"],
    ["windows": "stream", "separator": "eos", "tail": "drop"],
    ["layout": "decoder", "windows": "stream", "pad": "none"], ["noise_density": "0.25"],
    ["length": "4"], ["length": "5", "layout": "decoder"],
  ])
  func invertingARowGivesBackItsSource(settings: [String: String]) throws {
    let objective = try make("prefix-lm", ["length": "128"].merging(settings) { $1 })
    let unit = try longUnit()
    let built = try build(objective, unit)
    expectInverse(objective, built)
    let served = coverage(of: unit, in: built.frames)
    let dropped = built.report.drops.reduce(0) { $0 + $1.tokens }
    #expect(served.count { $0 == 0 } == dropped)
    #expect(served.allSatisfy { $0 <= 1 })
  }

  @Test func windowsStayInTheirDocuments() throws {
    let built = try build(
      try make("prefix-lm", ["length": "101", "document_order": "corpus"]),
      try syntheticUnit(documents: [[250], [1], [100], [], [101]]))
    #expect(built.frames.map(\.tokens.count) == [100, 100, 50, 100, 100])
    #expect(built.frames.allSatisfy { $0.pieces.count == 1 })
    let short = try #require(built.report.drops.first { $0.reason == .tooShort })
    #expect(short.documents == 2 && short.tokens == 2)
  }

  /// One split a row: uniform over 1...L − 1, or from round((1 − 2r)(L − 1)) on.
  @Test(arguments: [("0.5", 1), ("0.25", 19), ("0.1", 30)])
  func splitsAreUniform(density: String, shortest: Int) throws {
    let objective = try make("prefix-lm", ["length": "40", "noise_density": density])
    let unit = try syntheticUnit(documents: [[Int](repeating: 390, count: 1000)])
    let built = try build(objective, unit)
    #expect(built.rows.count == 10_000)
    var counts = [Int](repeating: 0, count: 39)
    for row in built.rows {
      counts[(try #require(row["input_ids"]).firstIndex(of: 1)) ?? 0] += 1
    }
    #expect(counts[..<shortest].allSatisfy { $0 == 0 })
    expectShape(
      Array(counts[shortest...]),
      [Double](repeating: 1 / Double(39 - shortest), count: 39 - shortest))
  }

  @Test func spoiledRowsAreNamed() throws {
    let objective = try make("prefix-lm", ["length": "32", "layout": "decoder"])
    let built = try build(objective, try longUnit())
    var row = try #require(built.rows.first)
    row["prefix_lengths"]?[0] += 1
    #expect(objective.faults(in: row).contains { $0.rule == "label" })
    row = try #require(built.rows.first)
    row["prefix_lengths"] = [-1]
    #expect(objective.faults(in: row).contains { $0.rule == "prefix-length" })
    row = try #require(built.rows.first)
    let prefix = Int(row["prefix_lengths"]?.first ?? 0)
    let ids = try #require(row["input_ids"])
    for index in 0..<prefix { row["labels"]?[index] = ids[index] }
    row["prefix_lengths"] = [0]
    #expect(objective.faults(in: row).contains { $0.rule == "split" })
  }
}
