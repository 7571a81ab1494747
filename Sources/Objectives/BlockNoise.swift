// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// The noises of BART (Lewis et al. 2019, arXiv 1910.13461 §2.2), in their published order:
/// sentences are permuted, words or tokens are masked or deleted, the block is rotated. The target
/// is the block as it was.
struct BlockNoise: Sendable {
  /// What happens to the words or tokens that are selected.
  enum Masking: Sendable {
    case nothing
    /// Stretches of Poisson length become one mask each.
    case infill(lengths: DiscreteDistribution, overlaps: Bool)
    /// Each becomes one mask.
    case mask
    /// Each is left out.
    case delete
  }

  enum Unit: String {
    case words
    case tokens
  }

  enum BlockRule: String {
    case sentences
    case windows
  }

  enum RoundingRule: String {
    case nearest
    case up
  }

  enum Placement: String {
    case exact
    case overlap
  }

  let masking: Masking
  let rate: Double
  let unit: Unit
  let rounding: RoundingRule
  /// The share of masks that become a random token.
  let random: Probability
  /// The share of sentences that change places.
  let permuted: Double
  let rotated: Probability

  let vocabulary: Vocabulary
  let maskID: TokenID
  /// What stands before and behind every block.
  let prefix: [TokenID]
  let suffix: [TokenID]
  let pair: SequencePair
  let framing: Framing
  let needs: Needs
  let facts: [Fact]
  /// By the number of words that are infilled the number of masks on average; empty elsewhere.
  let expectedMasks: [Double]

  /// The most tokens of text in a row.
  var room: Int { pair.length - prefix.count - suffix.count }

  /// What an objective declares of the noises, read where it is declared.
  struct Parts: OptionSet {
    let rawValue: Int
    static let masking = Parts(rawValue: 1)
    static let infilling = Parts(rawValue: 2)
    static let deletion = Parts(rawValue: 4)
    static let permutation = Parts(rawValue: 8)
    static let rotation = Parts(rawValue: 16)
  }

  /// Noise for blocks that end with EOS alone.
  init(
    _ parts: Parts, parameters: ObjectiveParameters, vocabulary: Vocabulary
  ) throws(ObjectiveError) {
    let eos = try vocabulary.require("eos", for: parameters.objective)
    try self.init(
      parts, parameters: parameters, vocabulary: vocabulary, suffix: [eos], suffixRoles: ["eos"])
  }

  /// - Parameters:
  ///   - parts: The noises that the objective has parameters for.
  ///   - suffix: What stands behind every block; its last token is what a decoder starts with.
  init(
    _ parts: Parts, parameters: ObjectiveParameters, vocabulary: Vocabulary, suffix: [TokenID],
    suffixRoles: [String]
  ) throws(ObjectiveError) {
    let name = parameters.objective
    let masks = !parts.isDisjoint(with: [.masking, .infilling])
    let selects = masks || parts.contains(.deletion)
    self.vocabulary = vocabulary
    prefix = [try vocabulary.require("bos", for: name)]
    self.suffix = suffix
    maskID = masks ? try vocabulary.require("mask", for: name) : 0
    rate = selects ? try parameters.real("rate") : 0
    unit = selects ? try parameters.choice("unit") : .tokens
    rounding = selects ? try parameters.choice("rounding") : .nearest
    let share = masks ? try parameters.real("random_share") : 0
    random = Probability(share)
    guard share == 0 || vocabulary.ordinary.count > 1 else {
      throw parameters.invalid("random_share", "the vocabulary has no ordinary tokens to draw from")
    }
    permuted = parts.contains(.permutation) ? try parameters.real("permute_share") : 0
    rotated = Probability(parts.contains(.rotation) ? try parameters.real("rotate_share") : 0)
    if parts.contains(.infilling) {
      let placement: Placement = try parameters.choice("placement")
      masking = .infill(
        lengths: Self.lengths(mean: try parameters.real("poisson_mean")),
        overlaps: placement == .overlap)
    } else {
      masking =
        parts.contains(.masking) ? .mask : parts.contains(.deletion) ? .delete : .nothing
    }

    if case .infill(let lengths, false) = masking {
      expectedMasks = Self.expectedSpans(
        lengths, upTo: min(1 << 14, try parameters.integer("length")))
    } else {
      expectedMasks = []
    }

    let blocks: BlockRule = try parameters.choice("blocks")
    let length = try parameters.integer("length")
    let room = length - prefix.count - suffix.count
    guard room > 0 else {
      throw parameters.invalid("length", "length \(length) leaves no room for text")
    }
    var needs = Needs()
    needs.roles = ["bos"] + suffixRoles + (masks ? ["mask"] : [])
    needs.wordStarts = unit == .words && selects
    needs.sentenceStarts = blocks == .sentences || permuted > 0
    self.needs = needs
    pair = SequencePair(
      layout: .encoderDecoder, length: length, targetsLength: length,
      padding: try parameters.choice("pad"), pads: true,
      padID: try vocabulary.requirePadding(for: name), vocabularySize: vocabulary.size,
      target: "The block before corruption, with its framing tokens")
    facts = [
      Fact(name: "decoder_start_token_id", value: Int(suffix.last ?? 0)),
      Fact(name: "targets_length", value: length),
    ]
    framing = Framing(
      blocks == .sentences
        ? .sentences(SentencePacking(maximum: room))
        : .concatenate(
          Concatenation(
            window: room, stride: room, separator: nil, keepsTail: true, staysInDocuments: true)),
      documentOrder: try parameters.choice("document_order"), carriesWordStarts: needs.wordStarts,
      carriesSentenceStarts: permuted > 0)
  }

