// SPDX-License-Identifier: Apache-2.0

/// BART's composition, `bart` (Lewis et al. 2019, arXiv 1910.13461 §2.2, §5.1): sentences permuted,
/// then text infilling; rotation on request.
///
///     source      <s> a b c. d e f g. </s>
///     input_ids   <s> d <mask> g. a b <mask> </s>
///     labels      <s> a b c. d e f g. </s>
struct Bart: BlockObjective {
  static let descriptor = Descriptor(
    name: "bart",
    summary: "BART: sentences permuted and stretches infilled, the target is the text.",
    parameters: [
      .blockLength, .blockRate(0.3, "removed"), .poissonMean(3), .unit(["words", "tokens"]),
      .blockRounding, .placement, .maskRandomShare, .permuteShare(1), .rotateShare(0), .blocks,
      .pad, .documentOrder,
    ],
    presets: [
      Preset(
        name: "bart",
        note: "The fairseq recipe: rate 0.3 of words rounded up, Poisson 3.5, every sentence"
          + " permuted, a tenth of the masks a random token. Keeps its defect: spans run into each"
          + " other, so that about 0.27 of the words are removed, not 0.3. Not imitated: sentences"
          + " end where the segmenter says, not at each token that is a full stop; random tokens are"
          + " never special.",
        settings: [
          Setting("poisson_mean", "3.5"), Setting("rounding", "up"),
          Setting("placement", "overlap"), Setting("random_share", "0.1"),
        ])
    ],
    sources: [
      "Lewis et al. 2019, arXiv 1910.13461 §2.2, §5.1",
      "facebookresearch/fairseq: fairseq/data/denoising_dataset.py, fairseq/tasks/denoising.py",
    ],
    heads: ["AutoModelForSeq2SeqLM (BartForConditionalGeneration)"])

  let parameters: ObjectiveParameters
  let noise: BlockNoise

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    self.parameters = parameters
    noise = try BlockNoise(
      [.infilling, .permutation, .rotation], parameters: parameters, vocabulary: vocabulary)
  }
}
