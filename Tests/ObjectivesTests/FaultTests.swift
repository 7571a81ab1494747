// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

/// Good rows, spoiled one at a time: each fault is named.
@Suite struct FaultTests {
  private func row(
    _ name: String, _ settings: [String: String],
    documents: [[Int]] = [[40, 40, 7], [30, 30, 30]]
  ) throws -> (any Objective, ExampleRow) {
    let objective = try make(name, settings.merging(["document_order": "corpus"]) { $1 })
    let built = try build(objective, try syntheticUnit(documents: documents))
    let row = try #require(built.rows.first)
    #expect(objective.faults(in: row).isEmpty)
    return (objective, row)
  }

  /// The descriptions of the faults of a row after a change.
  private func faults(
    _ name: String, _ settings: [String: String] = [:], _ spoil: (inout ExampleRow) -> Void
  ) throws -> [String] {
    var (objective, row) = try row(name, settings)
    spoil(&row)
    return objective.faults(in: row).map(\.description)
  }

  private func selected(_ row: ExampleRow) -> Int {
    row["labels"]?.firstIndex { $0 != -100 } ?? 0
  }

  @Test func masked() throws {
    #expect(
      try faults("mlm") { $0["labels"]?[0] = 4 } == ["labels on a special token at position 0"])
    #expect(
      try faults("mlm") { $0["labels"]?[500] = 4 } == ["labels on padding at position 500"])
    // 87 tokens: round(0.15 × 87) = 13.
    let unlabelled = try faults("mlm") { row in
      let position = selected(row)
      let original = row["labels"]?[position] ?? 0
      row["input_ids"]?[position] = original
      row["labels"]?[position] = -100
    }
    #expect(unlabelled == ["12 masked where round(0.15 × 87) = 13 expected"])
    let leaked = try faults("mlm") { row in
      row["labels"] = row["labels"]?.map { _ in -100 }
    }
    #expect(leaked.contains { $0.hasPrefix("a mask token without a label at position") })
    #expect(leaked.contains("0 masked where round(0.15 × 87) = 13 expected") == false)
    #expect(
      try faults("mlm") { $0["input_ids"]?[0] = 10 } == [
        "id 10 where the framing token 4 is expected at position 0"
      ])
    #expect(
      try faults("mlm") { row in
        let position = selected(row)
        row["input_ids"]?[position] = 5
      }.first?
      .hasPrefix("the special token 5 as a random replacement") == true)
    #expect(
      try faults("mlm") { $0["input_ids"]?[20] = 1000 }.first
        == "id 1000 in input_ids outside the vocabulary of 1000 at position 20")
    #expect(
      try faults("mlm") { $0["attention_mask"]?[30] = 0 }.first
        == "attention_mask is not 1s followed by 0s at position 31")
    #expect(
      try faults("mlm") { $0["labels"]?.removeLast() } == [
        "511 values in labels, 512 expected"
      ])
    #expect(try faults("mlm") { $0["labels"] = nil } == ["no column labels"])
  }

  @Test func paired() throws {
    let settings = ["nsp": "true", "length": "128"]
    #expect(
      try faults("mlm", settings) { $0["next_sentence_label"] = [2] } == [
        "next_sentence_label 2, 0 or 1 expected"
      ])
    #expect(
      try faults("mlm", settings) { $0["token_type_ids"]?[0] = 1 }.first?
        .hasPrefix("token_type_ids are not 0…0 1…1, 0 at padding") == true)
    let moved = try faults("mlm", settings) { row in
      let boundary = row["token_type_ids"]?.firstIndex(of: 1) ?? 0
      row["token_type_ids"]?[boundary] = 0
    }
    #expect(moved.contains { $0.contains("where the framing token 5 is expected") })
  }

  @Test func packed() throws {
    let settings = ["packing": "best-fit", "length": "256", "position_offset": "2"]
    #expect(
      try faults("mlm", settings) { $0["position_ids"]?[3] = 9 } == [
        "position id 9, 5 expected at position 3"
      ])
    #expect(
      try faults("mlm", settings) { $0["segment_ids"]?[0] = 2 } == [
        "segment 2 follows 0 at position 0"
      ])
    // Documents of 87 and 90 tokens, each in [CLS] and [SEP].
    #expect(
      try faults("mlm", settings) { $0["input_ids"]?[89] = 10 } == [
        "id 10 where the framing token 4 is expected at position 89"
      ])
    #expect(
      try faults("mlm", settings) { $0["labels"]?[88] = 5 } == [
        "labels on a special token at position 88"
      ])
    #expect(
      try faults("mlm", settings) { $0["input_ids"]?[200] = 10 } == [
        "id 10 where segment_ids say padding (0) at position 200"
      ])
    #expect(
      try faults("mlm", settings) { $0["position_ids"]?[200] = 1 } == [
        "segment 0 after padding began at position 200"
      ])
  }

  @Test func swapped() throws {
    let settings = ["pairs": "sop", "length": "128"]
    #expect(
      try faults("mlm", settings) { $0["sentence_order_label"] = [2] } == [
        "sentence_order_label 2, 0 or 1 expected"
      ])
  }

  @Test func firstTokensHaveNothingBefore() throws {
    #expect(
      try faults("mntp") { $0["labels"]?[0] = 10 }.first
        == "a label that nothing stands before at position 0")
  }

  @Test func ratesThatMove() throws {
    let settings = ["rate": "0.3", "rate_end": "0.1", "rate_epochs": "3"]
    let many = try faults("mlm", settings) { row in
      let ids = row["input_ids"] ?? []
      let labels = row["labels"] ?? []
      row["labels"] = labels.indices.map { index in
        labels[index] == -100 && (1...40).contains(index) ? ids[index] : labels[index]
      }
    }
    #expect(many.first?.contains("masked where 9 to 26 (rates 0.1 to 0.3 of 87) expected") == true)
  }

  @Test func spans() throws {
    let settings = ["length": "64"]
    #expect(
      try faults("t5-span", settings) { row in
        guard let position = row["input_ids"]?.firstIndex(of: 999) else { return }
        row["input_ids"]?[position] = 998
      }.first?.hasPrefix("sentinel 998 where 999 is expected at position") == true)
    #expect(
      try faults("t5-span", settings) { $0["labels"]?[0] = 998 } == [
        "sentinel 998 where 999 is expected at position 0"
      ])
    #expect(
      try faults("t5-span", settings) { $0["input_ids"]?[63] = 10 } == [
        "input_ids do not end with EOS (1) at position 63"
      ])
    // A truncated target: the last label before EOS is gone.
    #expect(
      try faults("t5-span", settings) { row in
        row["labels"]?[12] = 1
        row["labels"]?[13] = -100
      } == ["69 source tokens in input_ids and labels, 70 expected"])
    #expect(
      try faults("t5-span", settings) { row in
        guard let position = row["labels"]?.firstIndex(of: 998) else { return }
        row["labels"]?[position] = 10
      }.first?.hasPrefix("sentinel 997 where 998 is expected") == true)
    // One more noise token, one fewer clean one: lengths are exact, so a column is too long.
    #expect(
      try faults("t5-span", settings) { $0["labels"]?[5] = -100 }.contains {
        $0.contains("after -100")
      })
  }

  @Test func causal() throws {
    let settings = [
      "length": "32", "labels": "column", "boundaries": "segments", "separator": "eos",
    ]
    #expect(
      try faults("clm", settings) { $0["labels"]?[3] = 11 }.first?
        .hasPrefix("label 11 where") == true)
    #expect(
      try faults("clm", settings) { $0["position_ids"]?[3] = 9 } == [
        "position id 9, 3 expected at position 3"
      ])
    #expect(
      try faults("clm", settings) { $0["segment_ids"]?[31] = 3 }.first
        == "segment 3 follows 1 at position 31")
    let masked = try faults("clm", ["length": "32"]) { row in
      row["attention_mask"] = row["attention_mask"]?.map { _ in 0 }
    }
    #expect(masked.contains("a row of nothing but padding"))
  }

  /// Whatever a file holds, checking it ends with an answer.
  @Test(arguments: LawTests.cases.filter { $0.settings["length"] == "24" })
  func spoiledRowsDoNotTrap(_ test: LawTests.Case) throws {
    let objective = try make(test.name, test.settings)
    let unit = try syntheticUnit(documents: try randomLengths(documents: 6, seed: 81))
    let good = try build(objective, unit).rows
    var stream = try streams(seed: 82).stream(.mask)
    var found = 0
    let values: [Int64] = [-100, -1, 0, 1, 4, 5, 6, 500, 999, 1000, .max, .min]
    for round in 0..<300 {
      var row = good[round % good.count]
      for _ in 0..<(1 + stream.uniform(below: 3)) {
        let name = objective.columns[stream.uniform(below: objective.columns.count)].name
        var column = row[name] ?? []
        switch stream.uniform(below: 5) {
        case 0: column.append(values[stream.uniform(below: values.count)])
        case 1: column = Array(column.prefix(stream.uniform(below: column.count + 1)))
        case 2: column = column.map { _ in values[stream.uniform(below: values.count)] }
        default:
          if !column.isEmpty {
            column[stream.uniform(below: column.count)] =
              values[stream.uniform(below: values.count)]
          }
        }
        row[name] = column
      }
      found += objective.faults(in: row).isEmpty ? 0 : 1
    }
    #expect(found > 100)
  }
}
