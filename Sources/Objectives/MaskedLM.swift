// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Masked language modelling, `mlm`, with next-sentence (Devlin et al. 2018, arXiv 1810.04805 §3.1)
/// or sentence-order prediction (Lan et al. 2020, arXiv 1909.11942 §3.1) on request.
///
/// Of the candidates of a row (every token that is not special) an exact share is selected; of
/// those 80 % become `[MASK]`, 10 % another ordinary token, 10 % stay. Labels are the originals at
/// selected positions and −100 elsewhere.
///
///     input_ids   [CLS] the [MASK] sat on the mat [SEP]
///     labels      -100 -100  cat  -100 … -100
final class MaskedLM: Objective {
  private enum Pairs: String {
    case none
    case nsp
    case sop
  }

  static let descriptor = Descriptor(
    name: "mlm",
    summary:
      "Masked language modelling, with next-sentence or sentence-order prediction on request.",
    parameters: [
      .integer(
        "length", 512, in: 4...1_048_576, "Tokens in a row, framing tokens and padding included.")
    ] + Masking.parameters(rate: 0.15) + [
      .choice(
        "pairs", ["none", "nsp", "sop"],
        "Single texts; pairs of segments with next_sentence_label; or pairs with"
          + " sentence_order_label."),
      .choice(
        "pairing", ["exchange", "put-back"],
        "With pairs=nsp: random pairs exchange second halves of nearly equal length, or the published"
          + " script's random document and put-back."),
      .choice(
        "chunk", ["counted", "greedy"],
        "With pairs=sop: how many sentences a pair has is drawn before their lengths are seen, or"
          + " they are filled until long enough, which shows in their lengths (published ALBERT)."),
      .real(
        "short_pairs", 0.1, in: 0...1,
        "With pairs: how often a pair has a random, shorter target length."),
      EncoderRows.packing(["sentences", "full-sentences", "document", "concatenate", "best-fit"]),
      EncoderRows.separator(
        ["auto", "sep", "eos", "bos", "cls", "none"],
        "With packing=full-sentences or concatenate: the role of the token between documents; auto"
          + " for what the template puts behind a text, else EOS."),
      EncoderRows.positionOffset,
      .choice(
        "framing_tokens", ["auto", "roles", "none"],
        "Around the text: what the tokenizer itself adds, else [CLS] and [SEP]; always [CLS] and"
          + " [SEP]; or nothing."),
      .pad,
      .documentOrder,
    ],
    aliases: [
      Alias(Setting("nsp", "true"), for: Setting("pairs", "nsp")),
      Alias(Setting("nsp", "false"), for: Setting("pairs", "none")),
      Alias(Setting("whole_word", "true"), for: Setting("masking", "whole-word")),
      Alias(Setting("whole_word", "false"), for: Setting("masking", "subword")),
    ],
    presets: presets,
    sources: [
      "Devlin et al. 2018, arXiv 1810.04805 §3.1 and appendix A",
      "google-research/bert: create_pretraining_data.py",
      "Liu et al. 2019, arXiv 1907.11692 §4 (full-sentences, count=stochastic)",
      "Joshi et al. 2019, arXiv 1907.10529 §3 (masking=span)",
      "Lan et al. 2020, arXiv 1909.11942 §3.1 (masking=ngram, pairs=sop)",
      "Warner et al. 2024, arXiv 2412.13663 (best-fit, rate 0.3)",
    ],
    heads: [
      "AutoModelForMaskedLM", "BertForPreTraining (pairs=nsp)", "AlbertForPreTraining (pairs=sop)",
    ])

  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact]
  let masking: Masking
  let rows: EncoderRows

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    var needs = Needs()
    masking = try Masking(parameters, vocabulary, needs: &needs)
    var style = EncoderRows.Style()
    switch try parameters.choice("pairs", as: Pairs.self) {
    case .none: break
    case .nsp: style.pairing = try parameters.choice("pairing")
    case .sop: style.pairing = try parameters.choice("chunk")
    }
    style.carriesWordStarts = needs.wordStarts
    rows = try EncoderRows(parameters, vocabulary, style, needs: &needs)
    framing = rows.framing
    columns = [.inputIDs(rows.shape), Masking.labels(rows.shape)] + rows.columns
    self.parameters = parameters
    self.needs = needs
    facts = []
  }

  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    masking.build(frame, rows, random, into: &out)
  }

  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    if let content = rows.check(&check, columns: columns, vocabulary: masking.vocabulary) {
      masking.check(&check, content)
    }
    return check.faults
  }
}
