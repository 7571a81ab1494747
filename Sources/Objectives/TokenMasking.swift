// SPDX-License-Identifier: Apache-2.0

/// Token masking, `token-masking` (Lewis et al. 2019, arXiv 1910.13461 §2.2): tokens become masks, the
/// target is the whole text.
///
///     input_ids   <s> a <mask> c d <mask> f </s>
///     labels      <s> a b c d e f </s>
struct TokenMasking: BlockObjective {
  static let descriptor = Descriptor(
    name: "token-masking",
    summary: "Token masking for an encoder–decoder: tokens become masks, the target is the text.",
    parameters: [
      .blockLength, .blockRate(0.3, "that become a mask"), .unit(["tokens", "words"]),
      .blockRounding, .maskRandomShare, .blocks, .pad, .documentOrder,
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
    noise = try BlockNoise(.masking, parameters: parameters, vocabulary: vocabulary)
  }
}
