// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Masked diffusion language modelling, `mdlm` (Sahoo et al. 2024, arXiv 2406.07524; LLaDA, Nie et
/// al. 2025, arXiv 2502.09992): every token of a row is masked with the probability `p_mask`, which
/// is drawn for the row.
///
/// The loss of a row is Σ cross-entropy / `p_mask` over its masked tokens, divided by its length.
/// The end token of a document is text, so that a model learns to end; BOS and padding are not.
final class MaskedDiffusion: Objective {
  private enum Times: String {
    case uniform
    case stratified
  }

  static let descriptor = Descriptor(
    name: "mdlm",
    summary: "Masked diffusion: each row masked at a rate of its own, which stands beside it.",
    parameters: [
      .integer(
        "length", 1024, in: 4...1_048_576, "Tokens in a row, framing tokens and padding included."),
      .choice(
        "times", ["uniform", "stratified"],
        "The time t of each row: drawn on its own from 0...1, or in golden-ratio steps from a random"
          + " start in each unit, so that any rows that follow each other cover 0...1 evenly."),
      .real(
        "noise_floor", 0.001, in: 0...0.5,
        "The least p_mask (ε): p_mask = (1 − ε)·t + ε, in single precision."),
      EncoderRows.packing(["concatenate", "document", "best-fit"]),
      EncoderRows.separator(
        ["eos", "bos", "sep", "cls", "none"],
        "The role of the token that ends each document; it is masked like any other."),
      EncoderRows.positionOffset,
      .choice(
        "framing_tokens", ["auto", "bos", "none"],
        "Before the text: what the tokenizer itself adds; always BOS; or nothing. Never masked."),
      .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "llada",
        note:
          "LLaDA's pretraining at length 4,096. Not kept: 1 % of the original's sequences are cut"
          + " to a random length.",
        settings: [Setting("length", "4096")]),
      Preset(
        name: "mdlm",
        note: "MDLM's pretraining at length 1,024 with low-discrepancy times and a log-linear"
          + " schedule, in which p_mask is t. The original spreads times over each batch by random"
          + " strata; here they go through a unit in golden-ratio steps.",
        settings: [Setting("times", "stratified")]),
    ],
    sources: [
      "Sahoo et al. 2024, arXiv 2406.07524 §3",
      "Nie et al. 2025, arXiv 2502.09992 §2; ML-GSAI/LLaDA: GUIDELINES.md",
    ],
    heads: ["AutoModelForMaskedLM (p_mask weights the loss)"])

  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact]
  let vocabulary: Vocabulary
  let rows: EncoderRows
  private let maskID: TokenID
  private let times: Times
  let floor: Double

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    var needs = Needs()
    maskID = try vocabulary.require("mask", for: Self.descriptor.name)
    needs.roles = ["mask"]
    var style = EncoderRows.Style()
    style.fallback = .bos
    style.endsDocuments = true
    rows = try EncoderRows(parameters, vocabulary, style, needs: &needs)
    times = try parameters.choice("times")
    floor = try parameters.real("noise_floor")
    framing = rows.framing
    columns =
      [
        .inputIDs(rows.shape), Masking.labels(rows.shape),
        Column(
          "p_mask", .float32, .scalar, isModelInput: false,
          meaning: "The probability with which each token of the row was masked."),
      ] + rows.columns
    self.vocabulary = vocabulary
    self.parameters = parameters
    self.needs = needs
    facts = []
  }

  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    let layout = RowLayout(frame, rows)
    let total = rows.total(layout)
    let scratch = out.scratch
    let share = probability(frame.ordinal, random)
    let threshold = Probability(Double(share))
    let candidates = Candidates(
      frame, layout, vocabulary, Candidates.Rule(includesSpecials: true), scratch: scratch)
    let positions = candidates.positions
    let originals = scratch.originals.prefix(positions.count)
    let marks = scratch.marks.prefix(positions.count)
    var stream = random.stream(.mask, frame: frame.ordinal)
    for index in marks.indices { marks[index] = stream.bernoulli(threshold) ? 1 : 0 }
    let tokens = frame.tokens
    var masked = 0
    out.tokenIDs(0, count: total) { row in
      layout.place(tokens, rows, in: row)
      for index in marks.indices where marks[index] != 0 {
        let position = Int(positions[index])
        originals[index] = row[position]
        row[position] = maskID
        masked &+= 1
      }
    }
    out.integers(1, count: total) { row in
      row.update(repeating: Column.ignoredLabel)
      for index in marks.indices where marks[index] != 0 {
        row[Int(positions[index])] = Int32(truncatingIfNeeded: originals[index])
      }
    }
    out.real(2, share)
    rows.finish(frame, layout, firstColumn: 3, into: &out)
    out.tally.lossTokens += masked
    if masked == 0 { out.tally.add(of: .rowsWithoutLoss) }
    out.endRow()
  }

  /// (1 − ε)·t + ε, as the column has it: what is stored is what is drawn by.
  private func probability(_ frame: UInt32, _ random: RandomStreams) -> Float {
    let time: Double
    switch times {
    case .uniform:
      var stream = random.stream(.noise, frame: frame)
      time = stream.fraction()
    case .stratified:
      var stream = random.stream(.noise)
      // Steps of 2⁶⁴/φ modulo 2⁶⁴.
      let word = stream.next64() &+ UInt64(frame) &* 0x9E37_79B9_7F4A_7C15
      time = Double(word >> 11) * 0x1p-53
    }
    return Float((1 - floor) * time + floor)
  }
}

