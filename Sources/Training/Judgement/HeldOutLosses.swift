// SPDX-License-Identifier: Apache-2.0

/// Losses of examples that a model is not trained on.
public struct HeldOutLosses: Sendable {
  /// One example's.
  public struct Loss: Sendable, Hashable {
    /// The sum over its labels, in nats.
    public var sum = 0.0
    /// Its labels.
    public var labels = 0
    /// The pair's, if there is one.
    public var pair: Double?
  }

  /// In the order of the examples.
  public private(set) var examples: [Loss] = []

  /// Evaluates examples in batches.
  ///
  /// - Throws: `TrainingError` when they do not fit the model.
  public init(
    _ model: Model, _ examples: [TrainingExample], builder: BatchBuilder, rows: Int = 16
  ) throws {
    // Those of like length stand together, so that little is padded.
    let order = examples.indices.sorted {
      (examples[$0].tokenCount, $0) < (examples[$1].tokenCount, $1)
    }
    self.examples = Array(repeating: Loss(), count: examples.count)
    for start in stride(from: 0, to: order.count, by: rows) {
      let indices = order[start..<min(start + rows, order.count)]
      let batch = builder.batch(indices.map { examples[$0] })
      let evaluation = try model.evaluate(batch)
      for (row, index) in indices.enumerated() {
        let places = (row * batch.labelLength)..<((row + 1) * batch.labelLength)
        self.examples[index].sum = places.reduce(0) { $0 + Double(evaluation.tokenNats[$1]) }
        self.examples[index].labels = places.count { batch.labels[$0] != TrainingExample.ignored }
        if examples[index].pairLabel != nil {
          self.examples[index].pair = evaluation.pairNats.map { Double($0[row]) }
        }
      }
    }
  }

  /// Nats a label.
  public var mean: Double {
    examples.reduce(0) { $0 + $1.sum } / Double(max(1, examples.reduce(0) { $0 + $1.labels }))
  }

  /// Nats a pair; nil without pairs.
  public var pairMean: Double? {
    let pairs = examples.compactMap(\.pair)
    return pairs.isEmpty ? nil : pairs.reduce(0, +) / Double(pairs.count)
  }
}

extension PairedDifference {
  /// How much more another reading of the same labels costs.
  public init(
    own: HeldOutLosses, other: HeldOutLosses, origins: [TrainingExample.Origin], seed: UInt64
  ) throws {
    try self.init(
      zip(own.examples, other.examples).map { ($1.sum - $0.sum, $0.labels) }, origins: origins,
      seed: seed)
  }

  /// How much more a baseline costs than the model's head over pairs.
  public init(
    pairs own: HeldOutLosses, baseline: [Double], origins: [TrainingExample.Origin], seed: UInt64
  ) throws {
    try self.init(
      zip(own.examples, baseline).map { loss, nats in
        loss.pair.map { (nats - $0, 1) } ?? (0, 0)
      }, origins: origins, seed: seed)
  }

  /// How much more a baseline costs than the model's labels.
  public init(
    own: HeldOutLosses, baseline: [[Double]], origins: [TrainingExample.Origin], seed: UInt64
  ) throws {
    try self.init(
      zip(own.examples, baseline).map { ($1.reduce(0, +) - $0.sum, $0.labels) }, origins: origins,
      seed: seed)
  }
}
