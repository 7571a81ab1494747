// SPDX-License-Identifier: Apache-2.0

/// What the surface of pairs alone tells of their label: the probe of `validate`, as a baseline
/// that a model has to beat.
public struct PairSurface: Sendable {
  private var training: [PairProbe.Sample] = []
  private var held: [PairProbe.Sample] = []
  private var features = 0
  private let swapsSegments: Bool

  /// Nothing is known yet.
  ///
  /// - Parameter swapsSegments: whether the label says that the segments changed places. What their
  ///   words tell of that is what a model is to learn: only lengths are surface then.
  public init(swapsSegments: Bool = false) {
    self.swapsSegments = swapsSegments
  }

  /// Shows a pair to learn from; what would take too much memory is left out.
  public mutating func learn(_ first: [Int64], _ second: [Int64], label: Bool) {
    guard features < PairProbe.limit else { return }
    let sample = sample(first, second, label: label, isForTraining: true)
    features += sample.features.count + (sample.order?.features.count ?? 0)
    training.append(sample)
  }

  /// Shows a pair that is to be told, and not learnt from.
  public mutating func hold(_ first: [Int64], _ second: [Int64], label: Bool) {
    held.append(sample(first, second, label: label, isForTraining: false))
  }

  private func sample(
    _ first: [Int64], _ second: [Int64], label: Bool, isForTraining: Bool
  ) -> PairProbe.Sample {
    var sample = PairProbe.Sample(
      features: PairProbe.features(first, second), label: label, isForTraining: isForTraining)
    if swapsSegments { sample.order = PairProbe.Order((first, second), isSwapped: label) }
    return sample
  }

  /// What came out.
  public struct Outcome: Sendable {
    /// Nats of each pair that was tried.
    public let nats: [Double]
    /// How far the label shows, as a finding; nil if it does not.
    public let finding: Finding?
  }

  /// Learns, and tells the pairs that were held out.
  ///
  /// The probe is as sure of itself as serves it best, or knows nothing but how often each label
  /// occurs: the model is held against the better of both.
  public func run(column: String, known: String?) -> Outcome {
    let held = held.map { $0.lengthsAlone ?? $0 }
    let training = training.map { $0.lengthsAlone ?? $0 }
    let weights = PairProbe.fitted(training)
    let scales = [0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1]
    let ones = Double(training.count { $0.label })
    let prior = (ones + 1) / (Double(training.count) + 2)
    let candidates = scales.map { scale in
      held.map { PairProbe.nats(of: $0, weights, scale: scale, prior: prior) }
    }
    let sums = candidates.map { $0.reduce(0, +) }
    let best = sums.indices.min { sums[$0] < sums[$1] } ?? 0
    let outcome =
      swapsSegments
      ? PairProbe(training: self.training, held: self.held).run()
      : PairProbe.outcome(training, held, weights)
    return Outcome(
      nats: candidates[best],
      finding: outcome?.finding(column: column, known: known, among: 1))
  }
}
