// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Independent noise, `t5-iid` (Raffel et al. 2020, arXiv 1910.10683 §3.3): every token is noise on
/// its own.
///
///     source      a b c d e f g h
///     input_ids   a <extra_id_0> c <extra_id_1> f g h </s>
///     labels      <extra_id_0> b <extra_id_1> d e </s>
struct IIDNoise: Objective {
  enum Inputs: String {
    case spans
    case same
    case tokens
    case drop
  }

  enum Targets: String {
    case spans
    case full
    case drop
  }

  static let descriptor = Descriptor(
    name: "t5-iid",
    summary: "Independent noise: every token is noise on its own, runs become sentinels.",
    parameters: [
      .integer(
        "length", 512, in: 8...1_048_576,
        "Tokens in an input row, EOS included; windows have one token less."),
      .integer(
        "targets_length", 0, in: 0...1_048_576,
        "Tokens in a target row, EOS included; 0 for the mean of what is needed and five standard"
          + " deviations more. Noise that does not fit stays clean and is counted."),
      .real("noise_density", 0.15, in: 0.001...0.9, "How likely each token is noise."),
      .choice(
        "inputs", ["spans", "same", "tokens", "drop"],
        "A run of noise becomes a sentinel of its own, or always the first sentinel; every noise"
          + " token becomes the first sentinel; noise is left out."),
      .choice(
        "targets", ["spans", "full", "drop"],
        "Each sentinel with its run; the whole source; or the noise alone."),
      .real(
        "random_share", 0, in: 0...1,
        "With inputs=tokens: the share of noise tokens that become another ordinary token instead."),
      .choice(
        "max_spans", ["error", "sentinels"],
        "When a row may well have more runs than there are sentinels (mean and five standard"
          + " deviations): refuse, or leave what is beyond the last sentinel clean."),
      .choice(
        "separator", ["none", "eos", "bos", "sep", "cls"],
        "The role of the token that follows each document; it is kept out of the noise."),
      .tail(["pad", "drop"]),
      .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "iid-denoising",
        note: "The paper's baseline (iid_15_u_u): 512 inputs, 192 targets. The original numbers the"
          + " clean runs of the target instead of the noise, so that rows that begin with noise have"
          + " targets off by one; that is not imitated.",
        settings: [Setting("targets_length", "192")]),
      Preset(
        name: "bert-style",
        note:
          "iid_15_r10s90_f: 90 % of the noise becomes a mask, 10 % a random token, the target is"
          + " the whole text. Random tokens are ordinary ones here, any id from 3 up there.",
        settings: [
          Setting("inputs", "tokens"), Setting("targets", "full"), Setting("random_share", "0.1"),
        ]),
      Preset(
        name: "mass-style",
        note: "iid_15_m_f: every noise token becomes the same mask, the target is the whole text.",
        settings: [Setting("inputs", "tokens"), Setting("targets", "full")]),
      Preset(
        name: "drop",
        note: "iid_15_d_d: noise is left out, and is the target.",
        settings: [Setting("inputs", "drop"), Setting("targets", "drop")]),
    ],
    sources: [
      "Raffel et al. 2020, arXiv 1910.10683 §3.3.1, §3.3.2",
      "google-research/text-to-text-transfer-transformer: t5/models/gin/objectives",
    ],
    heads: ["AutoModelForSeq2SeqLM (T5ForConditionalGeneration)"])

  let parameters: ObjectiveParameters
  let framing: Framing
  let needs: Needs
  let facts: [Fact]

  let vocabulary: Vocabulary
  let pair: SequencePair
  let inputs: Inputs
  let targets: Targets
  let noise: Probability
  let random: Probability
  let separator: TokenID?
  let isSentinel: [Bool]
  let eos: TokenID
  let tail: Tail
  let window: Int

  var columns: [Column] { pair.columns }
  /// Whether all noise is told by sentinels.
  var replaces: Bool { random.threshold == 0 }

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    let name = Self.descriptor.name
    self.parameters = parameters
    self.vocabulary = vocabulary
    let length = try parameters.integer("length")
    let density = try parameters.real("noise_density")
    let limit: SpanLimit = try parameters.choice("max_spans")
    let share = try parameters.real("random_share")
    inputs = try parameters.choice("inputs")
    targets = try parameters.choice("targets")
    tail = try parameters.choice("tail")
    noise = Probability(density)
    random = Probability(share)
    eos = try vocabulary.require("eos", for: name)
    isSentinel = try vocabulary.sentinelFlags(for: name)
    guard share == 0 || inputs == .tokens else {
      throw parameters.invalid("random_share", "random_share needs inputs=tokens")
    }
    guard vocabulary.ordinary.count > 1 || share == 0 else {
      throw parameters.invalid("random_share", "the vocabulary has no ordinary tokens to draw from")
    }
    var needs = Needs()
    needs.roles = ["eos"]
    separator = try parameters.separator(vocabulary, &needs)

    window = length - 1
    let expected = Expectation(window: window, density: density)
    needs.sentinels = 1
    if inputs == .spans {
      needs.sentinels = min(expected.runs, (window + 1) / 2)
      guard needs.sentinels <= vocabulary.sentinels.count || limit == .sentinels else {
        throw ObjectiveError(
          .tooFewSentinels, objective: name, subject: "sentinels",
          "up to \(needs.sentinels) sentinels are needed, the tokenizer has"
            + " \(vocabulary.sentinels.count): add some with `prep tokenizer extend --sentinels N`,"
            + " or set max_spans=sentinels")
      }
    }
    self.needs = needs
    let derived =
      switch targets {
      case .spans: min(expected.targets, window + (window + 1) / 2) + 1
      case .drop: min(expected.noise, window) + 1
      case .full: window + 1
      }
    let asked = try parameters.integer("targets_length")
    guard asked == 0 || asked >= (targets == .full ? derived : 4) else {
      throw parameters.invalid("targets_length", "targets_length \(asked) is too short")
    }
    let targetsLength = asked == 0 ? derived : asked
    let padID = vocabulary.roles["pad"] ?? eos
    pair = SequencePair(
      layout: .encoderDecoder, length: length, targetsLength: targetsLength,
      padding: try parameters.choice("pad"), pads: true, padID: padID,
      vocabularySize: vocabulary.size,
      target: "Each sentinel with its run of noise, all of the text, or the noise; then EOS")
    facts = [
      Fact(name: "decoder_start_token_id", value: Int(padID)),
      Fact(name: "tokens_length", value: window),
      Fact(name: "targets_length", value: targetsLength),
    ]
    framing = Framing(
      .concatenate(
        Concatenation(
          window: window, stride: window, separator: separator, keepsTail: tail == .pad)),
      documentOrder: try parameters.choice("document_order"))
  }

  /// What a full window needs: the mean and five standard deviations.
  private struct Expectation {
    let runs: Int
    let noise: Int
    let targets: Int

    /// A run begins where noise follows a clean token: with q = p(1 − p), noise has the variance Lq,
    /// runs L(q − 3q²), and both together L(4q − 3q² − 4pq).
    init(window: Int, density p: Double) {
      let length = Double(window)
      let q = p * (1 - p)
      func bound(_ mean: Double, _ variance: Double) -> Int {
        Int((mean + 5 * max(0, length * variance).squareRoot()).rounded(.up))
      }
      noise = bound(length * p, q)
      runs = bound(length * q + p, q - 3 * q * q)
      targets = bound(length * (p + q) + p, 4 * q - 3 * q * q - 4 * p * q)
    }
  }
}
