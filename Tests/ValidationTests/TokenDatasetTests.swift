// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Digests
import TestSupport
import Testing
import Validation

@testable import Datasets

/// Good token datasets, spoiled one at a time: each distortion is found and named.
@Suite struct TokenDatasetTests {
  private let scratch: ScratchDirectory
  private let dataset: EditableDataset
  private let first = "train-00000-000.arrow"
  private let second = "train-00001-000.arrow"

  init() throws {
    scratch = try ScratchDirectory()
    dataset = try Sample.tokens(in: scratch("set"))
  }

  @Test(arguments: [1, 2, 5])
  func findsNothingWhereNothingIsWrong(_ threads: Int) throws {
    let report = try dataset.validate(threads: threads)
    #expect(report.findings == [])
    #expect(report.isGood)
    #expect(report.shards == 2)
    #expect(report.rows == 18)
    let tokens = try Dataset(dataset.directory).manifest.shards.reduce(0) { $0 + $1.tokens }
    #expect(report.tokens == tokens)
  }

  // MARK: Files

  @Test func aFlippedBit() throws {
    try dataset.edit(second) { $0[$0.count / 2] ^= 1 }
    let report = try dataset.validate()
    let digest = try #require(report.findings.first)
    #expect(digest.rule == "file-digest")
    #expect(digest.file == second)
    #expect(report.findings.allSatisfy { $0.file == second })
  }

  @Test func aLostShard() throws {
    try FileSystem.remove(dataset.path(second))
    let report = try dataset.validate()
    #expect(report.rules == ["missing-file", "unreadable-shard"])
    #expect(report.findings.allSatisfy { $0.file == second })
    #expect(report.shards == 1)
  }

  @Test func aShardThatWasCutShort() throws {
    try dataset.edit(first) { $0.removeLast(100) }
    #expect(try dataset.validate().rules == ["file-size", "file-digest", "unreadable-shard"])
    try dataset.reseal()
    #expect(try dataset.validate().rules == ["file-size", "shard-digest", "unreadable-shard"])
  }

  @Test func aSurplusFile() throws {
    try scratch.write("set/train-00002-000.arrow", "left over")
    let report = try dataset.validate()
    #expect(report.findings.map(\.rule) == ["surplus-file"])
    #expect(report.findings.first?.file == "train-00002-000.arrow")
  }

