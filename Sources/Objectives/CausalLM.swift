// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Causal language modelling, `clm`: windows of concatenated documents (Radford et al. 2019).
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

  static let descriptor = Descriptor(
    name: "clm",
    summary: "Causal language modelling: documents end to end, cut into windows.",
    parameters: [
      .integer("length", 1024, in: 2...1_048_576, "Tokens in a window (T)."),
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
    presets: [],
    sources: [
      "Radford et al. 2019, Language Models are Unsupervised Multitask Learners",
      "huggingface/transformers: examples/pytorch/language-modeling/run_clm.py (group_texts)",
      "NVIDIA/Megatron-LM: megatron/core/datasets/gpt_dataset.py (window=t+1)",
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
    let pads = padding == .fixed && tail == .pad
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
      columns.append(
        Column(
          "segment_ids", .int32, shape, isModelInput: false,
          meaning: "Documents of the row from 1; 0 at padding."))
      columns.append(
        Column(
          "position_ids", .int32, shape, meaning: "Positions from 0 in each segment; 0 at padding.")
      )
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
    framing = Framing(
      .concatenate(
        Concatenation(
          window: width, stride: length, separator: separator, keepsTail: tail == .pad)),
      documentOrder: try parameters.choice("document_order"))
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
      write(frame.pieces, tokens: tokens.count, count: count, at: segments, into: &out)
    }
    if let attention { out.mask(attention, ones: tokens.count, count: count) }
    out.tally.inputTokens += tokens.count
    out.tally.inputPadding += count - tokens.count
    out.tally.lossTokens += lossTokens
    out.endRow()
  }

  private func write(
    _ pieces: [Piece], tokens: Int, count: Int, at column: Int, into out: inout ExampleBuilder
  ) {
    func forEachSegment(_ body: (Int, Range<Int>) -> Void) {
      for (index, piece) in pieces.enumerated() {
        let end = index + 1 < pieces.count ? pieces[index + 1].start : tokens
        body(index, piece.start..<end)
      }
    }
    out.integers(column, count: count) { row in
      forEachSegment { index, range in
        row[range].update(repeating: Int32(truncatingIfNeeded: index + 1))
      }
    }
    out.integers(column + 1, count: count) { row in
      forEachSegment { _, range in
        for position in range {
          row[position] = Int32(truncatingIfNeeded: position - range.lowerBound)
        }
      }
    }
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
    if segments != nil { end = checkSegments(&check, count: ids.count) }
    if labels != nil { checkLabels(&check, ids: ids, end: end) }
    if end == 0 { check.fault("empty-row", "input_ids", "a row of nothing but padding") }
    return check.faults
  }

  /// Checks segments and positions, and returns where padding starts.
  private func checkSegments(_ check: inout RowCheck, count: Int) -> Int {
    guard let segments = check.row["segment_ids"], let positions = check.row["position_ids"],
      segments.count == count, positions.count == count
    else { return count }
    var previous: Int64 = 0
    var expected: Int64 = 0
    let end = segments.firstIndex(of: 0) ?? count
    for index in 0..<count {
      let segment = segments[index]
      if index >= end {
        if segment != 0 || positions[index] != 0 {
          check.fault(
            "segment-shape", "segment_ids", at: index, "segment \(segment) after padding began")
          return end
        }
        continue
      }
      if segment != previous {
        expected = 0
        if segment != previous + 1 {
          check.fault(
            "segment-shape", "segment_ids", at: index, "segment \(segment) follows \(previous)")
          return end
        }
        previous = segment
      }
      if positions[index] != expected {
        check.fault(
          "position", "position_ids", at: index,
          "position id \(positions[index]), \(expected) expected")
        return end
      }
      expected += 1
    }
    return end
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
