// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Span corruption, `t5-span` (Raffel et al. 2020, arXiv 1910.10683 §3.1.4 and §3.3).
///
/// Spans of noise are replaced by sentinels in the input; the target is every sentinel with the
/// tokens it stands for. Both end in EOS.
///
///     source      a b c d e f g h
///     input_ids   a b <extra_id_0> e f g <extra_id_1> </s>
///     labels      <extra_id_0> c d <extra_id_1> h </s>
struct SpanCorruption: Objective {
  static let descriptor = Descriptor(
    name: "t5-span",
    summary: "Span corruption: noise spans become sentinels, the target spells them out.",
    parameters: [
      .integer(
        "length", 512, in: 4...1_048_576,
        "Tokens in a row of input_ids, EOS included; with layout=decoder input and target together."
      ),
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
      .layout,
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
    heads: [
      "AutoModelForSeq2SeqLM (T5ForConditionalGeneration)", "AutoModelForCausalLM (layout=decoder)",
    ])

  let parameters: ObjectiveParameters
  let framing: Framing
  let needs: Needs
  let facts: [Fact]

  let noise: SpanNoise
  let pair: SequencePair
  let isSentinel: [Bool]
  /// How long spans and the stretches between them are in full rows.
  let spanLaw: PartLengths
  let gapLaw: PartLengths
  private let eos: TokenID
  private let tail: Tail

  var columns: [Column] { pair.columns }

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    let name = Self.descriptor.name
    self.parameters = parameters
    let length = try parameters.integer("length")
    let layout: PairLayout = try parameters.choice("layout")
    let padding: Padding = try parameters.choice("pad")
    tail = try parameters.choice("tail")
    eos = try vocabulary.require("eos", for: name)
    isSentinel = try vocabulary.sentinelFlags(for: name)

    var needs = Needs()
    needs.roles = ["eos"]
    let separator = try parameters.separator(vocabulary, &needs)
    noise = try SpanNoise(
      SpanNoise.Rules(
        objective: name, arithmetic: try parameters.choice("arithmetic"),
        rolls: try parameters.flag("roll"), separator: separator, sentinels: vocabulary.sentinels,
        limit: try parameters.choice("max_spans"), layout: layout),
      density: try parameters.real("noise_density"), mean: try parameters.real("mean_span_length"),
      room: length, parameters: parameters)
    needs.sentinels = noise.fullCounts.spans + noise.rules.reserve
    self.needs = needs
    let rotation = noise.rules.rolls ? noise.tokensLength : nil
    spanLaw = PartLengths(
      total: noise.fullCounts.noise, parts: noise.fullCounts.spans, bins: Self.lengthBins,
      rotatedIn: rotation)
    gapLaw = PartLengths(
      total: noise.tokensLength - noise.fullCounts.noise, parts: noise.fullCounts.spans,
      bins: Self.lengthBins, rotatedIn: rotation)

    let targetsLength = try parameters.targetsLength(derived: noise.targets + 1, layout)
    let counts = noise.fullCounts
    let full =
      noise.tokensLength - counts.noise + counts.spans + 1
      + (layout == .decoder ? counts.noise + counts.spans : 0)
    let padID = vocabulary.roles["pad"] ?? eos
    pair = SequencePair(
      layout: layout, length: length, targetsLength: targetsLength, padding: padding,
      pads: tail == .pad || noise.rules.rolls || full != length, padID: padID,
      vocabularySize: vocabulary.size,
      target: "Each sentinel with the tokens it stands for, then EOS")
    facts =
      Fact.start(padID, layout) + [Fact(name: "tokens_length", value: noise.tokensLength)]
      + Fact.targets(targetsLength, layout) + [Fact(name: "spans", value: counts.spans)]
    framing = Framing(
      .concatenate(
        Concatenation(
          window: noise.tokensLength, stride: noise.tokensLength, separator: separator,
          keepsTail: tail == .pad)),
      documentOrder: try parameters.choice("document_order"))
  }

  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    var stream = random.stream(.mask, frame: frame.ordinal)
    let scratch = out.scratch
    let inputs = scratch.inputs.prefix(frame.tokens.count + 3)
    let targets = scratch.outputs.prefix(2 * frame.tokens.count + 2)
    var count = noise.corrupt(
      frame, &stream, scratch, inputs: inputs, targets: targets, tally: &out.tally)
    if pair.layout == .encoderDecoder {
      inputs[count.inputs] = eos
      count.inputs += 1
      // Only the published arithmetic makes targets that do not fit.
      let kept = min(count.targets, pair.targetsLength - 1)
      out.tally.add(count.targets - kept, of: .truncatedTargetTokens)
      count.targets = kept
    }
    targets[count.targets] = eos
    pair.write(
      UnsafeMutableBufferPointer(rebasing: inputs[0..<count.inputs]),
      UnsafeMutableBufferPointer(rebasing: targets[0...count.targets]), into: &out)
  }

  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    guard let sides = pair.sides(&check),
      let spans = SpanSides(
        &check, sides, eos: eos, inputEndsInEOS: pair.layout == .encoderDecoder,
        sentinels: noise.rules.sentinels, isSentinel: isSentinel)
    else { return check.faults }
    noise.checkCounts(&check, spans, targetRoom: pair.targetsLength, tail: tail)
    return check.faults
  }
}

extension Vocabulary {
  /// Which ids are sentinels.
  ///
  /// - Throws: ``ObjectiveError`` (`missingRole`) if there is none.
  func sentinelFlags(for objective: String) throws(ObjectiveError) -> [Bool] {
    guard !sentinels.isEmpty else {
      throw ObjectiveError(
        .missingRole, objective: objective, subject: "sentinels",
        "the tokenizer has no sentinels: add some with `prep tokenizer extend --sentinels N`")
    }
    var flags = [Bool](repeating: false, count: size)
    for sentinel in sentinels { flags[Int(sentinel)] = true }
    return flags
  }
}

extension ObjectiveParameters {
  /// The token that `separator` names, or nil; its role joins the needs.
  func separator(
    _ vocabulary: Vocabulary, _ needs: inout Needs
  ) throws(ObjectiveError) -> TokenID? {
    let role = try name("separator")
    guard role != "none" else { return nil }
    if !needs.roles.contains(role) { needs.roles.append(role) }
    return try vocabulary.require(role, for: objective)
  }

  /// `targets_length`, which is at least what is needed.
  func targetsLength(derived: Int, _ layout: PairLayout) throws(ObjectiveError) -> Int {
    let asked = try integer("targets_length")
    guard asked > 0 else { return derived }
    guard layout == .encoderDecoder else {
      throw invalid("targets_length", "layout=decoder has no target rows: leave targets_length out")
    }
    guard asked >= derived else {
      throw invalid(
        "targets_length", "targets_length \(asked) is too short: targets have \(derived) tokens")
    }
    return asked
  }
}

extension Fact {
  /// What the decoder starts with, where there is one of its own.
  static func start(_ id: TokenID, _ layout: PairLayout) -> [Fact] {
    layout == .decoder ? [] : [Fact(name: "decoder_start_token_id", value: Int(id))]
  }

  /// The length of target rows, where there are any.
  static func targets(_ length: Int, _ layout: PairLayout) -> [Fact] {
    layout == .decoder ? [] : [Fact(name: "targets_length", value: length)]
  }
}
