// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import Objectives

/// What the rows of a stage left of the unit in which its budget was reached: stretches of the
/// unit's documents in the order in which they were framed, as an Arrow file.
struct RestFile: Sendable {
  static let name = "rest.feather"
  private static let rowsPerBatch = 131_072

  let stretches: [Stretch]

  init(_ stretches: [Stretch]) {
    self.stretches = stretches
  }

  /// The file.
  ///
  /// - Throws: errors of the encoder.
  func bytes() throws -> [UInt8] {
    let schema = ArrowSchema(
      fields: ["document", "offset", "length"].map { ArrowField($0, .uint32) },
      metadata: [
        ArrowKeyValue("prep:format_version", String(Manifest.formatVersion)),
        ArrowKeyValue("prep:kind", "rest"),
      ])
    var assembler = try ArrowFileAssembler(schema: schema)
    var encoder = try BatchEncoder(schema: schema, compression: .zstd(level: 3))
    var bytes = assembler.head()
    for start in stride(from: 0, to: stretches.count, by: Self.rowsPerBatch) {
      let rows = stretches[start..<min(stretches.count, start + Self.rowsPerBatch)]
      let encoded = try encoder.encode(
        RecordBatch(
          schema: schema, rowCount: rows.count,
          columns: [
            .uint32(rows.map(\.document)), .uint32(rows.map(\.offset)), .uint32(rows.map(\.length)),
          ]))
      assembler.append(encoded)
      bytes += encoded.bytes
    }
    return bytes + (try assembler.tail())
  }

  /// Reads the file of a finished stage.
  ///
  /// - Throws: `DatasetError` when it cannot be read, `PipelineError` with `.malformed` when it holds
  ///   something else.
  init(reading path: String) throws {
    var read: [Stretch] = []
    do {
      let reader = try ArrowFileReader(bytes: FileSystem.read(path))
      guard reader.schema.metadataValue("prep:kind") == "rest" else {
        throw PipelineError(.malformed, "\(path): not what a stage of `prep build` left")
      }
      for index in 0..<reader.batchCount {
        let batch = try reader.batch(index)
        guard let document = batch["document"], let offset = batch["offset"],
          let length = batch["length"],
          [document, offset, length].allSatisfy({ $0.type == .uint32 })
        else { throw PipelineError(.malformed, "\(path): a column is missing") }
        let columns = [document, offset, length].map { $0.values(as: UInt32.self) }
        for row in 0..<batch.rowCount {
          read.append(
            Stretch(
              document: columns[0][row], offset: Int(columns[1][row]),
              length: Int(columns[2][row])))
        }
      }
    } catch let error as ArrowError {
      throw PipelineError(.malformed, "\(path): \(error)")
    }
    self.init(read)
  }
}
