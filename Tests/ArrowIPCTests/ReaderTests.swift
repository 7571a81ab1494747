// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Foundation
import Testing

@Suite struct ArrowFileReaderTests {
  private func withFile<R>(_ bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
    let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).arrow")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
  }

  @Test func filesAreReadFromDiskInAnyOrder() throws {
    let batches = [Samples.batch(rows: 70), Samples.batch(rows: 3)]
    try withFile(Written.file(batches, .zstd(level: 3))) { path in
      let reader = try ArrowFileReader(path: path)
      #expect(reader.batchCount == 2)
      #expect(reader.schema == batches[0].schema)
      #expect(try reader.rowCount(ofBatch: 1) == 3)
      #expect(try reader.batch(1) == batches[1])
      #expect(try reader.batch(0) == batches[0])
    }
  }

  @Test func columnsComeInTheOrderOfTheirNames() throws {
    let batch = Samples.batch(rows: 65)
    let reader = try ArrowFileReader(bytes: Written.file([batch], .zstd(level: 3)))
    let names = ["structure", "bool", "list of list"]
    let chosen = try reader.batch(0, columns: names)
    #expect(chosen.schema.fields.map(\.name) == names)
    #expect(chosen.columns == names.compactMap { batch[$0] })
    #expect(chosen.rowCount == 65)
    #expect(try reader.batch(0, columns: []).columns.isEmpty)
    for wrong in [["nothing"], ["bool", "bool"]] {
      let error = #expect(throws: ArrowError.self) { try reader.batch(0, columns: wrong) }
      #expect(error?.code == .invalidArgument)
    }
    for index in [-1, 1] {
      #expect(throws: ArrowError.self) { try reader.batch(index) }
    }
  }

  @Test func damageInOtherColumnsDoesNotMatter() throws {
    let schema = ArrowSchema(fields: [ArrowField("a", .uint8), ArrowField("b", .uint8)])
    let marks = [UInt8](repeating: 0xA5, count: 20)
    let batch = RecordBatch(schema: schema, rowCount: 20, columns: [.uint8(marks), .uint8(marks)])
    var file = try Written.file([batch], .zstd(level: 3))
    let first = try #require(file.indices.first { file[$0...].starts(with: [0x28, 0xB5, 0x2F]) })
    file[first + 8] ^= 1
    let reader = try ArrowFileReader(bytes: file)
    #expect(try reader.batch(0, columns: ["b"]).columns == [.uint8(marks)])
    let error = #expect(throws: ArrowError.self) { try reader.batch(0) }
    #expect(error?.code == .corrupt)
    #expect(error?.column == "a")
    #expect(error?.offset == first - 8)
  }

  @Test func errorsNameTheFileAndThePlace() throws {
    let missing = "/nonexistent/shard.arrow"
    let error = #expect(throws: ArrowError.self) { try ArrowFileReader(path: missing) }
    #expect(error?.code == .system)
    #expect(error?.description == "\(missing): cannot open the file: No such file or directory")
    let directory = #expect(throws: ArrowError.self) { try ArrowFileReader(path: "/tmp") }
    #expect(directory?.code == .system)
    let cut = try Written.file([Samples.batch(rows: 3)], .none).dropLast(9)
    try withFile(Array(cut)) { path in
      let error = #expect(throws: ArrowError.self) { try ArrowFileReader(path: path) }
      #expect(error?.code == .truncated)
      #expect(error?.path == path)
    }
  }

  @Test func otherThingsAreCalledWhatTheyAre() throws {
    let stream = try Written.stream([Samples.batch(rows: 1)], .none)
    let error = #expect(throws: ArrowError.self) { try ArrowFileReader(bytes: stream) }
    #expect(error?.code == .notArrow)
    #expect(error?.message == "an Arrow stream, not a file")
    for bytes in [[], Array("PAR1".utf8), Array("{\"text\": \"hello, world\"}".utf8)] {
      let error = #expect(throws: ArrowError.self) { try ArrowFileReader(bytes: bytes) }
      #expect(error?.code == .notArrow)
    }
  }

  @Test func limitsAreObserved() throws {
    let file = try Written.file([Samples.batch(rows: 1000, "uint64")], .zstd(level: 3))
    var options = ArrowReadOptions()
    options.maximumBatchBytes = 8000
    #expect(throws: Never.self) { try Outcome.file(file, options: options) }
    options.maximumBatchBytes = 7999
    let error = #expect(throws: ArrowError.self) { try Outcome.file(file, options: options) }
    #expect(error?.code == .limitExceeded)
    options.maximumMetadataBytes = 64
    let other = #expect(throws: ArrowError.self) { try Outcome.file(file, options: options) }
    #expect(other?.code == .limitExceeded)
  }
}

