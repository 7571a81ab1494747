// SPDX-License-Identifier: Apache-2.0

/// What one step of training saw.
public struct StepLosses: Sendable, Hashable {
  /// Nats a labelled position, the mean over all batches of the step; 0 if nothing was labelled.
  public var tokenLoss = 0.0
  /// Labelled positions.
  public var labels = 0
  /// Nats a pair; nil if there were no labelled pairs.
  public var pairLoss: Double?
  /// The norm of the whole gradient before clipping.
  public var gradientNorm = 0.0

  /// What was minimized: the sum of both.
  public var total: Double { tokenLoss + (pairLoss ?? 0) }
}

/// What a model thinks of labels that it is not trained on.
public struct Evaluation: Sendable {
  /// rows × label length: −ln P(label) in nats, 0 where there is no label.
  public var tokenNats: [Float]
  /// Nats of each row's pair; nil without pairs, 0 where a row has no label.
  public var pairNats: [Float]?
}
