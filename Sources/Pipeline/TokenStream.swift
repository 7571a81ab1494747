// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import Digests
internal import JSON
internal import Objectives

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Token shards that arrive on standard input as one Arrow stream, unit by unit.
///
/// The stream must be one of ours: it names the unit of each batch and closes with totals, without
/// which a cut pipe would pass for a short corpus.
final class TokenStream {
  private static let name = "standard input"

  let schema: ArrowSchema
  private let reader: ArrowStreamReader
  private var ahead: (batch: RecordBatch, unit: String)?
  private var contentHash = SHA256()
  private var rows = 0
  private var tokens = 0
  private var isClosed = false
  private var unitsRead: UInt32 = 0

  /// Reads the schema.
  ///
  /// - Throws: `PipelineError` with `.malformed` when the stream is none of tokenized documents.
  init() throws {
    do {
      reader = try ArrowStreamReader { buffer in
        while true {
          let count = read(0, buffer.baseAddress, buffer.count)
          if count >= 0 { return count }
          if errno != EINTR {
            let reason = String(cString: strerror(errno))
            throw PipelineError(.inputOutput, "standard input: cannot read: \(reason)")
          }
        }
      }
    } catch let error as ArrowError {
      throw PipelineError(
        .malformed, "\(Self.name): not an Arrow stream, as `prep tokenize … -o -` writes: \(error)")
    }
    schema = reader.schema
    guard schema.metadataValue("prep:kind") == Manifest.Kind.tokens.rawValue else {
      throw PipelineError(
        .malformed, "\(Self.name): not a stream of tokenized documents from `prep tokenize … -o -`")
    }
  }

  /// SHA-256 of the tokenizer that made the tokens.
  var tokenizerDigest: String? { schema.metadataValue("prep:tokenizer_sha256") }

  /// The next unit with its name and split; `nil` at the end.
  ///
  /// - Throws: `PipelineError` when the stream is damaged or was cut.
  func nextUnit() throws -> (name: String, split: String, unit: TokenizedUnit)? {
    try lookAhead()
    guard let name = ahead?.unit else { return nil }
    guard let dash = name.firstIndex(of: "-") else {
      throw PipelineError(.malformed, "\(Self.name): a batch of a unit named '\(name)'")
    }
    var loader = try TokenUnitLoader(schema: schema, path: Self.name)
    while let (batch, unit) = ahead, unit == name {
      try loader.append(batch)
      ahead = nil
      try lookAhead()
    }
    defer { unitsRead += 1 }
    return (
      String(name[name.index(after: dash)...]), String(name[..<dash]),
      try loader.unit(ordinal: unitsRead)
    )
  }

  private func lookAhead() throws {
    guard ahead == nil, !isClosed else { return }
    do {
      guard let (batch, metadata) = try reader.next() else {
        throw PipelineError(
          .malformed,
          "\(Self.name): the stream ends without its totals: the program before us was cut short")
      }
      if let total = metadata.first(where: { $0.key == DatasetStreamWriter.rowsKey }) {
        try close(rows: total.value, metadata)
      } else if let unit = metadata.first(where: { $0.key == DatasetStreamWriter.unitKey }) {
        var hash = SHA256()
        batch.forEachLogicalBuffer { hash.update($0) }
        contentHash.update(hash.finalize().bytes)
        rows += batch.rowCount
        tokens += batch["input_ids"]?.listOffsets.last ?? 0
        ahead = (batch, unit.value)
      } else {
        throw PipelineError(.malformed, "\(Self.name): a batch that names no unit")
      }
    } catch let error as ArrowError {
      throw PipelineError(.malformed, "\(Self.name): \(error)")
    }
  }

  private func close(rows total: String, _ metadata: [ArrowKeyValue]) throws {
    let value = { (key: String) in metadata.first { $0.key == key }?.value }
    guard total == String(rows), value(DatasetStreamWriter.tokensKey) == String(tokens),
      value(DatasetStreamWriter.digestKey) == "\(contentHash.digestSoFar())"
    else {
      throw PipelineError(
        .malformed, "\(Self.name): the totals at the end of the stream are not what was received")
    }
    isClosed = true
  }
}
