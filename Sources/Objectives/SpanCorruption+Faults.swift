// SPDX-License-Identifier: Apache-2.0

extension SpanCorruption {
  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    check.checkShapes(columns)
    check.checkIDs("input_ids", below: vocabularySize)
    guard let ids = row["input_ids"], let labels = row["labels"] else { return check.faults }
    var end = ids.count
    if attention != nil { end = check.checkPrefixMask("attention_mask", padID: padID) ?? end }
    let ignored = Int64(Column.ignoredLabel)
    let labelEnd = labels.firstIndex(of: ignored) ?? labels.count
    if let position = labels[labelEnd...].firstIndex(where: { $0 != ignored }) {
      check.fault("padding", "labels", at: position, "label \(labels[position]) after -100")
    }
    if let position = labels[0..<labelEnd].firstIndex(where: { $0 < 0 || $0 >= vocabularySize }) {
      check.fault(
        "id-range", "labels", at: position,
        "id \(labels[position]) in labels outside the vocabulary of \(vocabularySize)")
    }
    if padding == .none, ids.count > length || labels.count > targetsLength {
      check.fault(
        "length", "input_ids",
        "\(ids.count) ids and \(labels.count) labels, at most \(length) and \(targetsLength)")
    }
    guard check.faults.isEmpty else { return check.faults }
    let inputs = checkSide(&check, "input_ids", ids[0..<end])
    let targets = checkSide(&check, "labels", labels[0..<labelEnd])
    if check.faults.isEmpty { checkCounts(&check, inputs, targets) }
    return check.faults
  }

  /// What one side consists of.
  private struct Side {
    var sentinels = 0
    var text = 0
    var startsWithSentinel = false
    var endsWithSentinel = false
  }

  /// Checks EOS at the end and sentinels in order, none beside another.
  private func checkSide(
    _ check: inout RowCheck, _ column: String, _ values: ArraySlice<Int64>
  ) -> Side {
    var side = Side()
    guard values.last == Int64(eos) else {
      check.fault(
        "eos", column, at: max(0, values.count - 1), "\(column) do not end with EOS (\(eos))")
      return side
    }
    var previousIsSentinel = false
    for position in values.indices.dropLast() {
      let value = values[position]
      guard isSentinel[Int(value)] else {
        side.text += 1
        previousIsSentinel = false
        continue
      }
      let expected = side.sentinels < sentinels.count ? sentinels[side.sentinels] : nil
      if expected.map({ Int64($0) }) != value {
        check.fault(
          "sentinel-order", column, at: position,
          "sentinel \(value) where \(expected.map { "\($0)" } ?? "none") is expected")
        return side
      }
      if previousIsSentinel {
        check.fault("empty-span", column, at: position, "two sentinels side by side in \(column)")
      }
      if position == 0 { side.startsWithSentinel = true }
      side.sentinels += 1
      previousIsSentinel = true
    }
    side.endsWithSentinel = previousIsSentinel
    return side
  }

  private func checkCounts(_ check: inout RowCheck, _ inputs: Side, _ targets: Side) {
    let total = inputs.text + targets.text
    // A single token has no noise; its target is one sentinel (or, rolled, none) and EOS.
    if total <= 1, inputs.sentinels == 0 { return }
    if targets.text > 0, !targets.startsWithSentinel {
      check.fault("target-start", "labels", at: 0, "labels do not start with a sentinel")
      return
    }
    let expected = counts(tokensLength)
    let isCut = expected.noise + expected.spans + 1 > targetsLength && total <= tokensLength
    if arithmetic == .float32, isCut { return }
    guard inputs.sentinels == targets.sentinels else {
      check.fault(
        "sentinel-sets", "labels",
        "\(inputs.sentinels) sentinels in input_ids, \(targets.sentinels) in labels")
      return
    }
    if total != tokensLength, tail == .drop || total > tokensLength {
      check.fault(
        "source-length", "input_ids",
        "\(total) source tokens in input_ids and labels, \(tokensLength) expected")
      return
    }
    let row = counts(total)
    // A separator at the end of a short row takes one clean token away from the spans.
    let least = separator == nil ? row : counts(total, clean: 1)
    if targets.text > row.noise || targets.text < least.noise {
      check.fault(
        "noise-count", "labels",
        "\(targets.text) noise tokens where round(\(density) × \(total)) = \(row.noise) expected")
    }
    if !rolls, separator == nil, inputs.startsWithSentinel || !inputs.endsWithSentinel {
      check.fault(
        "mask-edges", "input_ids", "input_ids do not start with text and end with a sentinel")
    }
    let most = row.spans + (rolls || separator != nil ? 1 : 0)
    if inputs.sentinels > most || inputs.sentinels < least.spans {
      check.fault(
        "span-count", "input_ids", "\(inputs.sentinels) spans where \(row.spans) are expected")
    }
  }
}
