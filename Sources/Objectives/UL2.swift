// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// The mixture of denoisers, `ul2` (Tay et al. 2022, arXiv 2205.05131 §3.1).
///
/// Each row is made by one of seven denoisers: regular (R) and extreme (X) span corruption, and
/// sequential (S), which is prefix language modelling. A mode token tells the model which it is.
///
///     R   input_ids   [NLU] a b <extra_id_0> e f </s>    labels   <extra_id_0> c d </s>
///     S   input_ids   [S2S] a b c </s>                   labels   d e f </s>
struct UL2: Objective {
  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact]

  let pair: SequencePair
  let denoisers: [Denoiser]
  let sentinels: [TokenID]
  let isSentinel: [Bool]
  let eos: TokenID
  let tail: Tail

  /// One of the seven, as far as it takes part.
  struct Denoiser: Sendable {
    /// Its number in the column `task`: the place in ``UL2/kinds``.
    let task: Int
    let mode: TokenID?
    let corruption: Corruption
    /// Raw tokens of a window.
    let window: Int

    enum Corruption: Sendable {
      case spans(SpanNoise)
      case split(PrefixSplit)
    }
  }

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    let name = Self.descriptor.name
    self.parameters = parameters
    let length = try parameters.integer("length")
    let layout: PairLayout = try parameters.choice("layout")
    tail = try parameters.choice("tail")
    eos = try vocabulary.require("eos", for: name)
    sentinels = vocabulary.sentinels
    isSentinel = try vocabulary.sentinelFlags(for: name)
    var needs = Needs()
    needs.roles = ["eos"]
    let separator = try parameters.separator(vocabulary, &needs)
    let rules = SpanNoise.Rules(
      objective: name, arithmetic: try parameters.choice("arithmetic"),
      rolls: try parameters.flag("roll"), separator: separator, sentinels: sentinels,
      limit: try parameters.choice("max_spans"), layout: layout)
    let hasModes = try parameters.flag("mode_tokens")
    let split = PrefixSplit(density: try parameters.real("s_ratio"))

    var denoisers: [Denoiser] = []
    var weights: [Double] = []
    for (task, kind) in Self.kinds.enumerated() {
      let weight = try parameters.real("weight_\(kind.name)")
      guard weight > 0 else { continue }
      weights.append(weight)
      var mode: TokenID?
      if hasModes {
        mode = try vocabulary.require(kind.role, for: name)
        if !needs.roles.contains(kind.role) { needs.roles.append(kind.role) }
      }
      let room = length - (hasModes ? 1 : 0)
      guard let density = kind.density else {
        denoisers.append(
          Denoiser(task: task, mode: mode, corruption: .split(split), window: room - 1))
        continue
      }
      let mean = kind.name == "x3" ? try parameters.real("x3_mean_span_length") : kind.mean
      let noise = try SpanNoise(
        rules, density: density, mean: mean, room: room, parameters: parameters)
      needs.sentinels = max(needs.sentinels, noise.fullCounts.spans + rules.reserve)
      denoisers.append(
        Denoiser(task: task, mode: mode, corruption: .spans(noise), window: noise.tokensLength))
    }
    guard !denoisers.isEmpty else {
      throw parameters.invalid("weight_r1", "every weight is 0: nothing is left to draw")
    }
    self.denoisers = denoisers
    self.needs = needs

    let targetsLength = try parameters.targetsLength(
      derived: denoisers.reduce(0) { max($0, $1.longestTarget) } + 1, layout)
    let padID = vocabulary.roles["pad"] ?? eos
    pair = SequencePair(
      layout: layout, length: length, targetsLength: targetsLength,
      padding: try parameters.choice("pad"), pads: true, padID: padID,
      vocabularySize: vocabulary.size,
      target: "Each sentinel with the tokens it stands for, or what follows the input; then EOS")
    columns =
      pair.columns + [
        Column(
          "task", .uint8, .scalar, isModelInput: false,
          meaning: "The denoiser: 0 R1, 1 R2, 2 X1, 3 X2, 4 X3, 5 X4, 6 S.")
      ]
    facts =
      Fact.start(padID, layout) + Fact.targets(targetsLength, layout)
      + [Fact(name: "spans", value: needs.sentinels - (needs.sentinels > 0 ? rules.reserve : 0))]
      + denoisers.map {
        Fact(name: "tokens_length_\(Self.kinds[$0.task].name)", value: $0.window)
      }
    framing = Framing(
      .concatenate(
        Concatenation(
          window: 0, stride: 0, separator: separator, keepsTail: tail == .pad,
          kinds: WindowKinds(
            lengths: denoisers.map(\.window),
            shares: DiscreteDistribution(first: 0, weights: weights)))),
      documentOrder: try parameters.choice("document_order"))
  }
}

extension UL2 {
  var tasks: [String] { Self.kinds.map(\.name) }
}

extension UL2.Denoiser {
  /// The longest target, EOS not counted.
  fileprivate var longestTarget: Int {
    switch corruption {
    case .spans(let noise): noise.targets
    case .split(let split): window - split.shortest(window)
    }
  }
}
