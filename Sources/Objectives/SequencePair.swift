// SPDX-License-Identifier: Apache-2.0

/// The values of `layout`: where the target of a pair of sequences stands.
enum PairLayout: String, CaseIterable {
  case encoderDecoder = "encoder-decoder"
  case decoder
}

/// Rows of an input and a target, in either layout: columns, writing, and what always holds.
///
///     encoder-decoder   input_ids   input…                 <pad>…
///                       labels      target…                -100…
///     decoder           input_ids   input…      target…    <pad>…
///                       labels      -100…       target…    -100…
///                       prefix_lengths          as many as the input has
struct SequencePair: Sendable {
  let layout: PairLayout
  /// Tokens in a row of `input_ids`.
  let length: Int
  /// Tokens in a row of targets of its own.
  let targetsLength: Int
  let padding: Padding
  let padID: TokenID
  let vocabularySize: Int
  let columns: [Column]
  private let attention: Int?

  /// - Parameters:
  ///   - pads: Whether input rows may be shorter than `length`.
  ///   - target: What the target consists of, for the meaning of `labels`.
  init(
    layout: PairLayout, length: Int, targetsLength: Int, padding: Padding, pads: Bool,
    padID: TokenID, vocabularySize: Int, target: String
  ) {
    self.layout = layout
    self.length = length
    self.targetsLength = layout == .decoder ? length : targetsLength
    self.padding = padding
    self.padID = padID
    self.vocabularySize = vocabularySize
    let shape = Column.shape(length: length, padding: padding)
    let place = layout == .decoder ? "-100 on the input and at padding." : "-100 at padding."
    var columns = [
      Column.inputIDs(shape),
      Column(
        "labels", .int32, Column.shape(length: self.targetsLength, padding: padding),
        meaning: "\(target); \(place)"),
    ]
    if layout == .decoder {
      columns.append(
        Column(
          "prefix_lengths", .int32, .scalar, isModelInput: false,
          meaning: "How many tokens of the row are input, which attention may see both ways."))
    }
    if pads, padding == .fixed {
      attention = columns.count
      columns.append(.attentionMask(shape))
    } else {
      attention = nil
    }
    self.columns = columns
  }

  /// Appends a row. Both sides are complete, and fit.
  func write(
    _ input: UnsafeMutableBufferPointer<TokenID>, _ target: UnsafeMutableBufferPointer<TokenID>,
    into out: inout ExampleBuilder
  ) {
    let isDecoder = layout == .decoder
    let ones = isDecoder ? input.count + target.count : input.count
    let inputCount = padding == .fixed ? length : ones
    let targetStart = isDecoder ? input.count : 0
    let targetEnd = targetStart + target.count
    let targetCount = padding == .fixed ? targetsLength : targetEnd
    out.tokenIDs(0, count: inputCount) { row in
      _ = row.update(fromContentsOf: input)
      if isDecoder { _ = row[input.count...].update(fromContentsOf: target) }
      row[ones...].update(repeating: padID)
    }
    out.integers(1, count: targetCount) { row in
      row[0..<targetStart].update(repeating: Column.ignoredLabel)
      for index in target.indices {
        row[targetStart &+ index] = Int32(truncatingIfNeeded: target[index])
      }
      row[targetEnd...].update(repeating: Column.ignoredLabel)
    }
    if isDecoder {
      out.integers(2, count: 1) { $0[0] = Int32(truncatingIfNeeded: input.count) }
    }
    if let attention { out.mask(attention, ones: ones, count: inputCount) }
    out.tally.inputTokens += ones
    out.tally.inputPadding += inputCount - ones
    out.tally.lossTokens += target.count
    if !isDecoder { out.tally.targetPadding += targetCount - target.count }
    out.endRow()
  }

  /// The two sides of a row that is read back.
  struct Sides {
    let input: ArraySlice<Int64>
    let target: ArraySlice<Int64>
  }

  /// Checks everything that does not depend on the objective; nil if the row cannot be divided.
  func sides(_ check: inout RowCheck) -> Sides? {
    check.checkShapes(columns)
    check.checkIDs("input_ids", below: vocabularySize)
    guard let ids = check.row["input_ids"], let labels = check.row["labels"] else { return nil }
    var end = ids.count
    if attention != nil { end = check.checkPrefixMask("attention_mask", padID: padID) ?? end }
    if padding == .none, ids.count > length || labels.count > targetsLength {
      check.fault(
        "length", "input_ids",
        "\(ids.count) ids and \(labels.count) labels, at most \(length) and \(targetsLength)")
    }
    var start = 0
    if layout == .decoder {
      guard let prefix = check.row["prefix_lengths"]?.first else { return nil }
      guard labels.count == ids.count else {
        check.fault("length", "labels", "\(labels.count) labels for \(ids.count) ids")
        return nil
      }
      guard prefix >= 0, prefix <= end else {
        check.fault(
          "prefix-length", "prefix_lengths",
          "prefix_lengths \(prefix) in a row of \(end) tokens")
        return nil
      }
      start = Int(prefix)
      if let position = labels.prefix(start).firstIndex(where: { $0 != ignored }) {
        check.fault(
          "label", "labels", at: position, "label \(labels[position]) on the input")
      }
    }
    let targets = labels.dropFirst(start)
    let labelEnd = targets.firstIndex(of: ignored) ?? labels.count
    if let position = labels[max(start, labelEnd)...].firstIndex(where: { $0 != ignored }) {
      check.fault("padding", "labels", at: position, "label \(labels[position]) after -100")
    }
    if let position = targets.prefix(while: { $0 != ignored }).firstIndex(where: {
      $0 < 0 || $0 >= vocabularySize
    }) {
      check.fault(
        "id-range", "labels", at: position,
        "id \(labels[position]) in labels outside the vocabulary of \(vocabularySize)")
    }
    guard check.faults.isEmpty else { return nil }
    guard layout == .decoder else {
      return Sides(input: ids[0..<end], target: labels[0..<labelEnd])
    }
    let target = labels[start..<max(start, labelEnd)]
    guard labelEnd == end, target == ids[start..<end] else {
      check.fault(
        "label", "labels", at: start, "labels that are not the ids behind the input")
      return nil
    }
    return Sides(input: ids[0..<start], target: target)
  }

  /// The two sides of a good row without EOS: what stands before the last token of the target and,
  /// where input rows end in EOS, of the input.
  func texts(of row: ExampleRow) -> Sides? {
    var check = RowCheck(row)
    guard let sides = sides(&check), !sides.target.isEmpty else { return nil }
    guard layout == .encoderDecoder else {
      return Sides(input: sides.input, target: sides.target.dropLast())
    }
    guard !sides.input.isEmpty else { return nil }
    return Sides(input: sides.input.dropLast(), target: sides.target.dropLast())
  }

  private var ignored: Int64 { Int64(Column.ignoredLabel) }
}
