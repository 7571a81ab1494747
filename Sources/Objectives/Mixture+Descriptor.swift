// SPDX-License-Identifier: Apache-2.0

extension Mixture {
  static let descriptor = Descriptor(
    name: "mixture",
    summary: "Several objectives in one dataset: each row is of one of them, drawn by weight.",
    parameters: [
      .text(
        "members", "t5-span:1,prefix-lm:1",
        "The members with their weights, as OBJECTIVE:WEIGHT or NAME=OBJECTIVE:WEIGHT, separated by"
          + " commas; the weight is 1 where it is left out."),
      .choice(
        "by", ["rows", "tokens"],
        "What the weights share out: rows, or the source tokens of full rows."),
      .integer(
        "length", 512, in: Parameter.lengthRange,
        "The length of every member that does not set its own, task prefix included."),
      .integer(
        "targets_length", 0, in: 0...1_048_576,
        "Tokens in a target row of every member that does not set its own; 0 for the most that any"
          + " member needs."),
      .layout,
      .choice(
        "tail", ["pad", "drop"],
        "What becomes of the last, short window of a unit (of a document, where a member cuts"
          + " documents one by one)."),
      .pad,
      .documentOrder,
    ],
    memberParameters: [
      .text(
        "prefix", "",
        "Roles or tokens of the vocabulary, separated by blanks, that stand before the member's"
          + " input; they have no loss."),
      .text("preset", "", "A preset of the member's objective."),
    ],
    presets: [],
    sources: [
      "Raffel et al. 2020, arXiv 1910.10683 §3.5.2 (examples-proportional mixing, task prefixes)",
      "Tay et al. 2022, arXiv 2205.05131 §3.1 (a denoiser drawn for every example)",
      "Soltan et al. 2022, arXiv 2208.01448 §2.2 (denoising and causal modelling with a prefix token)",
    ],
    heads: ["what takes the rows of every member"])

  /// Parameters of the mixture that every member that has them takes over.
  static let shared = ["length", "targets_length", "layout", "tail", "pad", "document_order"]
}
