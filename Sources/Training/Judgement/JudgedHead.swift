// SPDX-License-Identifier: Apache-2.0

/// One thing that a dataset teaches, with the held-out examples by which it is judged and what they
/// are held against.
public struct JudgedHead: Sendable {
  /// What the loss is compared with, label by label.
  public enum Opponent: Sendable {
    /// The model itself, reading other contexts: one for each example.
    case context(Counterfactual, [TrainingExample])
    /// Known nats of each label of each example.
    case labels(String, [[Double]])
    /// Known nats of each example's pair.
    case pairs(String, [Double])
  }

  /// The head's or the task's name.
  public var name: String
  /// The examples.
  public var examples: [TrainingExample]
  /// What they are held against.
  public var opponent: Opponent
  /// Nats a label by frequency alone, which the loss has to stay under.
  public var unigram: Double?
  /// Nats a label by frequency after the token before.
  public var bigram: Double?
  /// What is expected of healthy data.
  public var expectation: Expectation
  /// What the inputs give away, if they do.
  public var leak: String?
  /// Whether the losses of steps are those of this head, rather than of several tasks together.
  public var isOfEveryStep = true

  /// A head.
  public init(
    name: String, examples: [TrainingExample], opponent: Opponent, expectation: Expectation,
    unigram: Double? = nil, bigram: Double? = nil, leak: String? = nil
  ) {
    self.name = name
    self.examples = examples
    self.opponent = opponent
    self.unigram = unigram
    self.bigram = bigram
    self.expectation = expectation
    self.leak = leak
  }

  /// What it is held against, in words.
  public var against: String {
    switch opponent {
    case .context(let counterfactual, _): counterfactual.rawValue
    case .labels(let name, _), .pairs(let name, _): name
    }
  }

  /// Measures it.
  ///
  /// - Parameters:
  ///   - steps: how long the model was trained.
  ///   - limit: only the first so many examples; nil for all.
  /// - Throws: `TrainingError` when the examples do not fit the model.
  public func measure(
    _ model: Model, builder: BatchBuilder, steps: Int, seed: UInt64, limit: Int? = nil
  ) throws -> Evidence {
    let count = min(limit ?? examples.count, examples.count)
    let own = try HeldOutLosses(model, Array(examples.prefix(count)), builder: builder)
    let origins = examples.prefix(count).map(\.document)
    let gap: PairedDifference
    let loss: Double
    switch opponent {
    case .context(_, let others):
      let other = try HeldOutLosses(model, Array(others.prefix(count)), builder: builder)
      gap = try PairedDifference(own: own, other: other, origins: origins, seed: seed)
      loss = own.mean
    case .labels(_, let nats):
      gap = try PairedDifference(own: own, baseline: nats, origins: origins, seed: seed)
      loss = own.mean
    case .pairs(_, let nats):
      gap = try PairedDifference(pairs: own, baseline: nats, origins: origins, seed: seed)
      loss = own.pairMean ?? 0
    }
    return Evidence(
      name: name, against: against, loss: loss, baseline: loss + gap.mean, gap: gap,
      unigram: unigram, bigram: bigram, steps: steps, expectation: expectation, leak: leak)
  }
}
