// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Digests
import TestSupport
import Testing

@testable import Datasets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct DatasetStreamWriterTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  @Test func closesWithTotals() throws {
    let path = scratch("stream")
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    defer { close(descriptor) }
    let stream = try DatasetStreamWriter(schema: Sample.schema, descriptor: descriptor)
    var digests: [UInt8] = []
    var tokens = 0
    var encoder = try BatchEncoder(schema: Sample.schema, compression: .zstd(level: 3))
    for (first, unit) in [(0, "train-00000-000"), (9, "train-00001-000")] {
      let rows = Sample.rows(first, count: 9)
      let batch = try ShardBatch(
        rows.recordBatch(Sample.columns, schema: Sample.schema), tokens: rows.tokens.count,
        lossTokens: nil, encoder: &encoder,
        metadata: [ArrowKeyValue(DatasetStreamWriter.unitKey, unit)])
      try stream.append(batch)
      digests += batch.contentDigest.bytes
      tokens += rows.tokens.count
    }
    let empty = TokenRows(keptFields: 1).recordBatch(Sample.columns, schema: Sample.schema)
    try stream.finish(empty: empty.columns)

    let reader = try ArrowStreamReader(bytes: FileSystem.read(path))
    #expect(reader.schema == Sample.schema)
    let first = try #require(try reader.next())
    #expect(first.0.rowCount == 9)
    #expect(first.1 == [ArrowKeyValue("prep:unit", "train-00000-000")])
    _ = try #require(try reader.next())
    let (closing, totals) = try #require(try reader.next())
    #expect(closing.rowCount == 0)
    #expect(
      totals == [
        ArrowKeyValue("prep:content_sha256", "\(SHA256.digest(of: digests))"),
        ArrowKeyValue("prep:rows", "18"), ArrowKeyValue("prep:tokens", "\(tokens)"),
      ])
    #expect(try reader.next() == nil)
    #expect(reader.hasEndMarker)
  }

  @Test func tellsAReaderThatIsGoneFromAFullDisk() throws {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    defer { close(ends[1]) }
    let broken = try #require(throws: DatasetError.self) {
      try DatasetStreamWriter(schema: Sample.schema, descriptor: ends[1])
    }
    #expect(broken.code == .brokenPipe)
    let full = open("/dev/full", O_WRONLY)
    guard full >= 0 else { return }
    defer { close(full) }
    let error = try #require(throws: DatasetError.self) {
      try DatasetStreamWriter(schema: Sample.schema, descriptor: full)
    }
    #expect(error.code == .inputOutput)
  }
}
