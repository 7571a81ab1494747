// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArrowIPC

/// What is left of damaged files, and files whose footer says something else than their stream.
@Suite struct SalvageTests {
  private let batches = [6, 2, 4].map { Samples.batch(rows: $0, "list", "text or null") }

  private func saved(_ salvage: ArrowSalvage) throws -> [RecordBatch] {
    try salvage.batches.indices.map { try salvage.batch($0).batch }
  }

  @Test func aFileWithoutItsFooterIsSavedWhole() throws {
    let file = try Written.file(batches, .zstd(level: 3))
    let footer = try ArrowFileReader(bytes: file).footerRange
    let salvage = try ArrowSalvage(bytes: Array(file[..<footer.lowerBound]))
    #expect(salvage.hasEnd && salvage.damage.isEmpty && salvage.lostRows == 0)
    #expect(try saved(salvage) == batches)

    // And put together again it is the same file.
    var assembler = try ArrowFileAssembler(schema: salvage.schema)
    var again = assembler.head()
    for index in salvage.batches.indices {
      let message = try salvage.batch(index).message
      again += message.bytes
      assembler.append(message)
    }
    again += try assembler.tail()
    #expect(again == file)
  }

  @Test func whereverAFileIsCutWholeBatchesAreSaved() throws {
    let file = try Written.file(batches, .zstd(level: 3))
    let reader = try ArrowFileReader(bytes: file)
    for length in reader.messagesStart..<file.count {
      let salvage = try ArrowSalvage(bytes: Array(file.prefix(length)))
      let whole = reader.blocks.filter { $0.offset + $0.metadataLength + $0.bodyLength <= length }
      #expect(try saved(salvage) == Array(batches.prefix(whole.count)))
      #expect(salvage.hasEnd == (length >= reader.footerRange.lowerBound))
    }
  }

  @Test func aBatchThatIsDamagedIsLostAlone() throws {
    let file = try Written.file(batches, .zstd(level: 3))
    let block = try ArrowFileReader(bytes: file).blocks[1]
    for (place, rows) in [(block.metadataLength + 9, 2), (0, 0), (8, 0)] {
      var damaged = file
      damaged[block.offset + place] ^= 0x10
      let salvage = try ArrowSalvage(bytes: damaged)
      #expect(try saved(salvage) == [batches[0], batches[2]])
      #expect(salvage.damage.count == 1 && salvage.hasEnd)
      #expect(salvage.lostRows == rows)
    }
  }

  @Test func aLostSchemaMayComeFromElsewhere() throws {
    var file = try Written.file(batches, .zstd(level: 3))
    file[40] ^= 0xFF
    #expect(throws: ArrowError.self) { try ArrowSalvage(bytes: file) }
    let salvage = try ArrowSalvage(bytes: file, fallback: batches[0].schema)
    #expect(try saved(salvage) == batches)
  }

  @Test func footerAndStreamMustAgree() throws {
    let file = try Written.file(batches, .zstd(level: 3))
    let reader = try ArrowFileReader(bytes: file)
    try reader.checkStream()

    let blocks = reader.blocks
    let lists = [[blocks[1], blocks[0], blocks[2]], [blocks[0], blocks[2], blocks[1]]]
    for list in lists {
      let footer = try FlatBufferWriter.serialize(
        root: .footer(reader.schema, list, metadata: []))
      let bytes =
        Array(file[..<reader.footerRange.lowerBound]) + footer
        + rawBytes(of: [Int32(footer.count)]) + Format.magic
      let other = try ArrowFileReader(bytes: bytes)
      let error = #expect(throws: ArrowError.self) { try other.checkStream() }
      #expect(error?.code == .malformed)
    }
  }
}
