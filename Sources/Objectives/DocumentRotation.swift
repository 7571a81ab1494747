// SPDX-License-Identifier: Apache-2.0

/// Document rotation, `document-rotation` (Lewis et al. 2019, arXiv 1910.13461 §2.2): the block begins at
/// a random token, what stood before it comes last.
///
///     input_ids   <s> c d e f a b </s>
///     labels      <s> a b c d e f </s>
struct DocumentRotation: BlockObjective {
  static let descriptor = Descriptor(
    name: "document-rotation",
    summary: "Document rotation: the text begins at a random token, the target is the text.",
    parameters: [
      .blockLength, .rotateShare(1), .blocks, .pad, .documentOrder,
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
    noise = try BlockNoise(.rotation, parameters: parameters, vocabulary: vocabulary)
  }
}
