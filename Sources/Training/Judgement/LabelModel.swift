// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// How often each label occurs, and what it costs to tell labels by that alone, or with the token
/// before.
///
/// Counts are taken from training examples. The unigram is smoothed by adding a constant to each
/// count, the one of a few that serves the held-out labels best: it is as hard to beat as it can be.
/// The bigram backs off to it by absolute discounting (Ney, Essen and Kneser 1994).
public struct LabelModel: Sendable {
  private var counts: [Int]
  private var total = 0
  private var pairs: [UInt64: Int] = [:]
  private var contexts: [Int32: (count: Int, kinds: Int)] = [:]
  private let size: Int
  /// The most different pairs that are kept.
  private static let pairLimit = 1 << 21
  private static let discount = 0.75

  /// Counts nothing yet.
  ///
  /// - Parameter size: how many labels there are.
  public init(size: Int) {
    self.size = max(2, size)
    counts = [Int](repeating: 0, count: max(2, size))
  }

  /// Counts the labels of an example.
  public mutating func add(_ example: TrainingExample, ids: (Int32) -> Int32) {
    Self.forEachLabel(example, size, ids: ids) { label, previous in
      counts[Int(label)] += 1
      total += 1
      let key = UInt64(UInt32(bitPattern: previous)) << 32 | UInt64(UInt32(bitPattern: label))
      if let known = pairs[key] {
        pairs[key] = known + 1
        contexts[previous, default: (0, 0)].count += 1
      } else if pairs.count < Self.pairLimit {
        pairs[key] = 1
        contexts[previous, default: (0, 0)].count += 1
        contexts[previous, default: (0, 0)].kinds += 1
      }
    }
  }

  /// Nats a label: of the unigram and of the bigram, on average over the labels of held-out examples.
  public func nats(
    of examples: [TrainingExample], ids: (Int32) -> Int32
  ) -> (unigram: Double, bigram: Double, labels: Int) {
    let constants = [0.001, 0.01, 0.1, 0.5, 1]
    var sums = [Double](repeating: 0, count: constants.count)
    var labels = 0
    for example in examples {
      Self.forEachLabel(example, size, ids: ids) { label, _ in
        labels += 1
        for (index, constant) in constants.enumerated() {
          sums[index] -= log(unigram(label, constant))
        }
      }
    }
    guard labels > 0 else { return (log(Double(size)), log(Double(size)), 0) }
    let best = sums.indices.min { sums[$0] < sums[$1] } ?? 0
    var bigram = 0.0
    for example in examples {
      Self.forEachLabel(example, size, ids: ids) { label, previous in
        bigram -= log(probability(label, after: previous, constants[best]))
      }
    }
    return (sums[best] / Double(labels), bigram / Double(labels), labels)
  }

  private func unigram(_ label: Int32, _ constant: Double) -> Double {
    (Double(counts[Int(label)]) + constant) / (Double(total) + constant * Double(size))
  }

  private func probability(_ label: Int32, after previous: Int32, _ constant: Double) -> Double {
    let base = unigram(label, constant)
    guard let context = contexts[previous], context.count > 0 else { return base }
    let key = UInt64(UInt32(bitPattern: previous)) << 32 | UInt64(UInt32(bitPattern: label))
    let count = Double(pairs[key] ?? 0)
    let own = max(0, count - Self.discount) / Double(context.count)
    return own + Self.discount * Double(context.kinds) / Double(context.count) * base
  }

  /// Each label with the token before it: what the decoder read, or the left neighbour.
  ///
  /// Static, so that the counts are not copied when `body` changes them.
  private static func forEachLabel(
    _ example: TrainingExample, _ size: Int, ids: (Int32) -> Int32, _ body: (Int32, Int32) -> Void
  ) {
    for (position, label) in example.labels.enumerated()
    where label != TrainingExample.ignored {
      let id = ids(label)
      guard id >= 0, Int(id) < size else { continue }
      var previous: Int32 = -1
      if let decoder = example.decoderInputs {
        previous = decoder[position]
      } else if example.attention.isCausal || example.labelShift == 1 {
        previous = example.inputs[position]
      } else if case .ranks(let ranks, _, let queries) = example.attention {
        let place = position < ranks.count ? position : queries[position - ranks.count]
        previous = place > 0 ? example.inputs[place - 1] : -1
      } else if position > 0 {
        previous = example.inputs[position - 1]
      }
      body(id, previous < 0 ? previous : ids(previous))
    }
  }
}

extension TrainingExample.Attention {
  /// Whether outputs predict what comes next.
  var isCausal: Bool {
    switch self {
    case .causal, .prefix, .borrowed: true
    case .segments(_, let isCausal): isCausal
    case .all, .ranks: false
    }
  }
}