  @Test func shardsThatChangedPlaces() throws {
    let bytes = try FileSystem.read(dataset.path(first))
    try FileSystem.replace(
      dataset.path(first), with: FileSystem.read(dataset.path(second)))
    try FileSystem.replace(dataset.path(second), with: bytes)
    #expect(
      try dataset.validate().rules == [
        "file-size", "file-digest", "row-count", "token-count", "content-digest",
      ])
  }

  @Test func missingOrUnreadableSums() throws {
    try dataset.edit(ChecksumList.fileName) { $0 = Array("sums".utf8) }
    #expect(try dataset.validate().rules == ["sums"])
    try FileSystem.remove(dataset.path(ChecksumList.fileName))
    let report = try dataset.validate()
    #expect(report.rules == ["sums"])
    #expect(report.rows == 18)
  }

  @Test func anotherTokenizer() throws {
    try dataset.edit("tokenizer.json") { $0 += Array(" ".utf8) }
    #expect(try dataset.validate().rules == ["file-digest", "stale-tokenizer"])
    try dataset.reseal()
    let report = try dataset.validate()
    #expect(report.findings.map(\.rule) == ["stale-tokenizer"])
    #expect(report.findings.first?.file == "tokenizer.json")
    try FileSystem.remove(dataset.path("tokenizer.json"))
    try dataset.reseal()
    #expect(try dataset.validate().findings.map(\.rule) == ["missing-file"])
  }

  // MARK: The manifest

  @Test func anEditedManifest() throws {
    try dataset.edit(Manifest.fileName) { $0.insert(UInt8(ascii: " "), at: 1) }
    let report = try dataset.validate()
    #expect(report.findings.map(\.rule) == ["file-digest"])
    #expect(report.findings.first?.file == "manifest.json")
  }

  @Test func countsThatAreNotThoseOfTheShard() throws {
    try dataset.editManifest { manifest in
      manifest.units[1].shards[0].rows += 1
      manifest.units[0].shards[0].tokens -= 1
    }
    let report = try dataset.validate()
    #expect(report.findings.map(\.rule) == ["token-count", "row-count"])
    #expect(report.findings.map(\.file) == [first, second])
    #expect(report.findings.last?.message == "8 rows, the manifest says 9")
  }

  @Test func digestsThatAreNotThoseOfTheShard() throws {
    try dataset.editManifest { manifest in
      manifest.units[0].shards[0].contentDigest = SHA256.digest(of: [])
      manifest.units[1].shards[0].digest = SHA256.digest(of: [])
    }
    let report = try dataset.validate()
    #expect(report.findings.map(\.rule) == ["shard-digest", "content-digest"])
    #expect(report.findings.map(\.file) == [second, first])
  }

  @Test func aShardThatNobodySealed() throws {
    try dataset.edit(ChecksumList.fileName) { bytes in
      let lines = bytes.split(separator: UInt8(ascii: "\n")).dropLast()
      bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
    }
    let report = try dataset.validate()
    #expect(report.rules == ["surplus-file", "missing-file"])
    #expect(report.findings.allSatisfy { $0.file == second })
  }

  // MARK: Rows

  @Test(
    arguments: [
      ("id-range", "input_ids", [1000]), ("sentence-starts", "sentence_starts", [0, 4, 4]),
      ("sentence-starts", "sentence_starts", [1, 4]), ("sentence-starts", "sentence_starts", []),
      ("sentence-starts", "sentence_starts", [0, 500]), ("word-starts", "word_starts", [1, 0, 0]),
      ("source", "source", [2]),
    ] as [(String, String, [Int64])])
  func aRowThatIsNotAsItShouldBe(
    _ rule: String, _ column: String, _ values: [Int64]
  ) throws {
    // Row 8 is the third of the second batch.
    try dataset.edit(shard: 0, row: 2, column) {
      $0 =
        values.count == 1 && column == "input_ids"
        ? Array($0.dropLast()) + values : values
    }
    let report = try dataset.validate()
    #expect(report.rules == [rule])
    let finding = try #require(report.findings.first)
    #expect(finding.file == first)
    #expect(finding.row == 2)
    // Both batches have a third row.
    #expect(finding.count == 2)
    #expect(finding.description.hasPrefix("\(first), row 2: [\(rule)] "))
    #expect(finding.description.hasSuffix("(and 1 more)"))
  }

  @Test func aDocumentWithoutTokens() throws {
    try dataset.rewrite(shard: 1) { batch in
      ["input_ids", "word_starts", "sentence_starts"].reduce(batch) { batch, name in
        batch.editing(name) { row, values in if row == 5 { values = [] } }
      }
    }
    let report = try dataset.validate()
    #expect(report.rules == ["empty-document"])
    #expect(report.findings.first?.row == 5)
  }

  @Test func aDocumentWithoutAnID() throws {
    try dataset.rewrite(shard: 1) { batch in
      batch.replacing("id", by: .utf8((0..<batch.rowCount).map { $0 == 3 ? "" : "d\($0)" }))
    }
    let report = try dataset.validate()
    #expect(report.findings.map(\.rule) == ["document-id"])
    #expect(report.findings.first?.row == 3)
  }

  // MARK: Columns

  @Test func columnsThatTheParametersDoNotDemand() throws {
    try dataset.rewrite(shard: 0) { batch in
      batch.without("word_starts")
        .replacing("source", by: .int32(Array(repeating: 0, count: batch.rowCount)))
        .replacing("extra", by: .uint8(Array(repeating: 0, count: batch.rowCount)))
    }
    let report = try dataset.validate()
    #expect(
      Set(report.findings.map { "\($0.rule) \($0.file ?? "")" }) == [
        "missing-column \(first)", "column-type \(first)", "surplus-column \(first)",
      ])
  }

  @Test func metadataOfAnotherDataset() throws {
    try dataset.rewrite(shard: 1) { batch in
      RecordBatch(
        schema: ArrowSchema(
          fields: batch.schema.fields, metadata: [ArrowKeyValue("prep:kind", "examples")]),
        rowCount: batch.rowCount, columns: batch.columns)
    }
    let report = try dataset.validate()
    #expect(report.findings.map(\.rule) == ["schema-metadata"])
    #expect(report.findings.first?.message.contains("'prep:kind'") == true)
  }

  @Test func rulesThatCannotBeMadeAreAFinding() throws {
    struct Unknown: Error, CustomStringConvertible { let description = "no such objective" }
    let report = try DatasetValidation(directory: dataset.directory, threads: 1)
      .run(rules: { _ in throw Unknown() }, progress: { _, _ in })
    #expect(report.findings.map(\.description) == ["manifest.json: [manifest] no such objective"])
  }

  @Test func progressCountsRows() throws {
    var steps: [Int] = []
    _ = try DatasetValidation(directory: dataset.directory, threads: 2)
      .run(rules: dataset.rules) { done, total in
        steps.append(done)
        #expect(total == 18)
      }
    #expect(steps == [6, 10, 17, 18])
  }
}
