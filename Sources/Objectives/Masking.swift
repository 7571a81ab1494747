// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Which tokens of a row are hidden, how many, and what stands in their place: shared by the
/// objectives that restore masked tokens.
final class Masking: Sendable {
  /// What is selected as one.
  enum Unit: String {
    case subword
    case wholeWord = "whole-word"
    case ngram
    case span
  }

  /// How many candidates are selected.
  enum Count: String {
    case exact
    case ceiling
    case stochastic
    case bernoulli
  }

  enum RateBase: String {
    case candidates
    case all
  }

  enum RateStep: String {
    case epoch
    case row
  }

  enum Replacements: String {
    case ordinary
    case vocabulary
  }

  /// How often mask, random or stay is drawn.
  enum Draw: String {
    case unit
    case token
  }

  let vocabulary: Vocabulary
  let maskID: TokenID
  /// Whether the mask token may stand in a row only where something is hidden.
  let marksEveryMask: Bool
  let unit: Unit
  let count: Count
  let rate: Double
  let rateEnd: Double
  let rateEpochs: Int
  let rateStep: RateStep
  let rateBase: RateBase
  let maskThreshold: UInt64
  let randomThreshold: UInt64
  let replacements: Replacements
  let draw: Draw
  let maxPredictions: Int
  /// Words in an n-gram or a span.
  let lengths: DiscreteDistribution
  let candidates: Candidates.Rule

  init(
    _ parameters: ObjectiveParameters, _ vocabulary: Vocabulary, maskRole: String = "mask",
    skipsFirst: Bool = false, needs: inout Needs
  ) throws(ObjectiveError) {
    self.vocabulary = vocabulary
    maskID = try vocabulary.require(maskRole, for: parameters.objective)
    marksEveryMask = maskRole == "mask"
    needs.roles.append(maskRole)
    unit = try parameters.choice("masking")
    count = try parameters.choice("count")
    rate = try parameters.real("rate")
    rateStep = try parameters.choice("rate_step")
    rateEpochs = try parameters.integer("rate_epochs")
    let end = try parameters.real("rate_end")
    rateEnd = end < 0 ? rate : end
    rateBase = try parameters.choice("rate_base")
    replacements = try parameters.choice("replacements")
    draw = try parameters.choice("draw")
    maxPredictions = try parameters.integer("max_predictions")
    let maskShare = try parameters.real("mask_share")
    let randomShare = try parameters.real("random_share")
    maskThreshold = Probability(maskShare).threshold
    randomThreshold = Probability(maskShare + randomShare).threshold
    needs.wordStarts = unit != .subword
    candidates = Candidates.Rule(groupsWords: unit != .subword, skipsFirst: skipsFirst)
    switch unit {
    case .span:
      lengths = .geometric(
        success: try parameters.real("span_success"), maximum: try parameters.integer("max_span"))
    default:
      lengths = .harmonic(maximum: try parameters.integer("max_ngram"))
    }

    guard maskShare + randomShare <= 1 else {
      throw parameters.invalid(
        "random_share", "mask_share \(maskShare) and random_share \(randomShare) exceed 1 together")
    }
    if randomShare > 0, vocabulary.ordinary.count < 2 {
      throw ObjectiveError(
        .missingRole, objective: parameters.objective, subject: "vocabulary",
        "random replacement needs two ordinary tokens: set random_share=0")
    }
    guard end == -1 || end >= 0 else {
      throw parameters.invalid("rate_end", "rate_end is a share, or -1 for a constant rate")
    }
    let least = rateStep == .epoch ? 2 : 1
    guard end < 0 || rateEpochs >= least else {
      throw parameters.invalid(
        "rate_epochs", "rate_end needs rate_epochs of at least \(least): the number of epochs")
    }
    guard end >= 0 || rateEpochs == 0 else {
      throw parameters.invalid("rate_end", "rate_epochs needs rate_end: where the rate ends")
    }
    guard count != .bernoulli || maxPredictions == 0 else {
      throw parameters.invalid(
        "max_predictions", "max_predictions needs a count other than bernoulli")
    }
    guard count != .bernoulli || unit == .subword || unit == .wholeWord else {
      throw parameters.invalid("count", "count=bernoulli selects tokens or whole words alone")
    }
  }

