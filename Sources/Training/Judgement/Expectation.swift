// SPDX-License-Identifier: Apache-2.0

/// What is expected of a run on healthy data.
public struct Expectation: Sendable, Hashable {
  /// Steps after which a model that learns nothing has had its chance.
  public var steps: Int
  /// The smallest gap in nats that would be worth anything; nil where healthy data may show none.
  public var effect: Double?
  /// A gap that may be no more than this is a trace, not something learnt: what the surface of rows
  /// tells, or a chance among many heads.
  public var trace: Double { (effect ?? 0.03) / 10 }
  /// A loss below this share of the baseline's is beyond what so small a model can do honestly.
  public var floor: Double
  /// Whether nothing but the context brings the loss under that of frequencies: a model that gets
  /// there without a gap uses the context in another way than the one that is tried.
  public var contextAloneHelps = false

  /// What is expected.
  public init(steps: Int, effect: Double?, floor: Double) {
    self.steps = steps
    self.effect = effect
    self.floor = floor
  }

  /// What is expected of rows of a kind.
  public init(_ kind: TaskKind) {
    switch kind {
    case .masked: self.init(steps: 2000, effect: 0.03, floor: 0.1)
    case .maskedNext, .permuted:
      self.init(steps: 2000, effect: 0.03, floor: 0.1)
      contextAloneHelps = true
    case .causal, .middle, .spans, .prefix: self.init(steps: 1000, effect: 0.03, floor: 0.1)
    // Most of a damaged text can be copied.
    case .blocks: self.init(steps: 1000, effect: 0.03, floor: 0.001)
    case .replaced: self.init(steps: 2000, effect: 0.003, floor: 0.1)
    }
  }

  /// Of few different tokens less is expected: they are learnt sooner.
  ///
  /// - Parameter vocabularySize: the tokens that the model knows.
  public func scaled(vocabularySize: Int) -> Expectation {
    let share = min(1, max(0.1, Double(vocabularySize) / Double(IDMap.checkedSize)))
    var scaled = self
    scaled.steps = Int((Double(steps) * share).rounded())
    return scaled
  }

  /// What is expected of the head over pairs: much text before it sees anything, in some texts
  /// nothing at all.
  public static let pairs = Expectation(steps: 4000, effect: nil, floor: 0.01)
  /// What is expected of the middle of a text when its suffix is exchanged: little.
  public static let suffix = Expectation(steps: 1000, effect: nil, floor: 0)
}
