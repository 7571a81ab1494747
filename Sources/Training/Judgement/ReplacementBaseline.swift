// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// How well the token alone tells whether it was replaced: p(label | token id), from counts.
///
/// The share of each token is pulled towards the share of all by as many tokens as serve the
/// held-out labels best of a few numbers.
public struct ReplacementBaseline: Sendable {
  private var counts: [(replaced: Int, all: Int)]
  private var replaced = 0
  private var all = 0

  /// Counts nothing yet.
  public init(vocabularySize: Int) {
    counts = Array(repeating: (0, 0), count: vocabularySize)
  }

  /// Counts the labels of an example.
  public mutating func add(_ example: TrainingExample) {
    for (id, label) in zip(example.inputs, example.labels) where label >= 0 {
      guard id >= 0, Int(id) < counts.count else { continue }
      counts[Int(id)].all += 1
      counts[Int(id)].replaced += label == 1 ? 1 : 0
      all += 1
      replaced += label == 1 ? 1 : 0
    }
  }

  /// The share of replaced tokens.
  public var share: Double { (Double(replaced) + 0.5) / (Double(all) + 1) }

  /// Nats a label by the share of all tokens alone.
  public var entropy: Double { -share * log(share) - (1 - share) * log(1 - share) }

  /// Nats of each label of held-out examples, example by example.
  public func nats(of examples: [TrainingExample]) -> [[Double]] {
    let candidates = [1.0, 4, 16, 64].map { strength in
      examples.map { nats(of: $0, strength) }
    }
    let sums = candidates.map { $0.reduce(0) { $0 + $1.reduce(0, +) } }
    let best = sums.indices.min { sums[$0] < sums[$1] } ?? 0
    return candidates[best]
  }

  private func nats(of example: TrainingExample, _ strength: Double) -> [Double] {
    zip(example.inputs, example.labels).map { id, label in
      guard label >= 0 else { return 0 }
      let count = id >= 0 && Int(id) < counts.count ? counts[Int(id)] : (replaced: 0, all: 0)
      let chance =
        (Double(count.replaced) + strength * share) / (Double(count.all) + strength)
      return -log(label == 1 ? chance : 1 - chance)
    }
  }
}
