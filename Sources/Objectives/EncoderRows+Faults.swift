// SPDX-License-Identifier: Apache-2.0

/// Where the text of a row stands, once its frame was found in order.
struct RowContent {
  /// Positions before padding.
  let used: Int
  /// The text of each segment, without framing tokens.
  let segments: [Range<Int>]
}

extension EncoderRows {
  /// Checks shapes, ids, padding, segments and framing tokens; nil if the text cannot be found.
  func check(
    _ check: inout RowCheck, columns: [Column], vocabulary: Vocabulary
  ) -> RowContent? {
    check.checkShapes(columns)
    check.checkIDs("input_ids", below: vocabulary.size)
    guard let ids = check.row["input_ids"] else { return nil }
    if padding == .none, ids.count > length {
      check.fault("length", "input_ids", "\(ids.count) ids, at most \(length) expected")
    }
    switch layout {
    case .packed: return checkPacked(&check, ids: ids)
    case .single, .pair: return checkFramed(&check, ids: ids)
    }
  }

  private func checkPacked(_ check: inout RowCheck, ids: [Int64]) -> RowContent? {
    guard let segments = check.checkSegments(count: ids.count, positionOffset: positionOffset)
    else { return nil }
    guard let last = segments.last else {
      check.fault("empty-row", "input_ids", "a row of nothing but padding")
      return nil
    }
    if let position = ids[last.upperBound...].firstIndex(where: { $0 != Int64(padID) }) {
      check.fault(
        "padding", "input_ids", at: position,
        "id \(ids[position]) where segment_ids say padding (\(padID))")
    }
    var texts: [Range<Int>] = []
    for segment in segments {
      guard let text = text(&check, of: segment) else { return nil }
      expect(&check, template.prefix, at: segment.lowerBound, ids)
      expect(&check, template.suffix, at: text.upperBound, ids)
      texts.append(text)
    }
    return RowContent(used: last.upperBound, segments: texts)
  }

  private func checkFramed(_ check: inout RowCheck, ids: [Int64]) -> RowContent? {
    var used = ids.count
    if padding == .fixed {
      used = check.checkPrefixMask("attention_mask", padID: padID) ?? used
    }
    guard let text = text(&check, of: 0..<used) else { return nil }
    expect(&check, template.prefix, at: 0, ids)
    expect(&check, template.suffix, at: text.upperBound, ids)
    guard layout == .pair else { return RowContent(used: used, segments: [text]) }
    guard let second = checkTypes(&check, used: used) else {
      return RowContent(used: used, segments: [text])
    }
    let middle = second - template.infix.count
    expect(&check, template.infix, at: middle, ids)
    return RowContent(
      used: used, segments: [text.lowerBound..<middle, second..<text.upperBound])
  }

  /// A segment without its framing tokens.
  private func text(_ check: inout RowCheck, of segment: Range<Int>) -> Range<Int>? {
    let start = segment.lowerBound + template.prefix.count
    let end = segment.upperBound - template.suffix.count
    guard start < end else {
      check.fault("empty-row", "input_ids", "no text between the framing tokens")
      return nil
    }
    return start..<end
  }

  /// Checks 0…0 1…1 and the label of the pair; returns where the second segment starts.
  private func checkTypes(_ check: inout RowCheck, used: Int) -> Int? {
    for name in ["next_sentence_label", "sentence_order_label"] {
      if let label = check.row[name]?.first, label != 0, label != 1 {
        check.fault("pair-label", name, "\(name) \(label), 0 or 1 expected")
      }
    }
    guard let types = check.row["token_type_ids"], types.count >= used else { return nil }
    let boundary = types.firstIndex { $0 != 0 } ?? used
    let bad =
      types[boundary..<max(used, boundary)].firstIndex { $0 != 1 }
      ?? types[used...].firstIndex { $0 != 0 }
    if let bad {
      check.fault(
        "token-types", "token_type_ids", at: bad, "token_type_ids are not 0…0 1…1, 0 at padding")
      return nil
    }
    let first = boundary - template.infix.count - template.prefix.count
    guard first > 0, used - boundary > template.suffix.count else {
      check.fault("empty-segment", "token_type_ids", "a segment of the pair is empty")
      return nil
    }
    return boundary
  }

  private func expect(
    _ check: inout RowCheck, _ tokens: [TokenID], at start: Int, _ ids: [Int64]
  ) {
    for (index, token) in tokens.enumerated() where ids[start + index] != Int64(token) {
      check.fault(
        "framing", "input_ids", at: start + index,
        "id \(ids[start + index]) where the framing token \(token) is expected")
      return
    }
  }
}