  /// Poisson, up to the first length behind the mean whose probability is below 10⁻⁷ (fairseq's
  /// table: 18 lengths for a mean of 3, 19 for 3.5).
  static func lengths(mean: Double) -> DiscreteDistribution {
    // Far enough that nothing behind it has a weight: λᵏ/k! falls once k exceeds λ.
    var weights: [Double] = [1]
    var total = 1.0
    while let last = weights.last, Double(weights.count) <= mean || last > total * 0x1p-60 {
      let next = last * mean / Double(weights.count)
      weights.append(next)
      total += next
    }
    var end = weights.count
    while end > 1, weights[end - 1] < total * 1e-7 { end -= 1 }
    return DiscreteDistribution(first: 0, weights: Array(weights[0..<min(end + 1, weights.count)]))
  }

  /// How many of so many words or tokens are selected: at least one, unless the rate is 0.
  func budget(_ units: Int) -> Int {
    guard rate > 0, units > 0 else { return 0 }
    let exact = Double(units) * rate
    let rounded =
      rounding == .nearest ? Rounding.halfEven(exact) : Int(exact.rounded(.up))
    return min(max(1, rounded), units)
  }
}

/// An objective that is made of BART's noises.
protocol BlockObjective: Objective {
  var noise: BlockNoise { get }
}

extension BlockObjective {
  var framing: Framing { noise.framing }
  var columns: [Column] { noise.pair.columns }
  var needs: Needs { noise.needs }
  var facts: [Fact] { noise.facts }

  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    noise.build(frame, random, into: &out)
  }

  func faults(in row: ExampleRow) -> [Fault] {
    noise.faults(in: row)
  }

  var examination: Examination { noise.examination }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    noise.observe(row, into: &observations)
  }

  func restore(_ row: ExampleRow) -> [Int64]? {
    noise.restore(row)
  }
}

extension Parameter {
  static let blockLength = integer(
    "length", 512, in: 4...1_048_576, "Tokens in a row of input or target, framing tokens included."
  )

  static func blockRate(_ value: Double, _ what: String) -> Parameter {
    real("rate", value, in: 0...1, "The share of words (or tokens) \(what).")
  }

  static func unit(_ names: [String]) -> Parameter {
    choice("unit", names, "Whether words or tokens are counted and selected.")
  }

  static let blockRounding = choice(
    "rounding", ["nearest", "up"],
    "How rate × words becomes a number: half to even, or upwards (fairseq); at least one.")

  static let maskRandomShare = real(
    "random_share", 0, in: 0...1, "The share of masks that become a random ordinary token instead.")

  static func poissonMean(_ value: Double) -> Parameter {
    real(
      "poisson_mean", value, in: 0.5...100,
      "The mean of the Poisson distribution of span lengths; a span of length 0 inserts a mask.")
  }

  static let placement = choice(
    "placement", ["exact", "overlap"],
    "Spans that never share a word, so that the rate is what is removed, or starts drawn without"
      + " regard to lengths, so that spans run into each other (fairseq).")

  static func permuteShare(_ value: Double) -> Parameter {
    real(
      "permute_share", value, in: 0...1,
      "The share of a row's sentences, rounded up, that change places among themselves.")
  }

  static func rotateShare(_ value: Double) -> Parameter {
    real(
      "rotate_share", value, in: 0...1,
      "The share of rows that are rotated to begin at a uniformly chosen token.")
  }

  static let blocks = choice(
    "blocks", ["sentences", "windows"],
    "A row is as many whole sentences of one document as fit, or a window of one document.")
}
