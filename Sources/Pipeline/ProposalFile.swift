// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import Digests
internal import Objectives

/// The counts of an n-gram proposal as an Arrow file: an artefact of its own.
///
/// It is named `.feather`, which is the same format, so that `*.arrow` means the shards alone.
struct ProposalFile: Sendable {
  static let name = "proposal.feather"
  private static let noToken = UInt32.max
  private static let rowsPerBatch = 131_072

  let counts: NGramCounts
  /// SHA-256 of the decoded content, equal for any version of zstd.
  let contentDigest: SHA256Digest
  /// The file.
  let bytes: [UInt8]

  /// Writes counts.
  ///
  /// - Throws: `PipelineError` with `.usage` when there are none: a pipe can be read only once.
  init(_ counts: NGramCounts?, tokenizerDigest: SHA256Digest) throws {
    guard let counts else {
      throw PipelineError(.usage, "a pipe can be read only once: give counts with --proposal FILE")
    }
    let columns = ["left", "token", "right", "count"]
    let schema = ArrowSchema(
      fields: columns.map { ArrowField($0, .uint32) },
      metadata: [
        ArrowKeyValue("prep:format_version", String(Manifest.formatVersion)),
        ArrowKeyValue("prep:kind", "proposal"),
        ArrowKeyValue("prep:tokenizer_sha256", "\(tokenizerDigest)"),
        ArrowKeyValue("prep:vocabulary_size", String(counts.unigrams.count)),
      ])
    var assembler = try ArrowFileAssembler(schema: schema)
    var encoder = try BatchEncoder(schema: schema, compression: .zstd(level: 3))
    var bytes = assembler.head()
    var hash = SHA256()
    for start in stride(from: 0, to: counts.rowCount, by: Self.rowsPerBatch) {
      let rows = (start..<min(counts.rowCount, start + Self.rowsPerBatch)).map { counts.row($0) }
      let batch = RecordBatch(
        schema: schema, rowCount: rows.count,
        columns: [
          .uint32(rows.map { $0.left ?? Self.noToken }), .uint32(rows.map(\.token)),
          .uint32(rows.map { $0.right ?? Self.noToken }), .uint32(rows.map(\.count)),
        ])
      batch.forEachLogicalBuffer { hash.update($0) }
      let encoded = try encoder.encode(batch)
      assembler.append(encoded)
      bytes += encoded.bytes
    }
    bytes += try assembler.tail()
    self.counts = counts
    self.bytes = bytes
    contentDigest = hash.finalize()
  }

  /// Reads a file and writes it again, so that it goes into a dataset as this version writes it.
  ///
  /// - Throws: `DatasetError` when it cannot be read, `PipelineError` with `.malformed` when it
  ///   holds no counts, or those of another tokenizer.
  init(reading path: String, tokenizerDigest: SHA256Digest, vocabularySize: Int) throws {
    let rows: [NGramCounts.Row]
    do {
      let reader = try ArrowFileReader(bytes: FileSystem.read(path))
      guard reader.schema.metadataValue("prep:kind") == "proposal" else {
        throw PipelineError(.malformed, "\(path): not a \(Self.name) of `prep build`")
      }
      guard reader.schema.metadataValue("prep:tokenizer_sha256") == "\(tokenizerDigest)" else {
        throw PipelineError(
          .malformed, "\(path): counts the tokens of another tokenizer; build one for this one")
      }
      rows = try Self.rows(reader, path: path)
    } catch let error as ArrowError {
      throw PipelineError(.malformed, "\(path): \(error)")
    }
    let counts: NGramCounts
    do {
      counts = try NGramCounts(vocabularySize: vocabularySize, rows: rows)
    } catch {
      throw PipelineError(.malformed, "\(path): \(error)")
    }
    try self.init(counts, tokenizerDigest: tokenizerDigest)
  }

  private static func rows(_ reader: ArrowFileReader, path: String) throws -> [NGramCounts.Row] {
    var rows: [NGramCounts.Row] = []
    for index in 0..<reader.batchCount {
      let batch = try reader.batch(index)
      guard let left = batch["left"], let token = batch["token"], let right = batch["right"],
        let count = batch["count"], [left, token, right, count].allSatisfy({ $0.type == .uint32 })
      else { throw PipelineError(.malformed, "\(path): a column of the counts is missing") }
      let columns = [left, token, right, count].map { $0.values(as: UInt32.self) }
      for row in 0..<batch.rowCount {
        rows.append(
          NGramCounts.Row(
            left: columns[0][row] == noToken ? nil : columns[0][row], token: columns[1][row],
            right: columns[2][row] == noToken ? nil : columns[2][row], count: columns[3][row]))
      }
    }
    return rows
  }
}
