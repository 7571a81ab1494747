// SPDX-License-Identifier: Apache-2.0

/// Text infilling, `text-infilling` (Lewis et al. 2019, arXiv 1910.13461 §2.2): stretches of words
/// become one mask each, and some masks stand for nothing.
///
///     source      <s> a b c d e f </s>
///     input_ids   <s> a <mask> e <mask> f </s>
///     labels      <s> a b c d e f </s>
struct TextInfilling: BlockObjective {
  static let descriptor = Descriptor(
    name: "text-infilling",
    summary: "Text infilling: stretches of Poisson length become one mask each.",
    parameters: [
      .blockLength, .blockRate(0.3, "removed"), .poissonMean(3), .unit(["words", "tokens"]),
      .blockRounding, .placement, .maskRandomShare, .blocks, .pad, .documentOrder,
    ],
    presets: [],
    sources: [
      "Lewis et al. 2019, arXiv 1910.13461 §2.2",
      "facebookresearch/fairseq: fairseq/data/denoising_dataset.py",
    ],
    heads: ["AutoModelForSeq2SeqLM (BartForConditionalGeneration)"])

  let parameters: ObjectiveParameters
  let noise: BlockNoise

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    self.parameters = parameters
    noise = try BlockNoise(.infilling, parameters: parameters, vocabulary: vocabulary)
  }
}
