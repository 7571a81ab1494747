// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// How far the label of a pair can be told without reading: from lengths, edge tokens and which
/// tokens the segments have.
///
/// A logistic regression learns from the rows of half the documents and is tried on the others.
/// It sees at most ``limit`` features; rows are sampled evenly to stay below.
struct PairProbe: Sendable {
  /// The features of one row.
  struct Sample: Sendable {
    let features: [UInt32]
    let label: Bool
    /// Whether the row belongs to the documents that are learnt from.
    let isForTraining: Bool
    /// Where the label is whether the segments change places.
    var order: Order?
  }

  /// What came out.
  struct Outcome: Sendable, Hashable {
    /// The mean of the shares of both labels that were told right.
    let accuracy: Double
    /// Rows it was tried on.
    let rows: Int
    /// The part of it that a dataset answers for; all of it, unless words may tell the label.
    var judged: Double
  }

  /// The most features that are kept: 32 MiB.
  static let limit = 8 << 20
  static let warning = 0.55
  static let failure = 0.60
  private static let bits = 18
  private static let passes = 3

  private var samples: [Sample] = []
  private var features = 0
  private(set) var skipped = 0

  init() {}

  /// Samples that are split already.
  init(training: [Sample], held: [Sample]) {
    samples = training + held
  }

  mutating func add(_ sample: Sample) {
    let count = sample.features.count + (sample.order?.features.count ?? 0)
    guard features + count <= Self.limit else {
      skipped += 1
      return
    }
    features += count
    samples.append(sample)
  }

  /// The features of two segments: a hash each, 18 bits.
  static func features(_ first: [Int64], _ second: [Int64]) -> [UInt32] {
    var features = Set(lengthFeatures(first.count, second.count))
    func add(_ kind: UInt64, _ value: Int64) { features.insert(feature(kind, value)) }
    for (kind, token) in [first.first, first.last, second.first, second.last].enumerated() {
      if let token { add(5 + UInt64(kind), token) }
    }
    for token in first { add(10, token) }
    for token in second { add(11, token) }
    return features.sorted()
  }

  /// The features of the lengths of two segments.
  static func lengthFeatures(_ first: Int, _ second: Int) -> [UInt32] {
    func bucket(_ length: Int) -> Int64 {
      // Quarters of octaves.
      length == 0 ? 0 : Int64((log2(Double(length)) * 4).rounded())
    }
    let difference = first - second
    return [
      feature(0, 0), feature(1, bucket(first)), feature(2, bucket(second)),
      feature(3, bucket(first + second)),
      feature(4, (difference < 0 ? -1 : 1) * bucket(abs(difference))),
    ]
  }

  private static func feature(_ kind: UInt64, _ value: Int64) -> UInt32 {
    let hash = TextHash.mixed(UInt64(bitPattern: value) &* 64 &+ kind)
    return UInt32(truncatingIfNeeded: hash >> UInt64(64 - bits))
  }

  /// Trains and tries; nil if either half lacks one of the labels or is too small to tell.
  func run() -> Outcome? {
    guard var outcome = Self.outcome(samples) else { return nil }
    let orders = samples.filter { $0.order != nil }
    if orders.count == samples.count {
      let lengths = Self.outcome(orders.compactMap(\.lengthsAlone))
      let control = Self.outcome(orders.compactMap(\.control))
      let beyond = control.map { outcome.accuracy - max(0.5, $0.accuracy) } ?? 0
      // A difference of two varies more than one of them.
      outcome.judged = max(lengths?.accuracy ?? 0.5, 0.5 + max(0, beyond) / 2.0.squareRoot())
    }
    return outcome
  }

  private static func outcome(_ samples: [Sample]) -> Outcome? {
    let training = samples.filter(\.isForTraining)
    return outcome(training, samples.filter { !$0.isForTraining }, fitted(training))
  }

  /// The weights of the features.
  static func fitted(_ training: [Sample]) -> [Double] {
    var weights = [Double](repeating: 0, count: 1 << bits)
    var squares = [Double](repeating: 1, count: 1 << bits)
    for _ in 0..<passes {
      for sample in training {
        let error = (sample.label ? 1 : 0) - probability(sample, weights)
        let scale = 1 / Double(sample.features.count).squareRoot()
        for feature in sample.features {
          let gradient = error * scale
          squares[Int(feature)] += gradient * gradient
          weights[Int(feature)] += 0.5 * gradient / squares[Int(feature)].squareRoot()
        }
      }
    }
    return weights
  }

  /// How often the weights tell right; nil if there are too few rows of either label.
  static func outcome(_ training: [Sample], _ held: [Sample], _ weights: [Double]) -> Outcome? {
    let ones = held.count { $0.label }
    guard training.count >= 100, ones >= 50, held.count - ones >= 50,
      training.contains(where: \.label), training.contains(where: { !$0.label })
    else { return nil }
    var right = (zero: 0, one: 0)
    for sample in held {
      let isOne = probability(sample, weights) > 0.5
      if sample.label, isOne { right.one += 1 }
      if !sample.label, !isOne { right.zero += 1 }
    }
    let accuracy =
      (Double(right.one) / Double(ones) + Double(right.zero) / Double(held.count - ones)) / 2
    return Outcome(accuracy: accuracy, rows: held.count, judged: accuracy)
  }

  /// −ln P(label), the evidence beyond `prior` being taken `scale` times.
  static func nats(
    of sample: Sample, _ weights: [Double], scale: Double, prior: Double
  ) -> Double {
    let odds = log(prior / (1 - prior)) + scale * score(sample, weights)
    return log(1 + exp(sample.label ? -odds : odds))
  }

  private static func score(_ sample: Sample, _ weights: [Double]) -> Double {
    let scale = 1 / Double(sample.features.count).squareRoot()
    return sample.features.reduce(0.0) { $0 + weights[Int($1)] } * scale
  }

  private static func probability(_ sample: Sample, _ weights: [Double]) -> Double {
    1 / (1 + exp(-score(sample, weights)))
  }
}

extension PairProbe.Outcome {
  /// Whether rows of two exchanged halves could score so high by chance.
  func isSignificant(among tests: Int) -> Bool {
    let excess = max(0, judged - 0.5)
    // Two rows share an exchange, so that half of them count.
    return log(2) - Double(rows) * excess * excess
      < log(StatisticalTest.significance / Double(max(1, tests)))
  }

  /// The finding, if the label shows too much.
  func finding(column: String, known: String?, among tests: Int) -> Finding? {
    guard judged > PairProbe.warning, isSignificant(among: tests) else { return nil }
    let message =
      "lengths, edge tokens and unigrams alone tell \(column) in "
      + "\(StatisticalTest.text(accuracy)) of \(rows) rows (0.5 is chance)"
    let isFault = judged > PairProbe.failure && known == nil
    return Finding(
      rule: "pair-surface", severity: isFault ? .fault : .warning,
      message + (known.map { "; known of these parameters: \($0)" } ?? ""))
  }
}
