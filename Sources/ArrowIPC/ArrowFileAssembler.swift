// SPDX-License-Identifier: Apache-2.0

/// Arranges encoded batches as an Arrow file; the caller writes the bytes.
///
///     var file = try ArrowFileAssembler(schema: schema)
///     write(file.head())
///     for batch in batches { write(batch.bytes); file.append(batch) }
///     write(try file.tail())
///
/// The bytes between the magic and the footer are a complete Arrow stream.
public struct ArrowFileAssembler: Sendable {
  private let schema: ArrowSchema
  private let headBytes: [UInt8]
  private var blocks: [Block] = []
  private var batchRows: [Int] = []

  /// The size of the file so far, in bytes: where the next part goes.
  public private(set) var offset: Int

  /// The rows of the batches so far.
  public private(set) var rowCount = 0

  /// Starts a file.
  ///
  /// - Throws: `.invalidArgument` for a schema that cannot be written.
  public init(schema: ArrowSchema) throws(ArrowError) {
    self.schema = schema
    headBytes = try Format.magic + [0, 0] + Format.schemaMessage(schema)
    offset = headBytes.count
  }

  /// The first bytes of the file: magic and schema.
  public func head() -> [UInt8] { headBytes }

  /// Records a batch whose bytes the caller writes at `offset`.
  public mutating func append(_ batch: borrowing EncodedBatch) {
    blocks.append(
      Block(offset: offset, metadataLength: batch.metadataLength, bodyLength: batch.bodyLength))
    offset += batch.bytes.count
    rowCount += batch.rowCount
    batchRows.append(batch.rowCount)
  }

  /// The last bytes of the file: end of the stream, footer, magic. The footer's metadata has the
  /// `RowOffsets` of the batches before what is given.
  ///
  /// - Throws: `.limitExceeded` for a footer beyond 2 GiB.
  public mutating func tail(metadata: [ArrowKeyValue] = []) throws(ArrowError) -> [UInt8] {
    var footer = try FlatBufferWriter.serialize(
      root: .footer(
        schema, blocks, metadata: [RowOffsets(batchRows: batchRows).entry] + metadata))
    footer.append(
      contentsOf: repeatElement(0, count: Format.padded(footer.count, to: 8) - footer.count))
    guard let length = Int32(exactly: footer.count) else {
      throw ArrowError(.limitExceeded, "a footer of \(footer.count) bytes; the end is 2 GiB")
    }
    var bytes = Format.endOfStream + footer
    withUnsafeBytes(of: length.littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: Format.magic)
    offset += bytes.count
    return bytes
  }
}
