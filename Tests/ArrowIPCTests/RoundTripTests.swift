// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Testing

@Suite struct RoundTripTests {
  static let rowCounts = [0, 1, 63, 64, 65, 1000]
  static let compressions: [ArrowCompression] = [.none, .zstd(level: 3), .zstd(level: -5)]

  @Test(arguments: Samples.names, compressions)
  func everyTypeSurvives(name: String, compression: ArrowCompression) throws {
    for rows in Self.rowCounts {
      let batch = Samples.batch(rows: rows, name)
      let batches = [batch, batch]
      let fromFile = try Outcome.file(Written.file(batches, compression))
      let fromStream = try Outcome.stream(Written.stream(batches, compression))
      #expect(fromFile == batches, "\(rows) rows, file")
      #expect(fromStream == batches, "\(rows) rows, stream")
    }
  }

  @Test(arguments: compressions)
  func allTypesTogetherSurvive(compression: ArrowCompression) throws {
    let batches = [Samples.batch(rows: 65), Samples.batch(rows: 0), Samples.batch(rows: 7)]
    #expect(try Outcome.file(Written.file(batches, compression)) == batches)
    #expect(try Outcome.stream(Written.stream(batches, compression)) == batches)
  }

  @Test func aFileContainsItsStream() throws {
    let batches = [Samples.batch(rows: 9), Samples.batch(rows: 3)]
    let file = try Written.file(batches, .zstd(level: 3))
    #expect(try Outcome.stream(Array(file.dropFirst(8))) == batches)
  }

  @Test func bytesDoNotDependOnTheHistoryOfTheEncoder() throws {
    let batch = Samples.batch(rows: 100)
    var encoder = try BatchEncoder(schema: batch.schema, compression: .zstd(level: 3))
    let first = try encoder.encode(batch)
    _ = try encoder.encode(Samples.batch(rows: 1000))
    let again = try encoder.encode(batch)
    #expect(first == again)
  }

  @Test func buffersOfFilesAreAlignedTo64Bytes() throws {
    let pattern: [UInt8] = (0..<40).map { 0xC0 | $0 }
    let schema = ArrowSchema(fields: [ArrowField("a", .uint8), ArrowField("b", .uint8)])
    let batch = RecordBatch(
      schema: schema, rowCount: 40, columns: [.uint8(pattern), .uint8(pattern.reversed())])
    let file = try Written.file([batch, batch], .none)
    let starts = file.indices.filter { file[$0...].starts(with: pattern) }
    #expect(starts.count == 2)
    #expect(starts.allSatisfy { $0 % 64 == 0 })
  }

  @Test func metadataSurvivesAtEveryLevel() throws {
    let field = ArrowField("a", .int32, metadata: [ArrowKeyValue("k", "v"), ArrowKeyValue("", "")])
    let entries = [ArrowKeyValue("z", "1"), ArrowKeyValue("a", "naïve"), ArrowKeyValue("z", "2")]
    let schema = ArrowSchema(fields: [field], metadata: entries)
    let batch = RecordBatch(schema: schema, rowCount: 1, columns: [.int32([1])])
    let reader = try ArrowFileReader(
      bytes: Written.file([batch, batch], .none, metadata: [ArrowKeyValue("end", "x")]))
    #expect(reader.schema == schema)
    #expect(reader.footerMetadata.last == ArrowKeyValue("end", "x"))
    #expect(try reader.metadata(ofBatch: 1) == [ArrowKeyValue("batch", "1")])
    #expect(schema.metadataValue("z") == "1")
  }

  @Test func aTrailerOfNoRowsCarriesTotals() throws {
    let batch = Samples.batch(rows: 5, "list")
    let trailer = Samples.batch(rows: 0, "list")
    let totals = [ArrowKeyValue("prep:rows", "5")]
    var encoder = try BatchEncoder(schema: batch.schema, compression: .zstd(level: 1))
    let assembler = try ArrowStreamAssembler(schema: batch.schema)
    let bytes =
      try assembler.head() + encoder.encode(batch).bytes
      + encoder.encode(trailer, metadata: totals).bytes + assembler.tail()
    let reader = try ArrowStreamReader(bytes: bytes)
    #expect(try reader.next()?.0 == batch)
    let last = try #require(try reader.next())
    #expect(last.0 == trailer)
    #expect(last.1 == totals)
    #expect(try reader.next() == nil)
    #expect(reader.hasEndMarker)
  }
}