@Suite struct ArrowStreamReaderTests {
  private struct Interrupted: Error {}

  @Test func sourcesMayDeliverByteByByte() throws {
    let batches = [Samples.batch(rows: 5), Samples.batch(rows: 2)]
    let bytes = try Written.stream(batches, .zstd(level: 3))
    var position = 0
    let reader = try ArrowStreamReader { buffer in
      guard position < bytes.count else { return 0 }
      buffer[0] = bytes[position]
      position += 1
      return 1
    }
    #expect(try reader.next()?.0 == batches[0])
    #expect(try reader.next()?.0 == batches[1])
    #expect(try reader.next() == nil)
    #expect(try reader.next() == nil)
    #expect(reader.hasEndMarker)
    #expect(position == bytes.count)
  }

  @Test func bytesBehindTheEndAreLeftAlone() throws {
    let batch = Samples.batch(rows: 5, "list")
    let bytes = try Written.stream([batch], .none)
    #expect(try Outcome.stream(bytes + [1, 2, 3]) == [batch])
  }

  @Test func aStreamWithoutEndMarkerSaysSo() throws {
    let batch = Samples.batch(rows: 5, "list")
    let reader = try ArrowStreamReader(bytes: try Written.stream([batch], .none).dropLast(8))
    #expect(try reader.next()?.0 == batch)
    #expect(try reader.next() == nil)
    #expect(!reader.hasEndMarker)
  }

  @Test func errorsOfTheSourcePassThroughAndStay() throws {
    let bytes = try Written.stream([Samples.batch(rows: 5)], .none)
    let head = try ArrowStreamAssembler(schema: Samples.batch(rows: 5).schema).head().count
    var position = 0
    let reader = try ArrowStreamReader { buffer in
      guard position < head else { throw Interrupted() }
      let count = min(buffer.count, head - position)
      buffer.copyBytes(from: bytes[position..<(position + count)])
      position += count
      return count
    }
    for _ in 0..<2 { #expect(throws: Interrupted.self) { try reader.next() } }
  }

  @Test func announcedSizesAreNotBelieved() throws {
    // A gigabyte is announced and never comes; only what arrives is stored.
    let schema = Samples.batch(rows: 0, "uint8").schema
    let head = try ArrowStreamAssembler(schema: schema).head()
    let announced: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0x40]
    var options = ArrowReadOptions()
    let refused = #expect(throws: ArrowError.self) {
      try Outcome.stream(head + announced, options: options)
    }
    #expect(refused?.code == .limitExceeded)
    options.maximumMetadataBytes = Int.max
    let cut = #expect(throws: ArrowError.self) {
      try Outcome.stream(head + announced, options: options)
    }
    #expect(cut?.code == .truncated)
  }

  @Test func otherThingsAreCalledWhatTheyAre() throws {
    let file = try Written.file([Samples.batch(rows: 1)], .none)
    let error = #expect(throws: ArrowError.self) { try Outcome.stream(file) }
    #expect(error?.message == "an Arrow file, not a stream")
    let nothing = #expect(throws: ArrowError.self) { try Outcome.stream([]) }
    #expect(nothing?.code == .truncated)
  }
}
