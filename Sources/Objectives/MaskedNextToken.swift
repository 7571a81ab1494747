// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Masked next-token prediction, `mntp` (BehnamGhader et al. 2024, arXiv 2404.05961 §2): a decoder
/// with bidirectional attention restores masked tokens, each from the position before it.
///
/// Rows are those of masked language modelling with unshifted labels; a causal loss shifts them. The
/// first token of a segment is never selected, since nothing stands before it.
final class MaskedNextToken: Objective {
  static let descriptor = Descriptor(
    name: "mntp",
    summary: "Masked next-token prediction: masked tokens, restored from the position before.",
    parameters: [
      .integer(
        "length", 512, in: 4...1_048_576, "Tokens in a row, framing tokens and padding included."),
      .choice(
        "mask_token", ["mask", "unk", "pad", "eos"],
        "The role of the token that hides others, for tokenizers without a mask token."),
    ] + Masking.parameters(rate: 0.2) + [
      EncoderRows.packing(["concatenate", "sentences", "document", "best-fit"]),
      EncoderRows.separator(
        ["eos", "bos", "sep", "cls", "none"],
        "With packing=concatenate: the role of the token that follows each document."),
      EncoderRows.positionOffset,
      .choice(
        "framing_tokens", ["auto", "bos", "none"],
        "Around the text: what the tokenizer itself adds; always BOS before it; or nothing."),
      .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "llm2vec-llama",
        note: "LLM2Vec's configuration for Llama: 20 % of the tokens, each on its own, mask, random"
          + " and stay by 80/10/10. Not kept: the original may draw special tokens as random ones.",
        settings: [Setting("count", "bernoulli")]),
      Preset(
        name: "llm2vec-mistral",
        note:
          "LLM2Vec's configuration for Mistral: 80 % of the tokens, each on its own, all masked.",
        settings: [
          Setting("count", "bernoulli"), Setting("rate", "0.8"), Setting("mask_share", "1"),
          Setting("random_share", "0"),
        ]),
    ],
    sources: [
      "BehnamGhader et al. 2024, arXiv 2404.05961 §2",
      "McGill-NLP/llm2vec: experiments/run_mntp.py",
    ],
    heads: ["AutoModelForCausalLM (with bidirectional attention)"])

  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact]
  let masking: Masking
  let rows: EncoderRows

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    var needs = Needs()
    let role = try parameters.name("mask_token")
    let wordsNeeded = try parameters.name("masking") != "subword"
    var style = EncoderRows.Style()
    style.fallback = .bos
    style.carriesWordStarts = wordsNeeded
    rows = try EncoderRows(parameters, vocabulary, style, needs: &needs)
    masking = try Masking(
      parameters, vocabulary, maskRole: role, skipsFirst: rows.template.prefix.isEmpty,
      needs: &needs)
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
