// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Replaced token detection, `rtd` (ELECTRA: Clark et al. 2020, arXiv 2003.10555).
///
/// Tokens of a row are replaced by what a proposal draws; a discriminator tells at every position
/// whether the token is the original. A sample equal to the original counts as original.
///
///     text        the cook  made  the meal
///     input_ids   [CLS] the cook ate the meal [SEP]
///     labels        0    0   0    1   0   0     0
final class ReplacedTokens: Objective {
  /// How the positions of a row are drawn.
  enum Positions: String {
    case distinct
    case repeated
    case windows
  }

  enum RateBase: String {
    case candidates
    case all
  }

  enum Form: String {
    case discriminator
    case generatorInputs = "generator-inputs"
  }

  enum FramingTokens: String {
    case auto
    case roles
    case none
  }

  static let descriptor = Descriptor(
    name: "rtd",
    summary: "Replaced token detection: tell at every position whether the token is the original.",
    parameters: [
      .integer(
        "length", 512, in: 4...1_048_576, "Tokens in a row, framing tokens and padding included."),
      .real(
        "rate", 0.15, in: 0...1, "The share of candidates (tokens that are not special) selected."),
      .choice(
        "form", ["discriminator", "generator-inputs"],
        "Write replaced tokens and labels for the discriminator, or masked tokens, labels and"
          + " originals for training it together with a generator."),
      .open(
        "proposal", ["ngram", "unigram", "uniform"], prefix: ProposalRequest.modelPrefix,
        "Where replacements come from: what stands between the same neighbours elsewhere in the"
          + " corpus, the frequencies of tokens, every ordinary token alike, or trained models, as in"
          + " model:DIR or model:SMALL@0.25,model:LARGE@0.75 (one is drawn for each row)."),
      .real(
        "temperature", 1, in: 0.25...4,
        "Flattens (above 1) or sharpens (below 1) the frequencies that replacements are drawn by."),
      .choice(
        "positions", ["distinct", "repeated", "windows"],
        "Select every subset of the right size alike; draw with replacement (published ELECTRA); or"
          + " one token in each window of floor(1/rate), from the left until there are enough"
          + " (published DeBERTa)."),
      .choice(
        "rate_base", ["candidates", "all"],
        "Whether the rate counts candidates alone or framing tokens too (as published)."),
      .integer(
        "max_predictions", 0, in: 0...1_048_576,
        "At most so many selected in a row; 0 for no limit."),
      .real(
        "mask_share", 1, in: 0...1,
        "With form=generator-inputs: the share of selected tokens shown as the mask token; the rest"
          + " stay."),
      .flag(
        "originals", false,
        "Write original_ids for the discriminator too, so that rows can be inverted."),
      .choice(
        "framing_tokens", ["auto", "roles", "none"],
        "Around the text: what the tokenizer itself adds, else [CLS] and [SEP]; always [CLS] and"
          + " [SEP]; or nothing."),
      .pad,
      .documentOrder,
    ],
    aliases: [Alias("generator", forParameter: "proposal")],
    presets: [
      Preset(
        name: "electra",
        note: "google-research/electra at length 128: the generator's inputs, 15 % of the selected"
          + " tokens shown as they are, replacements sampled by the trainer. Keeps its defects:"
          + " positions are drawn with replacement, so that fewer are selected than the rate says;"
          + " the rate counts [CLS] and [SEP]. Rows are whole sentences in one segment; the"
          + " published two adjoining segments carry no label and discard what they truncate.",
        settings: [
          Setting("length", "128"), Setting("form", "generator-inputs"),
          Setting("positions", "repeated"), Setting("rate_base", "all"),
          Setting("max_predictions", "19"), Setting("mask_share", "0.85"),
          Setting("framing_tokens", "roles"),
        ]),
      Preset(
        name: "deberta-v3",
        note:
          "microsoft/DeBERTa's RTD task at length 512: one segment, the generator's inputs, every"
          + " selected token masked. Keeps its defects: one token in each window of six, from the"
          + " left until the budget is reached, so that the end of a full row is never selected; the"
          + " rate counts [CLS] and [SEP].",
        settings: [
          Setting("form", "generator-inputs"), Setting("positions", "windows"),
          Setting("rate_base", "all"), Setting("max_predictions", "80"),
          Setting("framing_tokens", "roles"),
        ]),
    ],
    sources: [
      "Clark et al. 2020, arXiv 2003.10555 §2",
      "google-research/electra: pretrain/pretrain_helpers.py, run_pretraining.py",
      "He et al. 2021, arXiv 2111.09543 (DeBERTaV3)",
      "microsoft/DeBERTa: DeBERTa/apps/tasks/rtd_task.py, mlm_task.py",
    ],
    heads: ["ElectraForPreTraining", "AutoModelForMaskedLM (form=generator-inputs, the generator)"])

  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact] = []

  let vocabulary: Vocabulary
  let length: Int
  let rate: Double
  let window: Int
  let form: Form
  let positions: Positions
  let rateBase: RateBase
  let maxPredictions: Int
  let maskThreshold: Probability
  let template: Vocabulary.Template
  let maskID: TokenID
  let padID: TokenID
  let padding: Padding
  let originals: Int?
  let attention: Int?

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    let name = Self.descriptor.name
    var needs = Needs()
    self.parameters = parameters
    self.vocabulary = vocabulary
    length = try parameters.integer("length")
    rate = try parameters.real("rate")
    form = try parameters.choice("form")
    positions = try parameters.choice("positions")
    rateBase = try parameters.choice("rate_base")
    maxPredictions = try parameters.integer("max_predictions")
    padding = try parameters.choice("pad")
    let maskShare = try parameters.real("mask_share")
    maskThreshold = Probability(maskShare)
    // 1/rate is at most the length of a row where anything is selected at all.
    window = rate * Double(length) > 1 ? max(1, Int(1 / rate)) : length
    padID = padding == .fixed ? try vocabulary.requirePadding(for: name) : 0
    needs.sentenceStarts = true
    switch form {
    case .discriminator:
      maskID = 0
      guard vocabulary.ordinary.count > 1 else {
        throw ObjectiveError(
          .missingRole, objective: name, subject: "vocabulary",
          "replacement needs two ordinary tokens")
      }
      guard let kind = ProposalRequest.kind(named: try parameters.text("proposal")) else {
        throw parameters.invalid(
          "proposal", "models are written model:DIR or model:DIR@SHARE, separated by commas")
      }
      needs.proposal = ProposalRequest(kind, temperature: try parameters.real("temperature"))
    case .generatorInputs:
      maskID = try vocabulary.require("mask", for: name)
      needs.roles.append("mask")
    }
    let choice: FramingTokens = try parameters.choice("framing_tokens")
    switch choice {
    case .none: template = Vocabulary.Template()
    case .auto where !vocabulary.template.isEmpty: template = vocabulary.template
    case .auto, .roles:
      let cls = try vocabulary.require("cls", for: name)
      let sep = try vocabulary.require("sep", for: name)
      needs.roles += ["cls", "sep"]
      template = Vocabulary.Template(prefix: [cls], suffix: [sep])
    }
    let added = template.prefix.count + template.suffix.count
    guard length > added else {
      throw parameters.invalid(
        "length", "length \(length) leaves no room beside \(added) framing tokens")
    }
    framing = Framing(
      .sentences(SentencePacking(maximum: length - added)),
      documentOrder: try parameters.choice("document_order"))

    let shape = Column.shape(length: length, padding: padding)
    var columns = [Column.inputIDs(shape)]
    switch form {
    case .discriminator:
      columns.append(
        Column(
          "labels", .uint8, shape,
          meaning: "1 where the token is not the original, 0 elsewhere, at specials and padding."))
    case .generatorInputs:
      columns.append(
        Column(
          "labels", .int32, shape,
          meaning: "The original id where a token was selected; -100 elsewhere and at padding."))
    }
    let writesOriginals = try parameters.flag("originals")
    if form == .generatorInputs || writesOriginals {
      originals = columns.count
      columns.append(
        Column(
          "original_ids", .tokenID, shape, isModelInput: false,
          meaning: "The text before anything was replaced, in its framing; padded like the ids."))
    } else {
      originals = nil
    }
    if padding == .fixed {
      attention = columns.count
      columns.append(.attentionMask(shape))
    } else {
      attention = nil
    }
    self.columns = columns
    self.needs = needs
  }

  /// How many positions the rate asks for.
  func budget(candidates: Int, used: Int) -> Int {
    guard rate > 0 else { return 0 }
    var budget = max(1, Rounding.halfEven(rate * Double(rateBase == .all ? used : candidates)))
    if maxPredictions > 0 { budget = min(maxPredictions, budget) }
    if positions == .windows { budget = min(budget, (candidates + window - 1) / window) }
    return min(candidates, budget)
  }
}
