// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Objectives
import Testing

@testable import Datasets

@Suite struct TokenUnitLoaderTests {
  private func load(_ batches: [RecordBatch], _ schema: ArrowSchema) throws -> TokenizedUnit {
    var loader = try TokenUnitLoader(schema: schema, path: "x.arrow")
    for batch in batches { try loader.append(batch) }
    return try loader.unit(ordinal: 7)
  }

  @Test func putsBatchesTogether() throws {
    let sizes = [(0, 4), (4, 1), (5, 6)]
    let batches = sizes.map {
      Sample.rows($0.0, count: $0.1).recordBatch(Sample.columns, schema: Sample.schema)
    }
    let unit = try load(batches, Sample.schema)
    let whole = Sample.rows(0, count: 11)
    #expect(unit.ordinal == 7)
    #expect(unit.documentIDs == (0..<11).map { "doc-\($0)" })
    #expect(unit.tokens == whole.tokens)
    #expect(unit.wordStarts == whole.wordStarts)
    #expect(unit.sentenceStarts?.starts == whole.sentenceStarts)
    let lengths = (0..<11).map { whole.tokenCount(row: $0) }
    #expect(zip(unit.documentOffsets.dropFirst(), unit.documentOffsets).map(-) == lengths)
    #expect(unit.sentenceStarts?.offsets.count == 12)
  }

  @Test func whatIsNotStoredIsNotThere() throws {
    let columns = TokenColumns(
      vocabularySize: 1000, wordStarts: false, sentenceStarts: false, text: false,
      keptFields: ["url"])
    let schema = columns.schema(metadata: [])
    let unit = try load([Sample.rows(0, count: 3).recordBatch(columns, schema: schema)], schema)
    #expect(unit.wordStarts == nil)
    #expect(unit.sentenceStarts == nil)
    #expect(unit.documentCount == 3)
  }

  @Test func refusesOtherFiles() throws {
    let schema = ArrowSchema(fields: [ArrowField("text", .utf8)])
    let error = try #require(throws: DatasetError.self) {
      try TokenUnitLoader(schema: schema, path: "x.arrow")
    }
    #expect(error.code == .notADataset)
    #expect(error.description.hasPrefix("x.arrow: "))
  }

  /// Columns of another type or with nulls are refused by name.
  @Test func refusesColumnsOfAnotherType() throws {
    let ids = ArrowArray.list(offsets: [0, 1], .uint16([3]))
    let cases: [(String, [(String, ArrowArray)])] = [
      ("id", [("id", .uint16([1])), ("input_ids", ids)]),
      ("input_ids", [("id", .utf8(["a"])), ("input_ids", .uint16([3]))]),
      ("input_ids", [("id", .utf8(["a"])), ("input_ids", ids.withValidity([false]))]),
      (
        "word_starts",
        [("id", .utf8(["a"])), ("input_ids", ids), ("word_starts", .bool([true]))]
      ),
    ]
    for (name, columns) in cases {
      let schema = ArrowSchema(
        fields: columns.map { ArrowField($0.0, $0.1.type, isNullable: true) })
      let batch = RecordBatch(schema: schema, rowCount: 1, columns: columns.map(\.1))
      let error = try #require(throws: DatasetError.self) { try load([batch], schema) }
      #expect(error.code == .corrupt)
      #expect(error.message.contains("'\(name)'"))
    }
  }

  @Test func refusesColumnsThatContradictEachOther() throws {
    let columns: [(String, ArrowArray)] = [
      ("id", .utf8(["a"])), ("input_ids", .list(offsets: [0, 2], .uint16([3, 4]))),
      ("sentence_starts", .list(offsets: [0, 2], .uint32([0, 2]))),
    ]
    let schema = ArrowSchema(fields: columns.map { ArrowField($0.0, $0.1.type) })
    let batch = RecordBatch(schema: schema, rowCount: 1, columns: columns.map(\.1))
    let error = try #require(throws: DatasetError.self) { try load([batch], schema) }
    #expect(error.code == .corrupt)
    #expect(error.message.contains("sentence start 2"))
  }
}
