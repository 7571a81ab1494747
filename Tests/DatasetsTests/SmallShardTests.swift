// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Digests
import TestSupport
import Testing

@testable import Datasets

/// Every single accident to a small shard: an error of the reader, or another digest of the content or
/// of the file than the manifest's.
@Suite struct SmallShardTests {
  /// A shard in memory and its record.
  private struct Sealed {
    var bytes: [UInt8]
    var record: Manifest.Shard
  }

  private let scratch: ScratchDirectory
  private let sealed: Sealed

  init() throws {
    scratch = try ScratchDirectory()
    let item = ArrowField("item", .uint16)
    let schema = ArrowSchema(
      fields: [ArrowField("id", .utf8), ArrowField("input_ids", .list(item))],
      metadata: [ArrowKeyValue("prep:kind", "tokens")])
    let writer = try ShardWriter(
      directory: scratch.path, file: "s.arrow", split: "train", schema: schema)
    var encoder = try BatchEncoder(schema: schema, compression: .zstd(level: 3))
    for start in [0, 7] {
      let ids = ArrowArray.utf8(["a\(start)", "b", "c"])
      let inputs = ArrowArray.list(offsets: [0, 2, 5, 6], .uint16((0..<6).map { $0 + 300 }))
      let batch = RecordBatch(schema: schema, rowCount: 3, columns: [ids, inputs])
      try writer.append(ShardBatch(batch, tokens: 6, lossTokens: nil, encoder: &encoder))
    }
    let record = try writer.finish()
    sealed = Sealed(bytes: try FileSystem.read("\(scratch.path)/s.arrow"), record: record)
  }

  /// What notices that bytes are not the shard's.
  private enum Verdict: Hashable {
    case reader
    case contentDigest
    case fileDigest
    case nothing
  }

  private func verdict(_ bytes: [UInt8]) -> Verdict {
    do throws(ArrowError) {
      let reader = try ArrowFileReader(bytes: bytes)
      try reader.checkStream()
      var content = SHA256()
      for index in 0..<reader.batchCount {
        var hash = SHA256()
        try reader.batch(index).forEachLogicalBuffer { hash.update($0) }
        content.update(hash.finalize().bytes)
      }
      if content.finalize() != sealed.record.contentDigest { return .contentDigest }
    } catch {
      return .reader
    }
    return SHA256.digest(of: bytes) == sealed.record.digest ? .nothing : .fileDigest
  }

  @Test func theShardItselfIsSound() {
    #expect(verdict(sealed.bytes) == .nothing)
    #expect(sealed.bytes.count == sealed.record.bytes)
  }

  @Test func everyFlippedBitIsNoticed() {
    var verdicts: [Verdict: Int] = [:]
    for position in 0..<(sealed.bytes.count * 8) {
      var damaged = sealed.bytes
      damaged[position / 8] ^= 1 << UInt8(position % 8)
      let found = verdict(damaged)
      verdicts[found, default: 0] += 1
      if found == .nothing { Issue.record("bit \(position) was flipped unnoticed") }
    }
    // Most by the reader alone; padding and names only by the digest of the file.
    #expect((verdicts[.reader] ?? 0) > sealed.bytes.count * 4)
  }

  @Test func everyTruncationIsAnErrorOfTheReader() {
    for length in sealed.bytes.indices {
      #expect(verdict(Array(sealed.bytes[..<length])) == .reader, "\(length) bytes")
    }
  }

  @Test func everyMissingOrExtraByteIsNoticed() {
    for position in sealed.bytes.indices {
      var damaged = sealed.bytes
      damaged.remove(at: position)
      #expect(verdict(damaged) != .nothing, "without byte \(position)")
      damaged = sealed.bytes
      damaged.insert(0xA5, at: position)
      #expect(verdict(damaged) != .nothing, "one more at \(position)")
    }
    #expect(verdict(sealed.bytes + [0]) == .reader)
  }
}
