// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Digests
import JSON
import Objectives
import Testing
import Validation

@testable import Datasets

/// A finished dataset that can be spoiled: behind the back of its digests, or with all of them
/// made right again, so that only a look at the rows can tell.
struct EditableDataset {
  let directory: String
  let rules: @Sendable (Dataset) -> any RowRules

  func path(_ file: String) -> String { "\(directory)/\(file)" }

  func validate(threads: Int = 1) throws -> ValidationReport {
    try DatasetValidation(directory: directory, threads: threads).run(rules: rules) { _, _ in }
  }

  /// Changes the bytes of a file and nothing else.
  func edit(_ file: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = try FileSystem.read(path(file))
    change(&bytes)
    try FileSystem.replace(path(file), with: bytes)
  }

  /// Writes the sums anew, over whatever is there.
  func reseal() throws {
    let names = try FileSystem.names(in: directory).filter { $0 != ChecksumList.fileName }
    let entries = try names.map { name in
      ChecksumList.Entry(digest: try FileSystem.digest(of: path(name)), name: name)
    }
    try FileSystem.replace(
      path(ChecksumList.fileName), with: ChecksumList(entries: entries).serialized)
  }

  /// Changes the manifest and seals the result.
  func editManifest(_ change: (inout Manifest) -> Void) throws {
    var manifest = try Dataset(directory).manifest
    change(&manifest)
    try FileSystem.replace(path(Manifest.fileName), with: manifest.serialized)
    try reseal()
  }

  /// Changes the rows of a shard and makes every digest and count right again.
  func rewrite(shard index: Int, _ change: (RecordBatch) -> RecordBatch) throws {
    let dataset = try Dataset(directory)
    let old = dataset.manifest.shards[index]
    let reader = try dataset.reader(of: old)
    let batches = try (0..<reader.batchCount).map { change(try reader.batch($0)) }
    let schema = try #require(batches.first).schema
    let writer = try ShardWriter(
      directory: directory, file: old.file, split: old.split, schema: schema)
    var encoder = try BatchEncoder(schema: schema, compression: .zstd(level: 3))
    let rules = rules(dataset)
    for batch in batches {
      try writer.append(
        ShardBatch(
          batch, tokens: rules.tokenCount(of: batch), lossTokens: old.lossTokens,
          encoder: &encoder))
    }
    let new = try writer.finish()
    try editManifest { manifest in
      for unit in manifest.units.indices {
        for shard in manifest.units[unit].shards.indices
        where manifest.units[unit].shards[shard].file == old.file {
          manifest.units[unit].shards[shard] = new
        }
      }
    }
  }

  /// Changes the values of one column in one row of a shard, see `rewrite`.
  func edit(
    shard: Int, row: Int, _ column: String, _ change: (inout [Int64]) -> Void
  ) throws {
    try rewrite(shard: shard) { batch in
      batch.editing(column) { index, values in if index == row { change(&values) } }
    }
  }
}

extension ValidationReport {
  /// The rules that are broken, each once.
  var rules: Set<String> { Set(findings.map(\.rule)) }
}

extension RecordBatch {
  /// The batch with a numeric column changed row by row.
  func editing(_ name: String, _ edit: (Int, inout [Int64]) -> Void) -> RecordBatch {
    guard let index = schema.index(of: name) else { return self }
    var rows = (0..<rowCount).map { exampleRow($0, columns: [name])[name] ?? [] }
    for row in rows.indices { edit(row, &rows[row]) }
    return replacing(name, by: Self.array(rows, of: columns[index].type))
  }

  /// The batch with another column under a name.
  func replacing(_ name: String, by column: ArrowArray) -> RecordBatch {
    var columns = columns
    var fields = schema.fields
    if let index = schema.index(of: name) {
      columns[index] = column
      fields[index] = ArrowField(name, column.type)
    } else {
      columns.append(column)
      fields.append(ArrowField(name, column.type))
    }
    return RecordBatch(
      schema: ArrowSchema(fields: fields, metadata: schema.metadata), rowCount: rowCount,
      columns: columns)
  }

  /// The batch without a column.
  func without(_ name: String) -> RecordBatch {
    let kept = schema.fields.indices.filter { schema.fields[$0].name != name }
    return RecordBatch(
      schema: ArrowSchema(fields: kept.map { schema.fields[$0] }, metadata: schema.metadata),
      rowCount: rowCount, columns: kept.map { columns[$0] })
  }

  private static func array(_ rows: [[Int64]], of type: ArrowType) -> ArrowArray {
    let values = rows.flatMap { $0 }
    switch type {
    case .list(let item):
      let offsets = rows.reduce(into: [Int32(0)]) { $0.append($0[$0.count - 1] + Int32($1.count)) }
      return .list(offsets: offsets, array([values], of: item.type))
    case .fixedSizeList(let item, let size):
      return .fixedSizeList(size: size, array([values], of: item.type))
    case .bool: return .bool(values.map { $0 != 0 })
    case .uint8: return .uint8(values.map { UInt8($0) })
    case .uint16: return .uint16(values.map { UInt16($0) })
    case .int32: return .int32(values.map { Int32($0) })
    default: return .uint32(values.map { UInt32($0) })
    }
  }
}
