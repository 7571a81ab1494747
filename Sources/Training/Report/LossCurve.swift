// SPDX-License-Identifier: Apache-2.0

/// How the losses of one head went, and the baselines beside them.
public struct LossCurve: Sendable {
  /// A loss after some steps.
  public struct Point: Sendable, Hashable {
    /// Steps of training.
    public var step: Int
    /// Nats a label.
    public var loss: Double

    /// A loss.
    public init(step: Int, loss: Double) {
      self.step = step
      self.loss = loss
    }
  }

  /// The head's or the task's name.
  public var name: String
  /// What the loss is held against, in words.
  public var against: String
  /// The mean over the steps between two measurements; empty where steps do not tell tasks apart.
  public var training: [Point] = []
  /// On the held-out split.
  public var heldOut: [Point] = []
  /// The same labels with what they are held against.
  public var baseline: [Point] = []
  /// Losses that do not change: unigram, bigram.
  public var constants: [(name: String, loss: Double)] = []

  /// A curve without points.
  public init(name: String, against: String) {
    self.name = name
    self.against = against
  }
}
