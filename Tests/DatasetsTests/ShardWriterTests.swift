// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Digests
import TestSupport
import Testing

@testable import Datasets

@Suite struct ShardWriterTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private func shard(
    _ name: String, compression: ArrowCompression = .zstd(level: 3), lossTokens: Int? = nil
  ) throws -> Manifest.Shard {
    let writer = try ShardWriter(
      directory: scratch.path, file: name, split: "train", schema: Sample.schema)
    var encoder = try BatchEncoder(schema: Sample.schema, compression: compression)
    for first in [0, 40] {
      let rows = Sample.rows(first, count: 40)
      try writer.append(
        ShardBatch(
          rows.recordBatch(Sample.columns, schema: Sample.schema), tokens: rows.tokens.count,
          lossTokens: lossTokens, encoder: &encoder))
    }
    #expect(writer.rows == 80)
    #expect(!FileSystem.exists(scratch(name)))
    return try writer.finish()
  }

  @Test func saysWhatIsInTheFile() throws {
    let shard = try shard("a.arrow")
    let bytes = try FileSystem.read(scratch("a.arrow"))
    #expect(try FileSystem.names(in: scratch.path) == ["a.arrow"])
    #expect(shard.file == "a.arrow")
    #expect(shard.split == "train")
    #expect(shard.rows == 80)
    #expect(shard.tokens == Sample.rows(0, count: 80).tokens.count)
    #expect(shard.lossTokens == nil)
    #expect(shard.bytes == bytes.count)
    #expect(shard.digest == SHA256.digest(of: bytes))
  }

  @Test func readsBackAsItWasWritten() throws {
    _ = try shard("a.arrow")
    let reader = try ArrowFileReader(path: scratch("a.arrow"))
    #expect(reader.schema == Sample.schema)
    #expect(reader.batchCount == 2)
    let second = Sample.rows(40, count: 40).recordBatch(Sample.columns, schema: Sample.schema)
    #expect(try reader.batch(1) == second)
  }

  /// The digest of the content is the same for any compression, that of the file is not.
  @Test func contentDigestIsOfDecodedContent() throws {
    let shards = try [
      shard("none.arrow", compression: .none), shard("fast.arrow", compression: .zstd(level: 1)),
      shard("slow.arrow", compression: .zstd(level: 19)),
    ]
    #expect(Set(shards.map(\.contentDigest)).count == 1)
    #expect(Set(shards.map(\.digest)).count == 3)
    // Its definition: SHA-256 over the digests of the batches' logical buffers.
    let reader = try ArrowFileReader(path: scratch("slow.arrow"))
    var all: [UInt8] = []
    for index in 0..<reader.batchCount {
      var buffers: [UInt8] = []
      try reader.batch(index).forEachLogicalBuffer { buffers += Array($0) }
      all += SHA256.digest(of: buffers).bytes
    }
    #expect(shards[0].contentDigest == SHA256.digest(of: all))
  }

  @Test func addsUpPositionsWithALoss() throws {
    #expect(try shard("a.arrow", lossTokens: 11).lossTokens == 22)
  }

  @Test func aShardMayHaveNoRows() throws {
    let writer = try ShardWriter(
      directory: scratch.path, file: "e.arrow", split: "train", schema: Sample.schema)
    let shard = try writer.finish()
    #expect(shard.rows == 0)
    #expect(try ArrowFileReader(path: scratch("e.arrow")).batchCount == 0)
    #expect(shard.contentDigest == SHA256.digest(of: []))
  }

  @Test func namesTheFileThatCannotBeCreated() throws {
    let error = try #require(throws: DatasetError.self) {
      try ShardWriter(
        directory: scratch("nowhere"), file: "a.arrow", split: "train", schema: Sample.schema)
    }
    #expect(error.code == .outputRefused)
    #expect(error.path == scratch("nowhere/a.arrow.tmp"))
  }
}
