// SPDX-License-Identifier: Apache-2.0

/// mBART's composition, `mbart` (Liu et al. 2020, arXiv 2001.08210 §2.2): BART's noises with a token
/// of the language at the end, with which the decoder starts.
///
///     source      <s> a b c. d e f g. </s> [lang]
///     input_ids   <s> d <mask> g. a b <mask> </s> [lang]
///     labels      <s> a b c. d e f g. </s> [lang]
struct MBart: BlockObjective {
  static let descriptor = Descriptor(
    name: "mbart",
    summary: "mBART: BART's noises, with a language token at the end that starts the decoder.",
    parameters: [
      .blockLength,
      .integer(
        "language_token", -1, in: -1...Int(Int32.max),
        "The id of the language token; -1 for the token of the role lang."),
      .blockRate(0.35, "removed"), .poissonMean(3.5), .unit(["words", "tokens"]), .blockRounding,
      .placement, .maskRandomShare, .permuteShare(1), .rotateShare(0), .blocks, .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "mbart",
        note:
          "The published composition: rate 0.35 of words rounded up, Poisson 3.5, every sentence"
          + " permuted. Keeps its defect: spans run into each other, so that fewer words are removed"
          + " than the rate says. Not imitated: the separator after every sentence; </s> stands once,"
          + " at the end.",
        settings: [Setting("rounding", "up"), Setting("placement", "overlap")])
    ],
    sources: [
      "Liu et al. 2020, arXiv 2001.08210 §2.2",
      "facebookresearch/fairseq: fairseq/tasks/multilingual_denoising.py",
    ],
    heads: ["AutoModelForSeq2SeqLM (MBartForConditionalGeneration)"])

  let parameters: ObjectiveParameters
  let noise: BlockNoise

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    let name = Self.descriptor.name
    self.parameters = parameters
    let eos = try vocabulary.require("eos", for: name)
    let asked = try parameters.integer("language_token")
    guard asked < vocabulary.size else {
      throw parameters.invalid(
        "language_token", "no token \(asked) in a vocabulary of \(vocabulary.size)")
    }
    let language =
      asked < 0
      ? try vocabulary.require("lang", for: name) : TokenID(truncatingIfNeeded: asked)
    noise = try BlockNoise(
      [.infilling, .permutation, .rotation], parameters: parameters, vocabulary: vocabulary,
      suffix: [eos, language], suffixRoles: asked < 0 ? ["eos", "lang"] : ["eos"])
  }
}
