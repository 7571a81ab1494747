// SPDX-License-Identifier: Apache-2.0

/// Span corruption, `t5-span` (Raffel et al. 2020, arXiv 1910.10683 §3.1.4 and §3.3).
///
/// Spans of noise are replaced by sentinels in the input; the target is every sentinel with the
/// tokens it stands for. Both end in EOS.
///
///     source      a b c d e f g h
///     input_ids   a b <extra_id_0> e f g <extra_id_1> </s>
///     labels      <extra_id_0> c d <extra_id_1> h </s>
struct SpanCorruption: Objective {
  private enum SpanLimit: String {
    case error
    case sentinels
  }

  static let descriptor = Descriptor(
    name: "t5-span",
    summary: "Span corruption: noise spans become sentinels, the target spells them out.",
    parameters: [
      .integer("length", 512, in: 4...1_048_576, "Tokens in an input row, EOS included."),
      .integer(
        "targets_length", 0, in: 0...1_048_576,
        "Tokens in a target row, EOS included; 0 for exactly what the inputs need."),
      .real("noise_density", 0.15, in: 0.001...0.9, "The share of tokens that is noise."),
      .real("mean_span_length", 3, in: 1...1024, "The mean length of a noise span."),
      .choice(
        "separator", ["none", "eos", "bos", "sep", "cls"],
        "The role of the token that follows each document; it is kept out of the noise."),
      .flag(
        "roll", false,
        "Rotate the mask by a uniform offset, so that noise is equally likely everywhere; a span"
          + " that is split counts as two, and spans are numbered as they stand in the input."),
      .choice(
        "max_spans", ["error", "sentinels"],
        "When more spans are needed than there are sentinels: refuse, or use as many spans as there"
          + " are sentinels."),
      .choice(
        "arithmetic", ["float64", "float32"],
        "The precision in which the mask counts noise; the length helper is always in float64."),
      .tail(["drop", "pad"]),
      .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "t5",
        note:
          "The published preprocessor (span_corruption, 512 inputs). Keeps its defects: the mask"
          + " counts in float32 while the length helper counts in float64, so that at some lengths"
          + " the target is cut to fit; the mask starts clean and ends in noise, so the first token"
          + " is never noise and the last always is; documents run into each other without a"
          + " separator; the short tail is kept. The original's random 65,536-token chunk of longer"
          + " documents and its groups of 128 documents are not imitated: all text is served.",
        settings: [Setting("arithmetic", "float32"), Setting("tail", "pad")])
    ],
    sources: [
      "Raffel et al. 2020, arXiv 1910.10683 §3.1.4, §3.3",
      "google-research/text-to-text-transfer-transformer: t5/data/preprocessors.py",
    ],
    heads: ["AutoModelForSeq2SeqLM (T5ForConditionalGeneration)"])

  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact]

  let vocabularySize: Int
  let length: Int
  let targetsLength: Int
  let density: Double
  let mean: Double
  let arithmetic: SpanCounts.Arithmetic
  let rolls: Bool
  let separator: TokenID?
  let sentinels: [TokenID]
  let isSentinel: [Bool]
  let eos: TokenID
  let padID: TokenID
  let padding: Padding
  let tail: Tail
  let attention: Int?
  /// Raw tokens of a full row, and their counts.
  let tokensLength: Int
  let fullCounts: SpanCounts
  let wantedSpans: Int
  /// How long spans and the stretches between them are in full rows.
  let spanLaw: PartLengths
  let gapLaw: PartLengths

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    let name = Self.descriptor.name
    self.parameters = parameters
    vocabularySize = vocabulary.size
    length = try parameters.integer("length")
    density = try parameters.real("noise_density")
    mean = try parameters.real("mean_span_length")
    arithmetic = try parameters.choice("arithmetic")
    rolls = try parameters.flag("roll")
    padding = try parameters.choice("pad")
    tail = try parameters.choice("tail")
    let limit: SpanLimit = try parameters.choice("max_spans")
    eos = try vocabulary.require("eos", for: name)
    sentinels = vocabulary.sentinels
    guard !sentinels.isEmpty else {
      throw ObjectiveError(
        .missingRole, objective: name, subject: "sentinels",
        "the tokenizer has no sentinels: add some with `prep tokenizer extend --sentinels N`")
    }
    var isSentinel = [Bool](repeating: false, count: vocabulary.size)
    for sentinel in sentinels { isSentinel[Int(sentinel)] = true }
    self.isSentinel = isSentinel

    var needs = Needs()
    needs.roles = ["eos"]
    let role = try parameters.name("separator")
    separator = role == "none" ? nil : try vocabulary.require(role, for: name)
    if role != "none", role != "eos" { needs.roles.append(role) }

    let reserve = rolls ? 1 : 0
    let most = limit == .sentinels ? max(1, sentinels.count - reserve) : Int.max
    guard
      let lengths = SpanLengths.fitting(
        inputs: length, density: density, mean: mean, reserve: reserve, most: most)
    else {
      throw parameters.invalid("length", "length \(length) leaves no room for text")
    }
    tokensLength = lengths.tokens
    fullCounts = SpanCounts.mask(
      length: tokensLength, density: density, mean: mean, arithmetic: arithmetic, most: most)
    wantedSpans =
      SpanCounts.mask(
        length: tokensLength, density: density, mean: mean, arithmetic: arithmetic
      ).spans
    guard fullCounts.spans + reserve <= sentinels.count else {
      throw ObjectiveError(
        .tooFewSentinels, objective: name, subject: "sentinels",
        "\(fullCounts.spans + reserve) sentinels are needed, the tokenizer has \(sentinels.count):"
          + " add some with `prep tokenizer extend --sentinels N`, or set max_spans=sentinels")
    }
    needs.sentinels = fullCounts.spans + reserve
    spanLaw = PartLengths(
      total: fullCounts.noise, parts: fullCounts.spans, bins: Self.lengthBins,
      rotatedIn: rolls ? tokensLength : nil)
    gapLaw = PartLengths(
      total: tokensLength - fullCounts.noise, parts: fullCounts.spans, bins: Self.lengthBins,
      rotatedIn: rolls ? tokensLength : nil)

    let exact = fullCounts.noise + fullCounts.spans + reserve + 1
    // The published arithmetic disagrees with its own helper; the helper's length is the column's.
    let derived = arithmetic == .float32 ? lengths.targets : max(lengths.targets, exact)
    let asked = try parameters.integer("targets_length")
    guard asked == 0 || asked >= derived else {
      throw parameters.invalid(
        "targets_length", "targets_length \(asked) is too short: targets have \(derived) tokens")
    }
    targetsLength = asked == 0 ? derived : asked

    let inputsFull = tokensLength - fullCounts.noise + fullCounts.spans + 1
    let padsInputs =
      padding == .fixed && (tail == .pad || rolls || inputsFull != length)
    padID = vocabulary.roles["pad"] ?? eos
    let shape = Column.shape(length: length, padding: padding)
    var columns = [
      Column.inputIDs(shape),
      Column(
        "labels", .int32, Column.shape(length: targetsLength, padding: padding),
        meaning: "Each sentinel with the tokens it stands for, then EOS; -100 at padding."),
    ]
    if padsInputs {
      attention = columns.count
      columns.append(.attentionMask(shape))
    } else {
      attention = nil
    }
    self.columns = columns
    self.needs = needs
    facts = [
      Fact(name: "decoder_start_token_id", value: Int(padID)),
      Fact(name: "tokens_length", value: tokensLength),
      Fact(name: "targets_length", value: targetsLength),
      Fact(name: "spans", value: fullCounts.spans),
    ]
    framing = Framing(
      .concatenate(
        Concatenation(
          window: tokensLength, stride: tokensLength, separator: separator, keepsTail: tail == .pad)
      ),
      documentOrder: try parameters.choice("document_order"))
  }

  /// The counts of a row of so many raw tokens, `clean` of which cannot be noise at its end.
  func counts(_ tokens: Int, clean: Int = 0) -> SpanCounts {
    if tokens == tokensLength, clean == 0 { return fullCounts }
    let counts = SpanCounts.mask(
      length: tokens, density: density, mean: mean, arithmetic: arithmetic,
      most: sentinels.count - (rolls ? 1 : 0))
    guard clean > 0 else { return counts }
    let noise = min(counts.noise, max(0, tokens - clean - 1))
    return SpanCounts(
      noise: noise, spans: min(counts.spans, noise, max(0, tokens - clean - noise)))
  }
}
