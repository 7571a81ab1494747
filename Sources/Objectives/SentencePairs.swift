// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Two segments of whole sentences, and whether the second follows the first (next-sentence
/// prediction, Devlin et al. 2018, arXiv 1810.04805 §3.1), or whether they were swapped
/// (sentence-order prediction, Lan et al. 2020, arXiv 1909.11942 §3.1).
public struct SentencePairs: Sendable, Hashable {
  /// Where the second segment of a negative pair comes from.
  public enum Pairing: String, Sendable, Hashable {
    /// Random pairs exchange their second halves with the nearest partner in length from another
    /// document: every sentence is served once, and lengths say nothing about the label.
    case exchange
    /// The published script: a random place in a random document, and the unused sentences of the
    /// chunk are put back.
    case putBack = "put-back"
    /// The halves of a chunk are swapped; how many sentences a chunk has is drawn before their
    /// lengths are seen.
    case swapCounted = "counted"
    /// The published script of ALBERT: chunks are filled until a target length is reached, which
    /// shows in the lengths; a chunk of one sentence is paired with a random document, label 1.
    case swapGreedy = "greedy"
  }

  /// The most tokens in both segments together, framing tokens not counted; at least 2.
  public let maximum: Int
  /// How often a chunk (or, in the published scripts, a whole document) has a random, shorter
  /// target.
  public let shortProbability: Double
  /// Where second segments of negative pairs come from.
  public let pairing: Pairing

  func plan(
    _ unit: TokenizedUnit, order: [UInt32], random: RandomStreams, report: inout FramingReport
  ) throws(ObjectiveError) -> [PlannedPair] {
    let sentences = try unit.requireSentenceStarts()
    var planner = PairPlanner(
      rule: self, unit: unit, sentences: sentences, frameStream: random.stream(.frame),
      pairStream: random.stream(.pair))
    switch pairing {
    case .exchange: planner.planExchange(order, report: &report)
    case .putBack: planner.planPublished(order, swaps: false, report: &report)
    case .swapCounted: planner.planSwap(order, report: &report)
    case .swapGreedy: planner.planPublished(order, swaps: true, report: &report)
    }
    return planner.pairs
  }
}

/// A pair as plans keep it.
struct PlannedPair: Sendable, Hashable {
  var first: Stretch
  var second: Stretch
  /// Whether the label is 1: the second segment is random, or the two are swapped.
  var isNegative: Bool
}

/// The state of planning the pairs of one unit; the rules are in files of their own.
struct PairPlanner {
  let rule: SentencePairs
  let unit: TokenizedUnit
  let sentences: TokenizedUnit.SentenceStarts
  /// Target lengths and truncation.
  var frameStream: RandomStream
  /// Where chunks are split, coins, random documents.
  var pairStream: RandomStream
  var pairs: [PlannedPair] = []

  /// Where the sentences of a document start, and at the end its length.
  func bounds(of document: UInt32) -> [Int] {
    let index = Int(document)
    var bounds = sentences.starts[sentences.offsets[index]..<sentences.offsets[index + 1]]
      .map { Int($0) }
    bounds.append(unit.documentOffsets[index + 1] - unit.documentOffsets[index])
    return bounds
  }

  /// The maximum, or with the rule's probability a uniform length from 2 to the maximum.
  mutating func drawTarget() -> Int {
    guard frameStream.bernoulli(Probability(rule.shortProbability)) else { return rule.maximum }
    return 2 + frameStream.uniform(below: rule.maximum - 1)
  }
}
