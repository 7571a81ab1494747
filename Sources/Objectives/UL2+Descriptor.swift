// SPDX-License-Identifier: Apache-2.0

extension UL2 {
  /// A denoiser as published: its name, mean span length and density (nil for S), and the role of
  /// its mode token.
  struct Kind: Sendable {
    let name: String
    let mean: Double
    let density: Double?
    let role: String
  }

  /// Table 1 of the paper, in the order of the column `task`.
  static let kinds = [
    Kind(name: "r1", mean: 3, density: 0.15, role: "nlu"),
    Kind(name: "r2", mean: 8, density: 0.15, role: "nlu"),
    Kind(name: "x1", mean: 3, density: 0.5, role: "nlg"),
    Kind(name: "x2", mean: 8, density: 0.5, role: "nlg"),
    Kind(name: "x3", mean: 64, density: 0.15, role: "nlg"),
    Kind(name: "x4", mean: 64, density: 0.5, role: "nlg"),
    Kind(name: "s", mean: 0, density: nil, role: "s2s"),
  ]

  static let descriptor = Descriptor(
    name: "ul2",
    summary: "Mixture of denoisers: regular, extreme and sequential, told apart by mode tokens.",
    parameters: [
      .integer(
        "length", 512, in: 8...1_048_576,
        "Tokens in a row of input_ids, mode token and EOS included; with layout=decoder input and"
          + " target together."),
      .integer(
        "targets_length", 0, in: 0...1_048_576,
        "Tokens in a target row, EOS included; 0 for exactly what the inputs need."),
      weight("r1", "R1: spans of 3 on average, 15 % noise"),
      weight("r2", "R2: spans of 8 on average, 15 % noise"),
      weight("x1", "X1: spans of 3 on average, 50 % noise"),
      weight("x2", "X2: spans of 8 on average, 50 % noise"),
      weight("x3", "X3: long spans, 15 % noise"),
      weight("x4", "X4: spans of 64 on average, 50 % noise"),
      weight("s", "S: prefix language modelling"),
      .real(
        "x3_mean_span_length", 64, in: 1...1024, "The mean span length of X3; 32 in UL2R."),
      .real(
        "s_ratio", 0.5, in: 0.001...0.5,
        "The mean share of the target in S: 0.5 splits uniformly, as the published code does; 0.25 is"
          + " the paper's table."),
      .flag(
        "mode_tokens", true,
        "Begin every input with the token of its mode: role nlu for R, nlg for X, s2s for S."),
      .choice(
        "separator", ["none", "eos", "bos", "sep", "cls"],
        "The role of the token that follows each document; it is kept out of the noise."),
      .flag(
        "roll", false,
        "Rotate span masks by a uniform offset, so that noise is equally likely everywhere; a span"
          + " that is split counts as two."),
      .choice(
        "max_spans", ["error", "sentinels"],
        "When more spans are needed than there are sentinels: refuse, or use as many spans as there"
          + " are sentinels."),
      .choice(
        "arithmetic", ["float64", "float32"],
        "The precision in which the mask counts noise; the length helper is always in float64."),
      .layout,
      .tail(["drop", "pad"]),
      .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "ul2",
        note: "The mixture of the paper's appendix: seven denoisers with equal weights, S split"
          + " uniformly, masks counted in float32. Keeps its defects: where helper and mask disagree"
          + " the target is cut to fit; without a roll the noise of X3 is always the end of the"
          + " window; S has half of the text as target where the table says a quarter. The exact text"
          + " of the published mode prefixes is unknown; here each is one token.",
        settings: [Setting("arithmetic", "float32"), Setting("tail", "pad")]),
      Preset(
        name: "ul2r",
        note:
          "Further training of a decoder (U-PaLM): half S, a quarter R (3, 0.15), an eighth each"
          + " of X (3, 0.5) and (32, 0.15), input and target in one row, rolled masks.",
        settings: [
          Setting("weight_r1", "2"), Setting("weight_r2", "0"), Setting("weight_x1", "1"),
          Setting("weight_x2", "0"), Setting("weight_x3", "1"), Setting("weight_x4", "0"),
          Setting("weight_s", "4"), Setting("x3_mean_span_length", "32"), Setting("roll", "true"),
          Setting("layout", "decoder"),
        ]),
    ],
    sources: [
      "Tay et al. 2022, arXiv 2205.05131 §3.1.2, table 1, appendix 9.2",
      "Tay et al. 2022, arXiv 2210.11399 §3 (U-PaLM, UL2R)",
      "google-research/google-research: ul2/README.md",
    ],
    heads: [
      "AutoModelForSeq2SeqLM (T5ForConditionalGeneration)", "AutoModelForCausalLM (layout=decoder)",
    ])

  private static func weight(_ name: String, _ what: String) -> Parameter {
    .real("weight_\(name)", 1, in: 0...1_000_000, "The weight of \(what); 0 leaves it out.")
  }
}
