// SPDX-License-Identifier: Apache-2.0

/// Token deletion, `token-deletion` (Lewis et al. 2019, arXiv 1910.13461 §2.2): tokens are left out, and
/// the model has to find out where.
///
///     input_ids   <s> a c d f </s>
///     labels      <s> a b c d e f </s>
struct TokenDeletion: BlockObjective {
  static let descriptor = Descriptor(
    name: "token-deletion",
    summary: "Token deletion: tokens are left out, the target is the text.",
    parameters: [
      .blockLength, .blockRate(0.3, "left out"), .unit(["tokens", "words"]), .blockRounding,
      .blocks,
      .pad, .documentOrder,
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
    noise = try BlockNoise(.deletion, parameters: parameters, vocabulary: vocabulary)
  }
}