  /// The rate of a row: constant, or on the straight line from `rate` to `rate_end`.
  func rate(epoch: Int, frame: borrowing Frame) -> Double {
    guard rateEpochs > 0 else { return rate }
    let progress: Double
    switch rateStep {
    case .epoch: progress = Double(epoch) / Double(rateEpochs - 1)
    case .row:
      progress =
        (Double(epoch) + Double(frame.ordinal) / Double(max(1, frame.count))) / Double(rateEpochs)
    }
    return progress >= 1 ? rateEnd : rate + (rateEnd - rate) * progress
  }

  /// How many tokens a rate asks for; `draw` is U for stochastic rounding.
  func budget(rate: Double, candidates: Int, used: Int, draw: Double) -> Int {
    let exact = rate * Double(rateBase == .all ? used : candidates)
    var budget =
      switch count {
      case .exact, .bernoulli: Rounding.halfEven(exact)
      case .ceiling: Int(exact.rounded(.up))
      case .stochastic: Int(exact + draw)
      }
    if count == .exact, rate > 0 { budget = max(1, budget) }
    if maxPredictions > 0 { budget = min(maxPredictions, budget) }
    return min(candidates, budget)
  }
}

extension DiscreteDistribution {
  /// P(n) ∝ 1/n over `1...maximum` (Lan et al. 2020, arXiv 1909.11942 §3.1).
  static func harmonic(maximum: Int) -> DiscreteDistribution {
    DiscreteDistribution(first: 1, weights: (1...max(1, maximum)).map { 1 / Double($0) })
  }
}

extension Masking {
  /// The parameters of masking, with the objective's own rate.
  static func parameters(rate: Double) -> [Parameter] {
    [
      .real(
        "rate", rate, in: 0...1, "The share of candidates (tokens that are not special) selected."),
      .real(
        "rate_end", -1, in: -1...1,
        "Where the rate ends after rate_epochs, on a straight line from rate; -1 for a constant"
          + " rate."),
      .integer(
        "rate_epochs", 0, in: 0...65_536,
        "With rate_end: in how many epochs the rate moves from rate to rate_end, where it stays."),
      .choice(
        "rate_step", ["epoch", "row"],
        "With rate_end: the rate is one in each epoch, or moves on from row to row of each unit."),
      .choice(
        "masking", ["subword", "whole-word", "ngram", "span"],
        "What is selected: tokens; whole words; up to max_ngram words, P(n) ∝ 1/n (ALBERT); or spans"
          + " of words of geometric length, the last one cut to fit (SpanBERT)."),
      .integer("max_ngram", 3, in: 1...64, "With masking=ngram: the most words in an n-gram."),
      .real(
        "span_success", 0.2, in: 0.001...1,
        "With masking=span: P(n) ∝ (1 − span_success)ⁿ⁻¹ for a span of n words."),
      .integer("max_span", 10, in: 1...1024, "With masking=span: the most words in a span."),
      .choice(
        "count", ["exact", "ceiling", "stochastic", "bernoulli"],
        "Select round-half-even(rate × candidates), at least one; the next whole number up"
          + " (SpanBERT); floor(rate × candidates + U) (RoBERTa); or each on its own (transformers'"
          + " collator)."),
      .choice(
        "rate_base", ["candidates", "all"],
        "Whether the rate counts candidates alone or framing tokens too (published BERT)."),
      .integer(
        "max_predictions", 0, in: 0...1_048_576,
        "At most so many selected in a row; 0 for no limit. Not with count=bernoulli."),
      .real(
        "mask_share", 0.8, in: 0...1, "The share of selected tokens that become the mask token."),
      .real(
        "random_share", 0.1, in: 0...1,
        "The share of selected tokens that become a random token; the rest stay."),
      .choice(
        "draw", ["unit", "token"],
        "Draw mask, random or stay once for each word or span, or for each token of it (published"
          + " whole-word BERT, ALBERT)."),
      .choice(
        "replacements", ["ordinary", "vocabulary"],
        "Random tokens are ordinary ones other than the original, or any id (published BERT)."),
    ]
  }
}
