// SPDX-License-Identifier: Apache-2.0

/// The two sides of a row of spans as they are read back: EOS at the end, sentinels in order.
struct SpanSides {
  /// What one side consists of.
  struct Side {
    var sentinels = 0
    var text = 0
    var startsWithSentinel = false
    var endsWithSentinel = false
  }

  let inputs: Side
  let targets: Side

  /// The source tokens of the row.
  var total: Int { inputs.text + targets.text }

  /// Checks EOS at the ends (of the input only where it has one) and sentinels in order, none
  /// beside another; nil if something is wrong.
  init?(
    _ check: inout RowCheck, _ sides: SequencePair.Sides, eos: TokenID, inputEndsInEOS: Bool,
    sentinels: [TokenID], isSentinel: [Bool]
  ) {
    let before = check.faults.count
    inputs = Self.side(
      &check, "input_ids", sides.input, eos: inputEndsInEOS ? eos : nil, sentinels, isSentinel)
    targets = Self.side(&check, "labels", sides.target, eos: eos, sentinels, isSentinel)
    if check.faults.count > before { return nil }
  }

  private static func side(
    _ check: inout RowCheck, _ column: String, _ values: ArraySlice<Int64>, eos: TokenID?,
    _ sentinels: [TokenID], _ isSentinel: [Bool]
  ) -> Side {
    var side = Side()
    if let eos, values.last != Int64(eos) {
      check.fault(
        "eos", column, at: max(values.startIndex, values.endIndex - 1),
        "\(column) do not end with EOS (\(eos))")
      return side
    }
    var previousIsSentinel = false
    for position in values.indices.dropLast(eos == nil ? 0 : 1) {
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
      if position == values.startIndex { side.startsWithSentinel = true }
      side.sentinels += 1
      previousIsSentinel = true
    }
    side.endsWithSentinel = previousIsSentinel
    return side
  }
}

extension SpanSides {
  /// A stretch of the source.
  struct Stretch {
    let isNoise: Bool
    let tokens: ArraySlice<Int64>
  }

  /// The stretches of a row in the order of the source: clean text, noise, clean text, …; nil if the
  /// sentinels of both sides do not match.
  static func stretches(
    _ texts: SequencePair.Sides, isSentinel flags: [Bool]
  ) -> [Stretch]? {
    func isSentinel(_ id: Int64) -> Bool {
      id >= 0 && id < flags.count && flags[Int(id)]
    }
    let (inputs, targets) = (texts.input, texts.target)
    var result: [Stretch] = []
    var clean = inputs.startIndex
    var target = targets.startIndex
    for position in inputs.indices where isSentinel(inputs[position]) {
      if clean < position {
        result.append(Stretch(isNoise: false, tokens: inputs[clean..<position]))
      }
      clean = position + 1
      guard target < targets.endIndex, targets[target] == inputs[position] else { return nil }
      let start = target + 1
      target = targets[start...].firstIndex(where: isSentinel) ?? targets.endIndex
      result.append(Stretch(isNoise: true, tokens: targets[start..<target]))
    }
    if clean < inputs.endIndex { result.append(Stretch(isNoise: false, tokens: inputs[clean...])) }
    // One token alone has no noise, and its target is one sentinel without a span.
    guard target == targets.endIndex || result.allSatisfy({ !$0.isNoise }) else { return nil }
    return result
  }
}

extension SpanNoise {
  /// Checks the counts of a row against its length.
  ///
  /// - Parameters:
  ///   - targetRoom: Tokens that a target may have, EOS included.
  ///   - tail: Whether short rows exist.
  func checkCounts(_ check: inout RowCheck, _ sides: SpanSides, targetRoom: Int, tail: Tail) {
    let (inputs, targets, total) = (sides.inputs, sides.targets, sides.total)
    // A single token has no noise; its target is one sentinel (or, rolled, none) and EOS.
    if total <= 1, inputs.sentinels == 0 { return }
    if targets.text > 0, !targets.startsWithSentinel {
      check.fault("target-start", "labels", at: 0, "labels do not start with a sentinel")
      return
    }
    let expected = counts(tokensLength)
    let isCut = expected.noise + expected.spans + 1 > targetRoom && total <= tokensLength
    if rules.arithmetic == .float32, isCut { return }
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
    let least = rules.separator == nil ? row : counts(total, clean: 1)
    if targets.text > row.noise || targets.text < least.noise {
      check.fault(
        "noise-count", "labels",
        "\(targets.text) noise tokens where round(\(density) × \(total)) = \(row.noise) expected")
    }
    if !rules.rolls, rules.separator == nil, inputs.startsWithSentinel || !inputs.endsWithSentinel {
      check.fault(
        "mask-edges", "input_ids", "input_ids do not start with text and end with a sentinel")
    }
    let most = row.spans + (rules.rolls || rules.separator != nil ? 1 : 0)
    if inputs.sentinels > most || inputs.sentinels < least.spans {
      check.fault(
        "span-count", "input_ids", "\(inputs.sentinels) spans where \(row.spans) are expected")
    }
  }
}
