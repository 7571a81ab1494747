// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Prefix language modelling, `prefix-lm` (Raffel et al. 2020, arXiv 1910.10683 §3.2.1).
///
/// A window is divided at a random place: what stands before is input, what follows is target.
///
///     source      a b c d e f
///     input_ids   a b </s>
///     labels      c d e f </s>
struct PrefixLM: Objective {
  private enum Windows: String {
    case document
    case stream
  }

  static let descriptor = Descriptor(
    name: "prefix-lm",
    summary:
      "Prefix language modelling: a text divided at random, the rest follows from the start.",
    parameters: [
      .integer(
        "length", 512, in: 4...1_048_576,
        "Tokens in a row of input_ids, EOS included; windows have one token less."),
      .integer(
        "targets_length", 0, in: 0...1_048_576,
        "Tokens in a target row, EOS included; 0 for exactly what the windows need."),
      .real(
        "noise_density", 0.5, in: 0.001...0.5,
        "The mean share of the target: at 0.5 the split is uniform over the window, at 0.25 over its"
          + " second half."),
      .choice(
        "windows", ["document", "stream"],
        "Cut windows from each document on its own, as published, or from all documents end to end."
      ),
      .choice(
        "separator", ["none", "eos", "bos", "sep", "cls"],
        "The role of the token that follows each document."),
      .layout,
      .choice(
        "tail", ["pad", "drop"],
        "What becomes of the last, short window of a document, or with windows=stream of a unit."),
      .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "t5-lm-adaptation",
        note: "The further training of T5 1.1 before prompt tuning, T0 and Flan-T5 (Lester et al."
          + " 2021): 2,048 tokens a window, uniform split. The original drops nothing either; it has"
          + " rows of an empty input for windows of one token, which are dropped and counted here.",
        settings: [Setting("length", "2048")])
    ],
    sources: [
      "Raffel et al. 2020, arXiv 1910.10683 §3.2.1",
      "google-research/text-to-text-transfer-transformer: t5/data/preprocessors.py (prefix_lm)",
      "Lester et al. 2021, arXiv 2104.08691 §3.1",
    ],
    heads: [
      "AutoModelForSeq2SeqLM (T5ForConditionalGeneration)", "AutoModelForCausalLM (layout=decoder)",
    ])

  let parameters: ObjectiveParameters
  let framing: Framing
  let needs: Needs
  let facts: [Fact]

  let pair: SequencePair
  let split: PrefixSplit
  private let window: Int
  private let tail: Tail
  private let eos: TokenID

  var columns: [Column] { pair.columns }

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    self.parameters = parameters
    let length = try parameters.integer("length")
    let layout: PairLayout = try parameters.choice("layout")
    let windows: Windows = try parameters.choice("windows")
    tail = try parameters.choice("tail")
    split = PrefixSplit(density: try parameters.real("noise_density"))
    eos = try vocabulary.require("eos", for: Self.descriptor.name)
    var needs = Needs()
    needs.roles = ["eos"]
    let separator = try parameters.separator(vocabulary, &needs)
    self.needs = needs

    window = length - 1
    let padID = vocabulary.roles["pad"] ?? eos
    let targetsLength = try parameters.targetsLength(
      derived: window - split.shortest(window) + 1, layout)
    pair = SequencePair(
      layout: layout, length: length, targetsLength: targetsLength,
      padding: try parameters.choice("pad"), pads: layout == .encoderDecoder || tail == .pad,
      padID: padID, vocabularySize: vocabulary.size,
      target: "What follows the input, then EOS")
    facts =
      Fact.start(padID, layout) + [Fact(name: "tokens_length", value: window)]
      + Fact.targets(targetsLength, layout)
    framing = Framing(
      .concatenate(
        Concatenation(
          window: window, stride: window, separator: separator, keepsTail: tail == .pad,
          staysInDocuments: windows == .document, minimum: 2)),
      documentOrder: try parameters.choice("document_order"))
  }

  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    var stream = random.stream(.mask, frame: frame.ordinal)
    let scratch = out.scratch
    let inputs = scratch.inputs.prefix(frame.tokens.count + 1)
    let targets = scratch.outputs.prefix(frame.tokens.count + 1)
    let prefix = split.draw(frame.tokens.count, &stream)
    let target = frame.tokens.count - prefix
    frame.tokens.withUnsafeBufferPointer { tokens in
      _ = inputs.update(fromContentsOf: tokens[0..<prefix])
      _ = targets.update(fromContentsOf: tokens[prefix...])
    }
    inputs[prefix] = eos
    targets[target] = eos
    let inputCount = pair.layout == .encoderDecoder ? prefix + 1 : prefix
    pair.write(
      UnsafeMutableBufferPointer(rebasing: inputs[0..<inputCount]),
      UnsafeMutableBufferPointer(rebasing: targets[0...target]), into: &out)
  }

  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    guard let sides = pair.sides(&check) else { return check.faults }
    let ending = pair.layout == .encoderDecoder ? 1 : 0
    guard sides.target.last == Int64(eos), ending == 0 || sides.input.last == Int64(eos) else {
      let column = sides.target.last == Int64(eos) ? "input_ids" : "labels"
      check.fault("eos", column, "\(column) do not end with EOS (\(eos))")
      return check.faults
    }
    let prefix = sides.input.count - ending
    let target = sides.target.count - 1
    split.check(&check, prefix: prefix, target: target)
    if prefix + target > window || tail == .drop && prefix + target != window {
      check.fault(
        "source-length", "input_ids",
        "\(prefix + target) source tokens in input_ids and labels, \(window) expected")
    }
    return check.faults
  }
}
