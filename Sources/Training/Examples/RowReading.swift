// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
internal import Datasets
public import Objectives

/// The rows of a batch, each with the place in the corpus where it begins.
public enum RowReading {
  /// Calls `body` with each row; rows without provenance are documents of their own.
  public static func forEach(
    in batch: RecordBatch, columns: [String],
    _ body: (ExampleRow, TrainingExample.Origin) throws -> Void
  ) throws {
    let documents = batch[ExampleColumns.provenanceNames[0]]
    let offsets = batch[ExampleColumns.provenanceNames[1]]
    let starts = try offsets?.children.first?.integers(as: UInt32.self)
    for row in 0..<batch.rowCount {
      var origin = TrainingExample.Origin(id: UInt64(row))
      if let range = documents?.range(at: row), let first = range.first,
        let id = documents?.children.first?.bytes(at: first)
      {
        origin.id = hash(id)
        if let start = offsets?.range(at: row)?.first, let starts, start < starts.count {
          origin.offset = Int(starts[start])
        }
      }
      try body(batch.exampleRow(row, columns: columns), origin)
    }
  }

  /// FNV-1a, 64 bits.
  private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
