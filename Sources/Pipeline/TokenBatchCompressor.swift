// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets

/// A full batch of documents of one split.
struct TokenBatchJob: Sendable {
  let split: Int
  let rows: TokenRows
}

/// A batch that only has to be written.
struct TokenBatchOutput: Sendable {
  let split: Int
  let batch: ShardBatch
  /// What it took to compress it.
  let seconds: StageSeconds
}

/// What one thread compresses with.
final class TokenBatchCompressor {
  private let columns: TokenColumns
  private let schema: ArrowSchema
  private var encoder: BatchEncoder

  init(columns: TokenColumns, schema: ArrowSchema, compression: ArrowCompression) throws {
    self.columns = columns
    self.schema = schema
    encoder = try BatchEncoder(schema: schema, compression: compression)
  }

  func compress(_ job: TokenBatchJob, metadata: [ArrowKeyValue]) throws -> TokenBatchOutput {
    var seconds = StageSeconds()
    let batch = try seconds.measure(.compress) {
      try ShardBatch(
        job.rows.recordBatch(columns, schema: schema), tokens: job.rows.tokens.count,
        lossTokens: nil, encoder: &encoder, metadata: metadata)
    }
    return TokenBatchOutput(split: job.split, batch: batch, seconds: seconds)
  }
}
