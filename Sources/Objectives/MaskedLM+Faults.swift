// SPDX-License-Identifier: Apache-2.0

extension MaskedLM {
  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    check.checkShapes(columns)
    check.checkIDs("input_ids", below: vocabulary.size)
    guard let ids = row["input_ids"] else { return check.faults }
    if padding == .none, ids.count > length {
      check.fault("length", "input_ids", "\(ids.count) ids, at most \(length) expected")
    }
    var used = ids.count
    if attention != nil {
      used = check.checkPrefixMask("attention_mask", padID: padID) ?? used
    }
    let added = template.prefix.count + template.suffix.count
    guard used > added else {
      check.fault("empty-row", "input_ids", "no text between the framing tokens")
      return check.faults
    }
    let boundary = tokenTypes == nil ? nil : checkTypes(&check, used: used)
    checkFraming(&check, ids: ids, used: used, boundary: boundary)
    if let labels = row["labels"], labels.count == ids.count {
      checkLabels(&check, ids: ids, labels: labels, used: used, boundary: boundary)
    }
    return check.faults
  }

  /// Checks 0…0 1…1 and the label of the pair; returns where the second segment starts.
  private func checkTypes(_ check: inout RowCheck, used: Int) -> Int? {
    if let label = check.row["next_sentence_label"]?.first, label != 0, label != 1 {
      check.fault(
        "pair-label", "next_sentence_label", "next_sentence_label \(label), 0 or 1 expected")
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

  private func checkFraming(
    _ check: inout RowCheck, ids: [Int64], used: Int, boundary: Int?
  ) {
    func expect(_ tokens: [TokenID], at start: Int) {
      for (index, token) in tokens.enumerated() where ids[start + index] != Int64(token) {
        check.fault(
          "framing", "input_ids", at: start + index,
          "id \(ids[start + index]) where the framing token \(token) is expected")
        return
      }
    }
    expect(template.prefix, at: 0)
    expect(template.suffix, at: used - template.suffix.count)
    if let boundary { expect(template.infix, at: boundary - template.infix.count) }
  }

  private func checkLabels(
    _ check: inout RowCheck, ids: [Int64], labels: [Int64], used: Int, boundary: Int?
  ) {
    let content = template.prefix.count..<(used - template.suffix.count)
    let infix = boundary.map { ($0 - template.infix.count)..<$0 } ?? 0..<0
    var candidates = 0
    var selected = 0
    var reported: Set<String> = []
    func report(_ rule: String, _ column: String, _ position: Int, _ message: String) {
      if reported.insert(rule).inserted {
        check.fault(rule, column, at: position, message)
      }
    }
    for position in labels.indices {
      let label = labels[position]
      let isLabelled = label != Int64(Column.ignoredLabel)
      guard content.contains(position), !infix.contains(position) else {
        if isLabelled {
          let what = position < used ? "a special token" : "padding"
          report("label-on-special", "labels", position, "labels on \(what)")
        }
        continue
      }
      let original = isLabelled ? label : ids[position]
      guard original >= 0, original < vocabulary.size else {
        if isLabelled {
          report("label-range", "labels", position, "label \(label) outside the vocabulary")
        }
        continue
      }
      let isSpecial = vocabulary.isSpecial(TokenID(truncatingIfNeeded: original))
      if !isSpecial { candidates += 1 }
      if isLabelled {
        selected += 1
        if isSpecial { report("label-on-special", "labels", position, "labels on a special token") }
        let input = TokenID(truncatingIfNeeded: ids[position])
        if replacements == .ordinary, input != maskID, vocabulary.isSpecial(input) {
          report(
            "special-replacement", "input_ids", position,
            "the special token \(input) as a random replacement")
        }
      } else if ids[position] == Int64(maskID) {
        report("mask-without-label", "input_ids", position, "a mask token without a label")
      }
    }
    checkCount(&check, selected: selected, candidates: candidates, used: used)
  }

  private func checkCount(
    _ check: inout RowCheck, selected: Int, candidates: Int, used: Int
  ) {
    guard count != .bernoulli else { return }
    let base = rateBase == .all ? used : candidates
    let least = budget(candidates: candidates, used: used, draw: 0)
    let most = count == .stochastic ? min(candidates, least + 1) : least
    // Whole words may leave some of the budget over, never exceed it.
    if selected > most || (selected < least && !wholeWord) {
      let formula =
        count == .stochastic
        ? "\(least) or \(least + 1) (floor(\(rate) × \(base) + U))"
        : "round(\(rate) × \(base)) = \(least)"
      check.fault(
        "mask-count", "labels",
        "\(selected) masked where \(wholeWord ? "at most " : "")\(formula) expected")
    }
  }
}
