// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Objectives
import TestSupport
import Testing
import Validation

@testable import Datasets

/// Good examples, spoiled and sealed again with the right digests: the rows themselves give it
/// away.
@Suite struct ExampleDatasetTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private static let pairs = ["nsp": "true", "length": "64"]
  private static let spans = ["length": "64"]
  private static let ignored: Int64 = -100

  private func dataset(_ name: String, _ settings: [String: String]) throws -> EditableDataset {
    let dataset = try Sample.examples(name, settings, in: scratch("set"))
    let report = try dataset.validate()
    #expect(report.findings == [])
    #expect(report.rows > 2)
    return dataset
  }

  /// Changes one column of row 1 and expects a finding there, and only there.
  private func expect(
    _ rule: String, in dataset: EditableDataset, after column: String,
    sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout [Int64]) -> Void
  ) throws {
    try dataset.edit(shard: 0, row: 1, column, change)
    let report = try dataset.validate()
    #expect(report.rules.contains(rule), "\(report.findings)", sourceLocation: sourceLocation)
    #expect(
      report.findings.allSatisfy { $0.row == 1 && $0.count == 1 }, "\(report.findings)",
      sourceLocation: sourceLocation)
  }

  @Test(
    arguments: [
      ("mlm", ["length": "64"]), ("mlm", ["nsp": "true", "length": "64"]),
      ("t5-span", ["length": "64"]), ("clm", ["length": "64"]),
      ("clm", ["length": "32", "labels": "column", "boundaries": "segments", "separator": "eos"]),
    ] as [(String, [String: String])])
  func findsNothingWhereNothingIsWrong(_ name: String, _ settings: [String: String]) throws {
    _ = try dataset(name, settings)
  }

  // MARK: Masked language modelling with pairs

  @Test func aLabelOnASpecialToken() throws {
    try expect("label-on-special", in: dataset("mlm", Self.pairs), after: "labels") { $0[0] = 4 }
  }

  @Test func aLabelOnPadding() throws {
    let dataset = try dataset("mlm", ["length": "128"])
    try expect("label-on-special", in: dataset, after: "labels") { $0[127] = 20 }
  }

  @Test func aLabelThatIsGone() throws {
    try expect("mask-count", in: dataset("mlm", Self.pairs), after: "labels") { labels in
      if let first = labels.firstIndex(where: { $0 != Self.ignored }) {
        labels[first] = Self.ignored
      }
    }
  }

  @Test func aSpecialTokenThatIsMasked() throws {
    try expect("framing", in: dataset("mlm", Self.pairs), after: "input_ids") { $0[0] = 6 }
  }

  @Test func aMaskThatNobodyPredicts() throws {
    let dataset = try dataset("mlm", Self.pairs)
    try dataset.rewrite(shard: 0) { batch in
      let labels = batch.exampleRow(1, columns: ["labels"])["labels"] ?? []
      let position = labels.indices.first { $0 > 0 && labels[$0] == Self.ignored }
      return batch.editing("input_ids") { row, ids in
        if row == 1, let position { ids[position] = 6 }
      }
    }
    #expect(try dataset.validate().rules.contains("mask-without-label"))
  }

  @Test func anIDOutsideTheVocabulary() throws {
    try expect("id-range", in: dataset("mlm", Self.pairs), after: "input_ids") { $0[2] = 1000 }
  }

  @Test func aPairLabelOutOfRange() throws {
    try expect(
      "pair-label", in: dataset("mlm", Self.pairs), after: "next_sentence_label"
    ) { $0 = [2] }
  }

  @Test func segmentsThatDoNotFollowEachOther() throws {
    try expect(
      "token-types", in: dataset("mlm", Self.pairs), after: "token_type_ids"
    ) { $0[0] = 1 }
  }

  @Test func aMaskWithAHole() throws {
    try expect("mask-shape", in: dataset("mlm", Self.pairs), after: "attention_mask") { $0[3] = 0 }
  }

  @Test(arguments: [[0, 0, 0, 0], []] as [[Int64]])
  func provenanceOfDifferentLengths(_ values: [Int64]) throws {
    try expect("provenance", in: dataset("mlm", Self.pairs), after: "source_offset") { $0 = values }
  }

  // MARK: Span corruption

  @Test func sentinelsOutOfOrder() throws {
    try expect("sentinel-order", in: dataset("t5-span", Self.spans), after: "labels") {
      $0[0] = 998
    }
  }

  @Test func aLostSentinel() throws {
    try expect("sentinel-order", in: dataset("t5-span", Self.spans), after: "input_ids") { ids in
      if let first = ids.firstIndex(of: 999) { ids[first] = 20 }
    }
  }

  @Test func inputsWithoutTheirEnd() throws {
    try expect("eos", in: dataset("t5-span", Self.spans), after: "input_ids") { $0[63] = 20 }
  }

  @Test func targetsThatWereCut() throws {
    try expect("padding", in: dataset("t5-span", Self.spans), after: "labels") {
      $0[3] = Self.ignored
    }
  }

  // MARK: Causal language modelling

  @Test func aLabelThatIsNotTheToken() throws {
    let settings = ["length": "32", "labels": "column"]
    let dataset = try dataset("clm", settings)
    try dataset.edit(shard: 0, row: 1, "labels") { $0[5] = 700 }
    let report = try dataset.validate()
    #expect(report.findings.count == 1)
    #expect(report.findings.first?.row == 1)
  }

  @Test func aPositionThatDoesNotCount() throws {
    let settings = [
      "length": "32", "labels": "column", "boundaries": "segments", "separator": "eos",
    ]
    let dataset = try dataset("clm", settings)
    try dataset.edit(shard: 0, row: 0, "position_ids") { $0[3] = 9 }
    let report = try dataset.validate()
    #expect(report.findings.map(\.message) == ["position id 9, 3 expected at position 3"])
  }

  // MARK: Counts

  @Test func tokensAreCountedAsTheManifestCountsThem() throws {
    let dataset = try dataset("mlm", ["length": "128"])
    let manifest = try Dataset(dataset.directory).manifest
    let report = try dataset.validate()
    #expect(report.tokens == manifest.shards[0].tokens)
    // Padding is no token.
    #expect(report.tokens < report.rows * 128)
    try dataset.editManifest { $0.units[0].shards[0].tokens = report.rows * 128 }
    #expect(try dataset.validate().findings.map(\.rule) == ["token-count"])
  }
}
