// SPDX-License-Identifier: Apache-2.0

/// Sentence permutation, `sentence-permutation` (Lewis et al. 2019, arXiv 1910.13461 §2.2): the sentences
/// of a block in random order.
///
///     input_ids   <s> d e. a b c. f. </s>
///     labels      <s> a b c. d e. f. </s>
struct SentencePermutation: BlockObjective {
  static let descriptor = Descriptor(
    name: "sentence-permutation",
    summary: "Sentence permutation: sentences in random order, the target is the text.",
    parameters: [
      .blockLength, .permuteShare(1), .blocks, .pad, .documentOrder,
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
    noise = try BlockNoise(.permutation, parameters: parameters, vocabulary: vocabulary)
  }
}
