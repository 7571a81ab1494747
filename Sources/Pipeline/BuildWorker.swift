// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import Objectives
internal import Randomness

/// A batch of examples that only has to be written, and what was counted while it was built.
struct BuiltBatch: Sendable {
  let batch: ShardBatch
  let tally: Tally
}

/// What one thread does with a range of frames: corrupt, encode, compress.
final class BuildWorker {
  private let objective: any Objective
  private let columns: ExampleColumns
  private let schema: ArrowSchema
  private let metadata: [ArrowKeyValue]
  private let services: Services
  private var frame = Frame()
  private var builder: ExampleBuilder
  private var encoder: BatchEncoder

  init(
    objective: any Objective, columns: ExampleColumns, schema: ArrowSchema,
    compression: ArrowCompression, metadata: [ArrowKeyValue], services: Services
  ) throws {
    self.objective = objective
    self.columns = columns
    self.schema = schema
    self.metadata = metadata
    self.services = services
    builder = ExampleBuilder(columns: objective.columns)
    encoder = try BatchEncoder(schema: schema, compression: compression)
  }

  /// Builds a range of rows.
  func examples(
    _ range: Range<Int>, _ rows: RowSelection, of frames: FramedUnit, random: RandomStreams,
    receive: ([Piece]) -> Void = { _ in }
  ) throws -> ExampleBatch {
    for row in range {
      frames.load(rows.frame(ofRow: row), into: &frame)
      try objective.build(frame, random, services, into: &builder)
      receive(frame.pieces)
    }
    return builder.takeBatch()
  }

  /// Builds and compresses a range of rows.
  func build(
    _ range: Range<Int>, _ rows: RowSelection, of frames: FramedUnit, random: RandomStreams
  ) throws -> BuiltBatch {
    var provenance = ProvenanceRows()
    let examples = try examples(range, rows, of: frames, random: random) { pieces in
      if columns.provenance {
        provenance.append(
          frames.unit.sources(of: pieces), documentIDs: frames.unit.documentIDs)
      }
    }
    let batch = columns.recordBatch(examples, provenance: provenance, schema: schema)
    return BuiltBatch(
      batch: try ShardBatch(
        batch, tokens: examples.tally.inputTokens, lossTokens: examples.tally.lossTokens,
        encoder: &encoder, metadata: metadata),
      tally: examples.tally)
  }
}
