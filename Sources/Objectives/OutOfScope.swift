// SPDX-License-Identifier: Apache-2.0

/// What is not built, and why: asked for often enough to be answered.
public struct OutOfScope: Sendable, Hashable {
  /// A short name.
  public let name: String
  /// One or two sentences.
  public let reason: String

  /// Everything that was thought about and left out.
  public static let all = [
    OutOfScope(
      name: "contrastive-pairs",
      reason:
        "Which texts belong together is known to who collected them, and the loss compares all"
        + " rows of a batch, which is made by the trainer, not by the dataset."),
    OutOfScope(
      name: "preferences",
      reason: "Chosen and rejected answers come from people or models; nothing in a text says which"
        + " of two is better. They belong to training after pretraining."),
    OutOfScope(
      name: "distillation-targets",
      reason: "The distributions of a teacher need its forward pass for every token, and are larger"
        + " than the text by orders of magnitude; they are made beside the trainer."),
    OutOfScope(
      name: "images-and-audio",
      reason: "Everything here is exact on token ids: framing, losslessness, provenance. Pixels and"
        + " samples have other decoders, units and checks."),
  ]
}
