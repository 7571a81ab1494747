// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
internal import Digests

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Writes a dataset as one Arrow stream, for the next stage of a pipe or a trainer.
///
/// Batches come in (unit, row) order, each with the name of its unit in the message's metadata
/// under `prep:unit`. A batch without rows closes the stream; its metadata has the totals, so
/// that a reader can tell a complete stream from one that was cut:
/// `prep:rows`, `prep:tokens` and `prep:content_sha256`, the SHA-256 over the digests of the
/// batches' decoded content.
public final class DatasetStreamWriter {
  /// The key under which a batch names its unit.
  public static let unitKey = "prep:unit"
  /// The keys of the closing batch.
  public static let rowsKey = "prep:rows"
  /// See `rowsKey`.
  public static let tokensKey = "prep:tokens"
  /// See `rowsKey`.
  public static let digestKey = "prep:content_sha256"
  /// In a stream of examples, the rows of all parts among which the whole was dealt out.
  public static let allPartsKey = "prep:rows_of_all_parts"

  private let descriptor: Int32
  private let schema: ArrowSchema
  private let assembler: ArrowStreamAssembler
  private var contentHash = SHA256()
  private var rows = 0
  private var tokens = 0

  /// Begins the stream on a file descriptor, by default standard output.
  ///
  /// - Throws: `DatasetError`, with `.brokenPipe` when the reader has gone away.
  public init(schema: ArrowSchema, descriptor: Int32 = 1) throws(DatasetError) {
    self.descriptor = descriptor
    self.schema = schema
    do {
      assembler = try ArrowStreamAssembler(schema: schema)
    } catch {
      throw DatasetError(.usage, path: "standard output", "\(error)")
    }
    try write(assembler.head())
  }

  /// Writes a batch.
  public func append(_ batch: ShardBatch) throws(DatasetError) {
    contentHash.update(batch.contentDigest.bytes)
    rows += batch.encoded.rowCount
    tokens += batch.tokens
    try write(batch.encoded.bytes)
  }

  /// Writes the closing batch and the end-of-stream mark.
  ///
  /// - Parameters:
  ///   - empty: the columns of a batch without rows.
  ///   - rowsOfAllParts: the rows of the whole of which this stream may be a part.
  public func finish(empty: [ArrowArray], rowsOfAllParts: Int? = nil) throws(DatasetError) {
    var metadata = [
      ArrowKeyValue(Self.digestKey, "\(contentHash.digestSoFar())"),
      ArrowKeyValue(Self.rowsKey, "\(rows)"),
      ArrowKeyValue(Self.tokensKey, "\(tokens)"),
    ]
    if let rowsOfAllParts {
      metadata.append(ArrowKeyValue(Self.allPartsKey, "\(rowsOfAllParts)"))
    }
    let closing: EncodedBatch
    do {
      var encoder = try BatchEncoder(schema: schema, compression: .none)
      closing = try encoder.encode(
        RecordBatch(schema: schema, rowCount: 0, columns: empty), metadata: metadata)
    } catch {
      throw DatasetError(.inputOutput, path: "standard output", "\(error)")
    }
    // At once: whoever reads the closing batch may close the pipe.
    try write(closing.bytes + assembler.tail())
  }

  private func write(_ bytes: [UInt8]) throws(DatasetError) {
    let succeeded = bytes.withUnsafeBytes { DescriptorWriter.write($0, to: descriptor) }
    guard succeeded else {
      let isBroken = errno == EPIPE
      throw FileSystem.failure(isBroken ? .brokenPipe : .inputOutput, "standard output", "write")
    }
  }
}
