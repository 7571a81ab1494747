// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Fill in the middle, `fim` (Bavarian et al. 2022, arXiv 2207.14255): a causal model learns to
/// write what stands between two texts.
///
/// Some fragments are split at two places and rearranged; `</s>` follows the middle and says that
/// prefix and middle now join the suffix. With the text `abcdef` split to `ab`, `cd` and `ef`:
///
///     PSM  <PRE> ab <SUF> ef <MID> cd </s>
///     SPM  <PRE> <SUF> ef <MID> ab cd </s>
struct FillInTheMiddle: Objective {
  private enum Labels: String {
    case none
    case column
  }

  enum Level: String {
    case context
    case document
  }

  static let descriptor = Descriptor(
    name: "fim",
    summary: "Fill in the middle: causal modelling with fragments split and rearranged.",
    parameters: [
      .integer("length", 2048, in: 16...1_048_576, "Tokens in a row, sentinels included."),
      .real("rate", 0.5, in: 0...1, "How often a fragment or a document is rearranged."),
      .real(
        "spm_share", 0.5, in: 0...1,
        "How often the suffix comes first (SPM) rather than the prefix (PSM)."),
      .choice(
        "cuts", ["character", "token"],
        "Split between any two characters (Unicode scalars), so that a model can go on from the"
          + " middle of a token, or between tokens."),
      .choice(
        "level", ["context", "document"],
        "Rearrange fragments that fit into rows, none of which is cut afterwards; or whole"
          + " documents, which are then cut to windows (as published)."),
      .choice(
        "labels", ["none", "column"],
        "Leave labels to the model (the ids are the labels), or write them, with -100 at padding."),
      .tail(["pad", "drop"]),
      .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "deepseek-coder",
        note: "DeepSeek-Coder's recipe: half of the documents, prefix first, before packing. Keeps"
          + " its defect: windows cut rearranged documents, often in the middle.",
        settings: [Setting("spm_share", "0"), Setting("level", "document")])
    ],
    sources: [
      "Bavarian et al. 2022, arXiv 2207.14255 §3, §4.5, appendix D",
      "bigcode-project/Megatron-LM: megatron/data/gpt_dataset.py",
      "Guo et al. 2024, arXiv 2401.14196 (DeepSeek-Coder)",
    ],
    heads: ["AutoModelForCausalLM"])

  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact]

  let vocabulary: Vocabulary
  let level: Level
  let cutsCharacters: Bool
  let rate: Probability
  let suffixFirst: Probability
  let prefixID: TokenID
  let suffixID: TokenID
  let middleID: TokenID
  let endID: TokenID
  let width: Int
  let padding: Padding
  let padID: TokenID
  let labels: Int?
  let attention: Int?

  /// Tokens kept free for cuts inside tokens; where they do not suffice, cuts move to where tokens
  /// end.
  private static let reserveForCuts = 4

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    let name = Self.descriptor.name
    self.parameters = parameters
    self.vocabulary = vocabulary
    width = try parameters.integer("length")
    let rate = try parameters.real("rate")
    self.rate = Probability(rate)
    suffixFirst = Probability(try parameters.real("spm_share"))
    let cuts = try parameters.name("cuts")
    cutsCharacters = cuts == "character"
    level = try parameters.choice("level")
    padding = try parameters.choice("pad")
    let tail: Tail = try parameters.choice("tail")
    let labels: Labels = try parameters.choice("labels")

    var needs = Needs()
    prefixID = try vocabulary.require("fim-prefix", for: name)
    suffixID = try vocabulary.require("fim-suffix", for: name)
    middleID = try vocabulary.require("fim-middle", for: name)
    endID = try vocabulary.require("eos", for: name)
    needs.roles = ["fim-prefix", "fim-suffix", "fim-middle", "eos"]
    needs.textCodec = cutsCharacters
    let pads = padding == .fixed && (tail == .pad || level == .context)
    if let pad = vocabulary.roles["fim-pad"] {
      padID = pad
    } else {
      padID = pads ? try vocabulary.requirePadding(for: name) : 0
    }

    let shape = Column.shape(length: width, padding: padding)
    var columns = [Column.inputIDs(shape)]
    if labels == .column {
      self.labels = columns.count
      columns.append(
        Column("labels", .int32, shape, meaning: "The ids, unshifted; -100 at padding."))
    } else {
      self.labels = nil
    }
    if pads {
      attention = columns.count
      columns.append(.attentionMask(shape))
    } else {
      attention = nil
    }
    self.columns = columns
    self.needs = needs
    facts = []
    let method: Framing.Method =
      switch level {
      case .context:
        .fragments(
          FragmentPacking(
            window: width, rate: rate, reserve: 3 + (cutsCharacters ? Self.reserveForCuts : 0),
            separator: endID, keepsTail: tail == .pad))
      case .document:
        .concatenate(
          Concatenation(
            window: width, stride: width, separator: endID, keepsTail: tail == .pad))
      }
    framing = Framing(method, documentOrder: try parameters.choice("document_order"))
  }
}
