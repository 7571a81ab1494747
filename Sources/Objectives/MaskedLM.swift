// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Masked language modelling, `mlm`, with next-sentence prediction on request (Devlin et al. 2018,
/// arXiv 1810.04805 §3.1).
///
/// Of the candidates of a row (every token that is not special) an exact share is selected; of
/// those 80 % become `[MASK]`, 10 % another ordinary token, 10 % stay. Labels are the originals at
/// selected positions and −100 elsewhere.
///
///     input_ids   [CLS] the [MASK] sat on the mat [SEP]
///     labels      -100 -100  cat  -100 … -100
struct MaskedLM: Objective {
  /// How many candidates are selected.
  enum Count: String {
    case exact
    case stochastic
    case bernoulli
  }

  enum RateBase: String {
    case candidates
    case all
  }

  enum Replacements: String {
    case ordinary
    case vocabulary
  }

  enum FramingTokens: String {
    case auto
    case roles
    case none
  }

  static let descriptor = Descriptor(
    name: "mlm",
    summary: "Masked language modelling, with next-sentence prediction on request.",
    parameters: [
      .integer(
        "length", 512, in: 4...1_048_576, "Tokens in a row, framing tokens and padding included."),
      .real(
        "rate", 0.15, in: 0...1, "The share of candidates (tokens that are not special) selected."),
      .choice(
        "count", ["exact", "stochastic", "bernoulli"],
        "Select round-half-even(rate × candidates), at least one; floor(rate × candidates + U)"
          + " (RoBERTa); or each on its own (transformers' collator)."),
      .real(
        "mask_share", 0.8, in: 0...1, "The share of selected tokens that become the mask token."),
      .real(
        "random_share", 0.1, in: 0...1,
        "The share of selected tokens that become a random token; the rest stay."),
      .flag(
        "whole_word", false,
        "Select whole words, and draw mask, random or stay once for each; a word longer than the"
          + " row's budget is skipped and counted."),
      .choice(
        "replacements", ["ordinary", "vocabulary"],
        "Random tokens are ordinary ones other than the original, or any id (published BERT)."),
      .choice(
        "rate_base", ["candidates", "all"],
        "Whether the rate counts candidates alone or framing tokens too (published BERT)."),
      .integer(
        "max_predictions", 0, in: 0...1_048_576,
        "At most so many selected in a row; 0 for no limit. Not with count=bernoulli."
      ),
      .flag(
        "nsp", false,
        "Pairs of segments with next_sentence_label instead of single segments of whole sentences."),
      .choice(
        "pairing", ["exchange", "put-back"],
        "With nsp: random pairs exchange second halves of nearly equal length, or the published"
          + " script's random document and put-back."),
      .real(
        "short_pairs", 0.1, in: 0...1,
        "With nsp: how often a pair has a random, shorter target length."),
      .choice(
        "framing_tokens", ["auto", "roles", "none"],
        "Around the text: what the tokenizer itself adds, else [CLS] and [SEP]; always [CLS] and"
          + " [SEP]; or nothing."),
      .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "bert",
        note: "google-research/bert's create_pretraining_data.py at length 128. Keeps its defects:"
          + " more than half of the pairs are random, because a chunk of one sentence always is;"
          + " random second segments are served twice; the short target is drawn once a document;"
          + " truncation may begin a segment in mid-sentence; the rate counts [CLS] and [SEP]; random"
          + " tokens may be special or the original. dupe_factor is --epochs.",
        settings: [
          Setting("length", "128"), Setting("max_predictions", "20"), Setting("nsp", "true"),
          Setting("pairing", "put-back"), Setting("rate_base", "all"),
          Setting("replacements", "vocabulary"), Setting("framing_tokens", "roles"),
        ])
    ],
    sources: [
      "Devlin et al. 2018, arXiv 1810.04805 §3.1 and appendix A",
      "google-research/bert: create_pretraining_data.py",
      "Liu et al. 2019, arXiv 1907.11692 §4 (whole sentences, count=stochastic)",
    ],
    heads: ["AutoModelForMaskedLM", "BertForPreTraining (nsp=true)"])

  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact]

  let vocabulary: Vocabulary
  let length: Int
  let rate: Double
  let rateThreshold: Probability
  let count: Count
  let maskThreshold: UInt64
  let randomThreshold: UInt64
  let wholeWord: Bool
  let replacements: Replacements
  let rateBase: RateBase
  let maxPredictions: Int
  let template: Vocabulary.Template
  let maskID: TokenID
  let padID: TokenID
  let padding: Padding
  let attention: Int?
  let tokenTypes: Int?

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    let name = Self.descriptor.name
    var needs = Needs()
    self.parameters = parameters
    self.vocabulary = vocabulary
    length = try parameters.integer("length")
    rate = try parameters.real("rate")
    rateThreshold = Probability(rate)
    count = try parameters.choice("count")
    wholeWord = try parameters.flag("whole_word")
    replacements = try parameters.choice("replacements")
    rateBase = try parameters.choice("rate_base")
    maxPredictions = try parameters.integer("max_predictions")
    padding = try parameters.choice("pad")
    let maskShare = try parameters.real("mask_share")
    let randomShare = try parameters.real("random_share")
    guard maskShare + randomShare <= 1 else {
      throw parameters.invalid(
        "random_share", "mask_share \(maskShare) and random_share \(randomShare) exceed 1 together")
    }
    maskThreshold = Probability(maskShare).threshold
    randomThreshold = Probability(maskShare + randomShare).threshold
    if randomShare > 0, vocabulary.ordinary.count < 2 {
      throw ObjectiveError(
        .missingRole, objective: name, subject: "vocabulary",
        "random replacement needs two ordinary tokens: set random_share=0")
    }
    maskID = try vocabulary.require("mask", for: name)
    padID = padding == .fixed ? try vocabulary.requirePadding(for: name) : 0
    if maxPredictions > 0, count == .bernoulli {
      throw parameters.invalid(
        "max_predictions", "max_predictions needs count=exact or count=stochastic")
    }
    needs.roles = ["mask"]
    needs.wordStarts = wholeWord
    needs.sentenceStarts = true

    let isPaired = try parameters.flag("nsp")
    template = try Self.template(
      try parameters.choice("framing_tokens"), vocabulary, needs: &needs)
    let added =
      template.prefix.count + template.suffix.count + (isPaired ? template.infix.count : 0)
    let room = length - added
    guard room >= (isPaired ? 2 : 1) else {
      throw parameters.invalid(
        "length", "length \(length) leaves no room beside \(added) framing tokens")
    }
    let method: Framing.Method
    if isPaired {
      needs.documents = 2
      method = .pairs(
        SentencePairs(
          maximum: room, shortProbability: try parameters.real("short_pairs"),
          pairing: try parameters.choice("pairing")))
    } else {
      method = .sentences(SentencePacking(maximum: room))
    }
    framing = Framing(
      method, documentOrder: try parameters.choice("document_order"), carriesWordStarts: wholeWord)

    let shape = Column.shape(length: length, padding: padding)
    var columns = [
      Column.inputIDs(shape),
      Column(
        "labels", .int32, shape,
        meaning: "The original id where a token was selected; -100 elsewhere and at padding."),
    ]
    if padding == .fixed {
      attention = columns.count
      columns.append(.attentionMask(shape))
    } else {
      attention = nil
    }
    if isPaired {
      tokenTypes = columns.count
      columns.append(
        Column(
          "token_type_ids", .uint8, shape,
          meaning: "0 up to and with the first separator, 1 from the second segment; 0 at padding.")
      )
      columns.append(
        Column(
          "next_sentence_label", .uint8, .scalar,
          meaning: "0 if the second segment follows the first in the source, 1 if it is random."))
    } else {
      tokenTypes = nil
    }
    self.columns = columns
    self.needs = needs
    facts = []
  }

  private static func template(
    _ choice: FramingTokens, _ vocabulary: Vocabulary, needs: inout Needs
  ) throws(ObjectiveError) -> Vocabulary.Template {
    switch choice {
    case .none: return Vocabulary.Template()
    case .auto where !vocabulary.template.isEmpty: return vocabulary.template
    case .auto, .roles:
      let cls = try vocabulary.require("cls", for: descriptor.name)
      let sep = try vocabulary.require("sep", for: descriptor.name)
      needs.roles += ["cls", "sep"]
      return Vocabulary.Template(prefix: [cls], infix: [sep], suffix: [sep])
    }
  }
}