extension MaskedDiffusion {
  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    guard let content = rows.check(&check, columns: columns, vocabulary: vocabulary),
      let ids = row["input_ids"], let labels = row["labels"], labels.count == ids.count
    else { return check.faults }
    var next = content.segments.makeIterator()
    var segment = next.next()
    var candidates = 0
    var masked = 0
    for position in labels.indices {
      while let current = segment, position >= current.upperBound { segment = next.next() }
      let label = labels[position]
      let isLabelled = label != Int64(Column.ignoredLabel)
      guard let current = segment, current.contains(position) else {
        if isLabelled {
          let what = position < content.used ? "a framing token" : "padding"
          check.fault("label-on-special", "labels", at: position, "labels on \(what)")
          return check.faults
        }
        continue
      }
      candidates += 1
      masked += isLabelled ? 1 : 0
      if isLabelled, label < 0 || label >= vocabulary.size {
        check.fault(
          "label-range", "labels", at: position, "label \(label) outside the vocabulary")
        return check.faults
      }
      if isLabelled != (ids[position] == Int64(maskID)) {
        let message = isLabelled ? "a label without a mask token" : "a mask token without a label"
        check.fault(
          isLabelled ? "label-without-mask" : "mask-without-label", "input_ids", at: position,
          message)
        return check.faults
      }
    }
    checkShare(&check, masked: masked, candidates: candidates)
    return check.faults
  }

  /// `p_mask` in its range, and a count that a binomial law gives but once in 10¹² rows
  /// (Bernstein's inequality).
  private func checkShare(_ check: inout RowCheck, masked: Int, candidates: Int) {
    guard let share = check.row[reals: "p_mask"]?.first else { return }
    guard share >= Float(floor), share <= 1 else {
      check.fault("p-mask-range", "p_mask", "p_mask \(share), \(Float(floor))...1 expected")
      return
    }
    let mean = Double(share) * Double(candidates)
    let variance = mean * (1 - Double(share))
    let constant = 28.4  // −ln(10⁻¹²/2)
    let bound = constant / 3 + (constant * constant / 9 + 2 * constant * variance).squareRoot()
    if abs(Double(masked) - mean) > bound {
      check.fault(
        "mask-share", "labels",
        "\(masked) of \(candidates) tokens masked where p_mask is \(share)")
    }
  }
}
