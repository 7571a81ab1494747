// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct CausalLMTests {
  private let settings = ["length": "4", "document_order": "corpus"]

  @Test func documentsAreWindowedWithEOSBetween() throws {
    let unit = try syntheticUnit(documents: [[3], [2]])
    let built = try build(try make("clm", settings), unit)
    #expect(built.rows.map { $0["input_ids"] } == [[10, 11, 12, 1], [13, 14, 1, 0]])
    #expect(built.rows.map { $0["attention_mask"] } == [[1, 1, 1, 1], [1, 1, 1, 0]])
    #expect(built.rows[0]["labels"] == nil)
    #expect(built.tally.inputTokens == 7 && built.tally.inputPadding == 1)
    #expect(built.tally.lossTokens == 5)
  }

  @Test func labelsAreTheIDsUnshiftedAndIgnorePadding() throws {
    let unit = try syntheticUnit(documents: [[3], [2]])
    let built = try build(
      try make("clm", settings.merging(["labels": "column"]) { $1 }), unit)
    #expect(built.rows.map { $0["labels"] } == [[10, 11, 12, 1], [13, 14, 1, -100]])
  }

  @Test func segmentsNumberDocumentsAndRestartPositions() throws {
    let unit = try syntheticUnit(documents: [[2], [1], [2]])
    let objective = try make(
      "clm",
      ["length": "10", "document_order": "corpus", "labels": "column", "boundaries": "segments"])
    let row = try build(objective, unit).rows[0]
    #expect(row["input_ids"] == [10, 11, 1, 12, 1, 13, 14, 1, 0, 0])
    #expect(row["segment_ids"] == [1, 1, 1, 2, 2, 3, 3, 3, 0, 0])
    #expect(row["position_ids"] == [0, 1, 2, 0, 1, 0, 1, 2, 0, 0])
    #expect(row["labels"] == [10, 11, 1, -100, 1, -100, 14, 1, -100, -100])
    #expect(row["attention_mask"] == nil)
    #expect(objective.modelColumns == ["input_ids", "labels", "position_ids"])
  }

  @Test func windowsOfOneMoreShareATokenSoThatEachIsPredictedOnce() throws {
    let unit = try syntheticUnit(documents: [[9]])
    let built = try build(
      try make("clm", settings.merging(["window": "t+1", "separator": "none"]) { $1 }), unit)
    #expect(built.rows.map { $0["input_ids"] } == [[10, 11, 12, 13, 14], [14, 15, 16, 17, 18]])
    #expect(built.tally.lossTokens == 8)
  }

  @Test func theTailIsDroppedOnRequestAndThenNothingIsPadded() throws {
    let unit = try syntheticUnit(documents: [[6]])
    let objective = try make("clm", settings.merging(["tail": "drop"]) { $1 })
    let built = try build(objective, unit)
    #expect(built.rows.map { $0["input_ids"] } == [[10, 11, 12, 13]])
    #expect(objective.columns.map(\.name) == ["input_ids"])
    #expect(
      built.report.drops == [FramingReport.Drop(reason: .tail, documents: 1, tokens: 2)])
  }

  @Test func withoutPaddingRowsAreLists() throws {
    let unit = try syntheticUnit(documents: [[5]])
    let objective = try make("clm", settings.merging(["pad": "none"]) { $1 })
    let built = try build(objective, unit)
    #expect(built.rows.map { $0["input_ids"] } == [[10, 11, 12, 13], [14, 1]])
    #expect(objective.columns.map(\.shape) == [.list])
  }

  @Test func withoutAPadTokenEOSPadsAndTheMaskMarksItByPosition() throws {
    let vocabulary = try smallVocabulary(roles: ["eos": 1])
    let unit = try syntheticUnit(documents: [[2]])
    let built = try build(try make("clm", settings, vocabulary), unit)
    #expect(built.rows[0]["input_ids"] == [10, 11, 1, 1])
    #expect(built.rows[0]["attention_mask"] == [1, 1, 1, 0])
  }
}
