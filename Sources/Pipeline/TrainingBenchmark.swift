// SPDX-License-Identifier: Apache-2.0
internal import Digests
public import JSON
internal import Randomness
public import Training

/// `prep bench train`: how fast a model learns from random batches in memory: forward pass, backward
/// pass and a step of AdamW. Reading and judging are not timed.
public struct TrainingBenchmark: Sendable {
  /// The architecture.
  public var family = ModelFamily.bert
  /// Entries of the vocabulary.
  public var vocabularySize = 8192
  /// The width, a multiple of 64.
  public var hiddenSize = 256
  /// Layers, of each stack; nil for 4, of T5 2.
  public var layers: Int?
  /// Rows in a batch.
  public var rows = 16
  /// Positions in a row.
  public var length = 128
  /// T5: positions of the decoder; nil for those of the encoder.
  public var targetLength: Int?
  /// The share of positions that have a label.
  public var labels = 1.0
  /// Threads that compute.
  public var threads = 1
  /// What computes matrix products.
  public var kernel = MatrixKernel.openBLAS
  /// Timed steps, after two that are not.
  public var steps = 10
  /// The key of weights and batches.
  public var seed: UInt64 = 0

  /// A benchmark of a small BERT.
  public init() {}

  /// Runs it.
  ///
  /// - Returns: `tokens_per_second` (positions of encoder and decoder, at the median of the steps),
  ///   `step_seconds` (the median), `loss` after the last step, and `weights_sha256` after it: with
  ///   the portable kernel the same everywhere.
  /// - Throws: `TrainingError` (`usage`) for sizes that do not fit together.
  public func measure() throws -> JSONObject {
    guard rows > 0, length > 0, (targetLength ?? 1) > 0, rows <= 1 << 16, length <= 1 << 16 else {
      throw PipelineError(.usage, "a batch needs at least one row and one position")
    }
    guard hiddenSize > 0, hiddenSize % 64 == 0 else {
      throw PipelineError(.usage, "the width must be a multiple of 64, not \(hiddenSize)")
    }
    let configuration = ModelConfiguration.small(
      family, vocabularySize: vocabularySize, positions: length, hiddenSize: hiddenSize,
      layers: layers)
    let model = try Model(configuration, seed: seed, threads: threads, kernel: kernel)
    let batch = try batch()
    let optimizer = AdamW(learningRate: 1e-4)
    let clock = ContinuousClock()
    var seconds: [Double] = []
    var loss = 0.0
    for step in -2..<max(1, steps) {
      let duration = try clock.measure {
        loss = try model.step([batch], optimizer: optimizer).tokenLoss
      }
      if step >= 0 { seconds.append(duration / .seconds(1)) }
    }
    let median = seconds.sorted()[seconds.count / 2]
    let tokens = rows * (length + (batch.decoder?.length ?? 0))
    var hash = SHA256()
    model.forEachWeight { _, bytes in hash.update(bytes) }
    return [
      "family": .string(family.rawValue), "kernel": .string(kernel.rawValue),
      "threads": .init(threads), "rows": .init(rows), "length": .init(length),
      "weights": .init(model.weightCount),
      "labels": .init(batch.labels.count { $0 >= 0 }), "tokens": .init(tokens),
      "tokens_per_second": .double(Double(tokens) / median), "step_seconds": .double(median),
      "loss": .double(loss), "weights_sha256": .string("\(hash.finalize())"),
    ]
  }

  private func batch() throws -> TrainingBatch {
    var stream = try RandomStreams(key: StreamKey(seed: seed), unit: 0).stream(.measurement)
    func ids(_ count: Int, below limit: Int) -> [Int32] {
      (0..<count).map { _ in Int32(stream.uniform(below: max(1, limit))) }
    }
    func flags(_ queries: Int, _ keys: Int, causal: Bool) -> [UInt8] {
      (0..<rows * queries * keys).map { !causal || $0 % keys <= $0 / keys % queries ? 1 : 0 }
    }
    var batch = TrainingBatch(
      rows: rows, length: length, inputIDs: ids(rows * length, below: vocabularySize),
      visible: flags(length, length, causal: family == .gpt2), labels: [])
    if family == .t5 {
      let target = targetLength ?? length
      batch.decoder = .init(
        length: target, inputIDs: ids(rows * target, below: vocabularySize),
        visible: flags(target, target, causal: true), cross: flags(target, length, causal: false))
    }
    let share = Probability(labels)
    batch.labels = ids(
      rows * batch.labelLength, below: family == .electra ? 2 : vocabularySize
    ).map { stream.bernoulli(share) ? $0 : -100 }
    return batch
  }
}
