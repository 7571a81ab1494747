// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Causal language modelling, `clm`: windows of concatenated documents (Radford et al. 2019), or
/// whole documents packed by best fit (Ding et al. 2024, arXiv 2404.10830).
///
/// The ids are the labels: a causal model of `transformers` shifts them itself. With `length=4`
/// and documents `a b c` and `d e`:
///
///     input_ids   a b c </s>     d e </s> <pad>
///     attention   1 1 1 1        1 1 1    0
struct CausalLM: Objective {
  private enum Window: String {
    case length = "t"
    case lengthPlusOne = "t+1"
  }

  private enum Labels: String {
    case none
    case column
  }

  private enum Boundaries: String {
    case none
    case segments
  }

  private enum Packing: String {
    case concatenate
    case bestFit = "best-fit"
  }

  static let descriptor = Descriptor(
    name: "clm",
    summary: "Causal language modelling: documents end to end, or packed whole, in rows of T.",
    parameters: [
      .integer("length", 1024, in: 2...1_048_576, "Tokens in a window (T)."),
      .choice(
        "packing", ["concatenate", "best-fit"],
        "Documents end to end, cut into windows; or whole documents, several a row, by best fit:"
          + " only those longer than a row are cut."),
      .choice(
        "window", ["t", "t+1"],
        "Windows of T with stride T, or of T + 1 with stride T so that every token is predicted"
          + " once (Megatron-LM)."),
      .choice(
        "separator", ["eos", "bos", "sep", "cls", "none"],
        "The role of the token that follows each document."),
      .choice(
        "labels", ["none", "column"],
        "Leave labels to the model (the ids are the labels), or write them, with -100 at padding"
          + " and, with boundaries=segments, at the first token of each document."),
      .choice(
        "boundaries", ["none", "segments"],
        "Write segment_ids and position_ids so that documents of a row can be kept apart."),
      .tail(["pad", "drop"]),
      .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "best-fit",
        note: "Whole documents by best-fit-decreasing packing, kept apart by segment_ids and"
          + " position_ids, without a loss across their boundaries.",
        settings: [
          Setting("packing", "best-fit"), Setting("boundaries", "segments"),
          Setting("labels", "column"),
        ])
    ],
    sources: [
      "Radford et al. 2019, Language Models are Unsupervised Multitask Learners",
      "huggingface/transformers: examples/pytorch/language-modeling/run_clm.py (group_texts)",
      "NVIDIA/Megatron-LM: megatron/core/datasets/gpt_dataset.py (window=t+1)",
      "Ding et al. 2024, arXiv 2404.10830 (packing=best-fit)",
    ],
    heads: ["AutoModelForCausalLM"])

  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact]

  private let vocabularySize: Int
  private let width: Int
  private let padding: Padding
  private let padID: TokenID
  private let attention: Int?
  private let labels: Int?
  private let segments: Int?

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    let length = try parameters.integer("length")
    let window: Window = try parameters.choice("window")
    let labels: Labels = try parameters.choice("labels")
    let boundaries: Boundaries = try parameters.choice("boundaries")
    let packing: Packing = try parameters.choice("packing")
    let tail: Tail = try parameters.choice("tail")
    padding = try parameters.choice("pad")
    width = window == .length ? length : length + 1
    var needs = Needs()

    let role = try parameters.name("separator")
    var separator: TokenID?
    if role != "none" {
      separator = try vocabulary.require(role, for: Self.descriptor.name)
      needs.roles.append(role)
    }
    let pads = padding == .fixed && (tail == .pad || packing == .bestFit)
    padID = pads ? try vocabulary.requirePadding(for: Self.descriptor.name) : 0

    let shape = Column.shape(length: width, padding: padding)
    var columns = [Column.inputIDs(shape)]
    if labels == .column {
      self.labels = columns.count
      columns.append(
        Column(
          "labels", .int32, shape,
          meaning: "The ids, unshifted; -100 at padding and at the first token of a segment."))
    } else {
      self.labels = nil
    }
    if boundaries == .segments {
      segments = columns.count
      columns += PackedRow.columns(shape)
    } else {
      segments = nil
    }
    if pads, boundaries == .none {
      attention = columns.count
      columns.append(.attentionMask(shape))
    } else {
      attention = nil
    }
    self.columns = columns
    self.parameters = parameters
    self.needs = needs
    facts = []
    vocabularySize = vocabulary.size
    let method: Framing.Method =
      switch packing {
      case .concatenate:
        .concatenate(
          Concatenation(
            window: width, stride: length, separator: separator, keepsTail: tail == .pad))
      case .bestFit:
        .bestFit(BestFitPacking(capacity: width, overhead: 0, separator: separator))
      }
    framing = Framing(method, documentOrder: try parameters.choice("document_order"))
  }

  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    let tokens = frame.tokens
    let count = padding == .fixed ? width : tokens.count
    out.tokenIDs(0, count: count) { row in
      _ = row.update(fromContentsOf: tokens)
      row[tokens.count...].update(repeating: padID)
    }
    var lossTokens = max(0, tokens.count - 1)
    if let labels {
      let marksStarts = segments != nil
      let pieces = frame.pieces
      out.integers(labels, count: count) { row in
        for index in 0..<tokens.count { row[index] = Int32(truncatingIfNeeded: tokens[index]) }
        row[tokens.count...].update(repeating: Column.ignoredLabel)
        guard marksStarts else { return }
        for piece in pieces where piece.start > 0 { row[piece.start] = Column.ignoredLabel }
      }
      if marksStarts { lossTokens -= max(0, pieces.count - 1) }
    }
    if let segments {
      let pieces = frame.pieces
      PackedRow.write(at: segments, count: count, into: &out) { body in
        for index in pieces.indices {
          let next = index + 1
          body(pieces[index].start..<(next < pieces.count ? pieces[next].start : tokens.count))
        }
      }
    }
    if let attention { out.mask(attention, ones: tokens.count, count: count) }
    out.tally.inputTokens += tokens.count
    out.tally.inputPadding += count - tokens.count
    out.tally.lossTokens += lossTokens
    out.endRow()
  }

  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    check.checkShapes(columns)
    check.checkIDs("input_ids", below: vocabularySize)
    guard let ids = row["input_ids"] else { return check.faults }
    if padding == .none, ids.isEmpty || ids.count > width {
      check.fault("length", "input_ids", "\(ids.count) ids, 1...\(width) expected")
    }
    var end = ids.count
    if attention != nil {
      end = check.checkPrefixMask("attention_mask", padID: padID) ?? end
    }
    if segments != nil {
      guard let found = check.checkSegments(count: ids.count) else { return check.faults }
      end = found.last?.upperBound ?? 0
    }
    if labels != nil { checkLabels(&check, ids: ids, end: end) }
    if end == 0 { check.fault("empty-row", "input_ids", "a row of nothing but padding") }
    return check.faults
  }

  private func checkLabels(_ check: inout RowCheck, ids: [Int64], end: Int) {
    guard let labels = check.row["labels"], labels.count == ids.count else { return }
    let segments = check.row["segment_ids"]
    for index in labels.indices {
      var ignored = index >= end && (attention != nil || segments != nil)
      if let segments, segments.count == labels.count, index > 0, index < end {
        ignored = ignored || segments[index] != segments[index - 1]
      }
      let expected = ignored ? Int64(Column.ignoredLabel) : ids[index]
      if labels[index] != expected {
        check.fault(
          "label", "labels", at: index, "label \(labels[index]) where \(expected) is expected")
        return
      }
    }
  }
}
