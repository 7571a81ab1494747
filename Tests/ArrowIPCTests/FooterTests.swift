// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArrowIPC

/// Files of one batch with footers as given.
@Suite struct FooterTests {
  private let batch = Samples.batch(rows: 3, "uint8")
  private var schema: ArrowSchema { batch.schema }

  private func encodedBatch() throws -> EncodedBatch {
    var encoder = try BatchEncoder(schema: schema, compression: .none)
    return try encoder.encode(batch)
  }

  private func file(
    _ head: [UInt8], _ batch: EncodedBatch, _ blocks: [Block], schema: ArrowSchema? = nil
  ) throws -> [UInt8] {
    let footer = try FlatBufferWriter.serialize(
      root: .footer(schema ?? self.schema, blocks, metadata: []))
    return head + batch.bytes + Format.endOfStream + footer
      + rawBytes(of: [Int32(footer.count)]) + Format.magic
  }

  @Test func footersThatLieAreRefused() throws {
    let encoded = try encodedBatch()
    let head = try ArrowFileAssembler(schema: schema).head()
    let start = head.count
    let good = Block(
      offset: start, metadataLength: encoded.metadataLength, bodyLength: encoded.bodyLength)
    #expect(try Outcome.file(file(head, encoded, [good])) == [batch])

    // A batch too few and one twice; then offset, metadata and body that are off by something.
    var faulty: [[Block]] = [[], [good, good]]
    for (offset, metadata, body) in [
      (8, 0, 0), (-8, 0, 0), (Int.max - 7 - start, 0, 0), (0, 8, -8), (0, -8, 8), (0, 0, 8),
      (0, 0, -8), (0, 4, 0), (0, Int(Int32.max) - 7 - encoded.metadataLength, 0),
      (0, 0, Int.max - 7 - encoded.bodyLength), (8 - start, 0, 0), (-8 - start, 0, 0),
    ] {
      faulty.append([
        Block(
          offset: start + offset, metadataLength: good.metadataLength + metadata,
          bodyLength: good.bodyLength + body)
      ])
    }
    for blocks in faulty {
      let error = #expect(throws: ArrowError.self) {
        try Outcome.file(file(head, encoded, blocks))
      }
      #expect(error?.code == .malformed)
    }
  }

  @Test func bothSchemasMustBeTheSame() throws {
    let encoded = try encodedBatch()
    let head = try ArrowFileAssembler(schema: schema).head()
    let block = Block(
      offset: head.count, metadataLength: encoded.metadataLength, bodyLength: encoded.bodyLength)
    let others = [
      ArrowSchema(fields: [ArrowField("uint8", .int8)], metadata: schema.metadata),
      ArrowSchema(fields: schema.fields),
    ]
    for other in others {
      let bytes = try file(head, encoded, [block], schema: other)
      let error = #expect(throws: ArrowError.self) { try ArrowFileReader(bytes: bytes) }
      #expect(error?.code == .malformed)
    }
  }

  @Test func paddingOfTheMagicTo64BytesIsAccepted() throws {
    // As arrow-rs writes it.
    let encoded = try encodedBatch()
    let padding = [UInt8](repeating: 0, count: 58)
    let head = try Format.magic + padding + Format.schemaMessage(schema)
    let block = Block(
      offset: head.count, metadataLength: encoded.metadataLength, bodyLength: encoded.bodyLength)
    #expect(try Outcome.file(file(head, encoded, [block])) == [batch])
  }
  @Test func aSchemaWithoutFramingLeavesTheFooterAlone() throws {
    // As polars writes it.
    let encoded = try encodedBatch()
    let bare = try FlatBufferWriter.serialize(root: .schema(schema))
    let padding = [UInt8](repeating: 0, count: Format.padded(bare.count, to: 8) - bare.count)
    let head = Format.magic + [0, 0] + bare + padding
    let block = Block(
      offset: head.count, metadataLength: encoded.metadataLength, bodyLength: encoded.bodyLength)
    #expect(try Outcome.file(file(head, encoded, [block])) == [batch])
  }
}
