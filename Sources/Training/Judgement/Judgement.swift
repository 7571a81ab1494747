// SPDX-License-Identifier: Apache-2.0

/// What a run measured of one head.
public struct Evidence: Sendable {
  /// The head's or the task's name.
  public var name: String
  /// What the loss is held against.
  public var against: String
  /// Nats a label on the held-out split.
  public var loss: Double
  /// Nats a label of what it is held against, on the same labels.
  public var baseline: Double
  /// The difference, with its interval.
  public var gap: PairedDifference
  /// Nats a label by frequency alone, which the loss has to stay under; nil where there is no such.
  public var unigram: Double?
  /// Nats a label by frequency after the token before; for comparison.
  public var bigram: Double?
  /// Steps of training.
  public var steps: Int
  /// What is expected.
  public var expectation: Expectation
  /// What the inputs give away, if they do.
  public var leak: String?

  /// What was measured.
  public init(
    name: String, against: String, loss: Double, baseline: Double, gap: PairedDifference,
    unigram: Double? = nil, bigram: Double? = nil, steps: Int, expectation: Expectation,
    leak: String? = nil
  ) {
    self.name = name
    self.against = against
    self.loss = loss
    self.baseline = baseline
    self.gap = gap
    self.unigram = unigram
    self.bigram = bigram
    self.steps = steps
    self.expectation = expectation
    self.leak = leak
  }
}

/// A verdict and why.
public struct Judgement: Sendable {
  /// What was measured; nil if a leak made training pointless.
  public let evidence: Evidence?
  /// The head's or the task's name.
  public let name: String
  /// The verdict.
  public let verdict: Verdict
  /// One sentence.
  public let reason: String

  /// Judges before there is anything but a leak.
  public init(name: String, leak: String) {
    evidence = nil
    self.name = name
    verdict = .tooGood
    reason = leak
  }

  /// Judges what was measured.
  public init(_ evidence: Evidence) {
    self.evidence = evidence
    name = evidence.name
    (verdict, reason) = Self.judge(evidence)
  }

  private static func judge(_ evidence: Evidence) -> (Verdict, String) {
    let gap = evidence.gap
    let expectation = evidence.expectation
    if let leak = evidence.leak { return (.tooGood, leak) }
    guard gap.labels > 0, gap.clusters > 1 else {
      return (.inconclusive, "the validation split is too small: \(gap.labels) labels")
    }
    let reference = evidence.unigram ?? evidence.baseline
    if evidence.loss < expectation.floor * reference {
      return (
        .tooGood,
        "a loss of \(Nats.text(evidence.loss)) is under \(Nats.text(expectation.floor)) of the baseline's "
          + "\(Nats.text(reference)): no small model gets there without being told"
      )
    }
    let isUnder = evidence.unigram.map { evidence.loss < $0 } ?? true
    if gap.lower > expectation.trace, isUnder {
      return (.learns, "\(Nats.text(gap.mean)) nats better than with \(evidence.against)")
    }
    let detectable = "the smallest effect it could have seen is \(Nats.text(gap.detectable)) nats"
    if evidence.steps < expectation.steps {
      return (
        .inconclusive,
        "\(evidence.steps) steps are fewer than the \(expectation.steps) it takes; \(detectable)"
      )
    }
    if gap.lower > expectation.trace, let unigram = evidence.unigram {
      return (
        .doesNotLearn,
        "the loss is not under that of frequencies alone, \(Nats.text(unigram))"
      )
    }
    if expectation.contextAloneHelps, let unigram = evidence.unigram,
      evidence.loss < unigram - (expectation.effect ?? 0)
    {
      return (
        .inconclusive,
        "it uses its context (frequencies alone cost \(Nats.text(unigram))), but not yet what "
          + "\(evidence.against) lacks; \(detectable)"
      )
    }
    guard let effect = expectation.effect, gap.upper < effect else {
      return (.inconclusive, "no difference to \(evidence.against) was seen; \(detectable)")
    }
    return (
      .doesNotLearn,
      "it predicts no better than with \(evidence.against); a difference of \(Nats.text(effect)) "
        + "nats would have shown"
    )
  }
}
