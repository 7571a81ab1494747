// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import Digests

/// A batch on its way to a shard: compressed, counted and digested, so that whoever receives it
/// only has to write.
public struct ShardBatch: Sendable {
  /// The framed Arrow message.
  public let encoded: EncodedBatch
  /// Ids in `input_ids`.
  public let tokens: Int
  /// Positions that carry a loss; `nil` for tokenized documents.
  public let lossTokens: Int?
  /// SHA-256 of the decoded content.
  public let contentDigest: SHA256Digest

  /// Compresses and digests a batch.
  ///
  /// - Throws: `DatasetError` when the batch does not fit the format.
  public init(
    _ batch: RecordBatch, tokens: Int, lossTokens: Int?, encoder: inout BatchEncoder,
    metadata: [ArrowKeyValue] = []
  ) throws(DatasetError) {
    do {
      encoded = try encoder.encode(batch, metadata: metadata)
    } catch {
      throw DatasetError(.inputOutput, path: "", "cannot encode a batch: \(error)")
    }
    self.tokens = tokens
    self.lossTokens = lossTokens
    contentDigest = Self.digest(of: batch)
  }

  /// A batch that stands somewhere already encoded; tokens are not counted.
  init(_ batch: RecordBatch, encoded: EncodedBatch) {
    self.encoded = encoded
    tokens = 0
    lossTokens = nil
    contentDigest = Self.digest(of: batch)
  }

  private static func digest(of batch: RecordBatch) -> SHA256Digest {
    var hash = SHA256()
    batch.forEachLogicalBuffer { hash.update($0) }
    return hash.finalize()
  }
}

/// Writes one shard, an Arrow IPC file, batch by batch.
///
/// The file bears a temporary name until `finish`, which flushes it to the disk and renames it.
public final class ShardWriter {
  /// Stream-only readers that are handed a larger file take its magic number for a length and
  /// may try to buffer that many bytes.
  public static let largestFile = 1_300_000_000

  /// The rows written so far.
  public private(set) var rows = 0

  private let path: String
  private let split: String
  private let fileName: String
  private var file: OutputFile
  private var assembler: ArrowFileAssembler
  private var hash = SHA256()
  private var contentHash = SHA256()
  private var bytes = 0
  private var tokens = 0
  private var lossTokens: Int?

  init(directory: String, file name: String, split: String, schema: ArrowSchema)
    throws(DatasetError)
  {
    fileName = name
    path = "\(directory)/\(name)"
    self.split = split
    file = try OutputFile(creating: path + ".tmp")
    do {
      assembler = try ArrowFileAssembler(schema: schema)
    } catch {
      throw DatasetError(.usage, path: path, "\(error)")
    }
    try write(assembler.head())
  }

  /// Appends a batch.
  ///
  /// - Throws: `DatasetError` when writing fails or the shard would grow too large.
  public func append(_ batch: ShardBatch) throws(DatasetError) {
    assembler.append(batch.encoded)
    try write(batch.encoded.bytes)
    contentHash.update(batch.contentDigest.bytes)
    rows += batch.encoded.rowCount
    tokens += batch.tokens
    if let count = batch.lossTokens { lossTokens = (lossTokens ?? 0) + count }
    guard bytes <= Self.largestFile else {
      throw DatasetError(
        .usage, path: path,
        "the shard would exceed 1.3 GB, which some Arrow readers mistake for a broken stream; "
          + "split the input into smaller files or store fewer columns")
    }
  }

  /// Completes the file and says what is in it.
  public func finish() throws(DatasetError) -> Manifest.Shard {
    let tail: [UInt8]
    do {
      tail = try assembler.tail()
    } catch {
      throw DatasetError(.usage, path: path, "cannot write the footer: \(error)")
    }
    try write(tail)
    try file.close(synchronizing: true)
    try FileSystem.rename(path + ".tmp", to: path)
    return Manifest.Shard(
      file: fileName, split: split, rows: rows, tokens: tokens, lossTokens: lossTokens,
      bytes: bytes, digest: hash.digestSoFar(), contentDigest: contentHash.digestSoFar())
  }

  private func write(_ buffer: [UInt8]) throws(DatasetError) {
    hash.update(buffer)
    bytes += buffer.count
    try file.write(buffer)
  }
}
