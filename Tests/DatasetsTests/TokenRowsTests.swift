// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import JSON
import Testing

@testable import Datasets

@Suite struct TokenRowsTests {
  @Test func namesAndTypesFollowTheParameters() {
    let all = TokenColumns(
      vocabularySize: 65_537, wordStarts: true, sentenceStarts: true, text: true,
      keptFields: ["url", "date"])
    #expect(
      all.schema(metadata: []).fields.map { "\($0.name) \($0.type)" } == [
        "id string", "input_ids list<item: uint32 not null>",
        "word_starts list<item: bool not null>", "sentence_starts list<item: uint32 not null>",
        "source uint16", "lang string", "text string", "url string", "date string",
      ])
    let least = TokenColumns(
      vocabularySize: 65_536, wordStarts: false, sentenceStarts: false, text: false,
      keptFields: [])
    #expect(
      least.schema(metadata: []).fields.map { "\($0.name) \($0.type)" } == [
        "id string", "input_ids list<item: uint16 not null>", "source uint16", "lang string",
      ])
    let names = Set(all.schema(metadata: []).fields.map(\.name))
    #expect(TokenColumns.reservedNames == names.subtracting(["url", "date"]))
  }

  /// Rows that are appended by ranges give the batch that rows appended one by one give.
  @Test(arguments: [[5], [2, 3], [1, 1, 1, 1, 1], [0, 4, 0, 1]])
  func appendingRangesEqualsAppendingRows(_ pieces: [Int]) throws {
    let source = Sample.rows(100, count: 11)
    var byRanges = TokenRows(keptFields: 1)
    var byRows = TokenRows(keptFields: 1)
    var next = 3
    for count in pieces {
      byRanges.append(contentsOf: source, rows: next..<(next + count))
      for row in next..<(next + count) { byRows.append(contentsOf: source, rows: row..<(row + 1)) }
      next += count
    }
    let expected = Sample.rows(103, count: 5).recordBatch(Sample.columns, schema: Sample.schema)
    #expect(byRanges.recordBatch(Sample.columns, schema: Sample.schema) == expected)
    #expect(byRows.recordBatch(Sample.columns, schema: Sample.schema) == expected)
    #expect((0..<5).map { byRanges.tokenCount(row: $0) } == expected.lengths("input_ids"))
  }

  @Test func columnsThatAreNotThereStayAway() throws {
    let columns = TokenColumns(
      vocabularySize: 70_000, wordStarts: false, sentenceStarts: false, text: true, keptFields: [])
    var source = TokenRows(keptFields: 0)
    for (id, tokens) in [("a", [69_999, 3]), ("b", [4])] as [(String, [UInt32])] {
      source.ids.append(id.utf8)
      source.tokens += tokens
      source.sources.append(0)
      source.languages.append("und".utf8)
      source.texts.append("text of \(id)".utf8)
      source.endRow()
    }
    var copy = TokenRows(keptFields: 0)
    copy.append(contentsOf: source, rows: 1..<2)
    copy.append(contentsOf: source, rows: 0..<1)
    let schema = columns.schema(metadata: [])
    let batch = copy.recordBatch(columns, schema: schema)
    try batch.validate()
    #expect(batch.json(row: 0)["text"] == "text of b")
    #expect(
      batch.json(row: 1) == [
        "id": "a", "input_ids": [69_999, 3], "source": 0, "lang": "und", "text": "text of a",
      ])
  }

  @Test func noRowsGiveAValidBatch() throws {
    let batch = TokenRows(keptFields: 1).recordBatch(Sample.columns, schema: Sample.schema)
    try batch.validate()
    #expect(batch.rowCount == 0)
  }
}

extension RecordBatch {
  /// How many values each row of a list column has.
  func lengths(_ name: String) -> [Int] {
    (0..<rowCount).compactMap { self[name]?.range(at: $0)?.count }
  }
}
