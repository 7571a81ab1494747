// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension ReplacedTokens {
  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    check.checkShapes(columns)
    check.checkIDs("input_ids", below: vocabulary.size)
    if originals != nil { check.checkIDs("original_ids", below: vocabulary.size) }
    guard let ids = row["input_ids"] else { return check.faults }
    if padding == .none, ids.count > length {
      check.fault("length", "input_ids", "\(ids.count) ids, at most \(length) expected")
    }
    var used = ids.count
    if attention != nil {
      used = check.checkPrefixMask("attention_mask", padID: padID) ?? used
    }
    guard used > template.prefix.count + template.suffix.count else {
      check.fault("empty-row", "input_ids", "no text between the framing tokens")
      return check.faults
    }
    let content = template.prefix.count..<(used - template.suffix.count)
    checkFraming(&check, ids: ids, used: used)
    guard let labels = row["labels"], labels.count == ids.count else { return check.faults }
    var original = row["original_ids"]
    if original?.count != ids.count { original = nil }
    switch form {
    case .discriminator: checkDetection(&check, ids, labels, original, content, used: used)
    case .generatorInputs: checkMasking(&check, ids, labels, original, content, used: used)
    }
    return check.faults
  }

  private func checkFraming(_ check: inout RowCheck, ids: [Int64], used: Int) {
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
  }

  private func isSpecial(_ id: Int64) -> Bool {
    TokenID(exactly: id).map { vocabulary.isSpecial($0) } ?? false
  }

  private func checkDetection(
    _ check: inout RowCheck, _ ids: [Int64], _ labels: [Int64], _ original: [Int64]?,
    _ content: Range<Int>, used: Int
  ) {
    var reported: Set<String> = []
    func report(_ rule: String, _ column: String, _ position: Int, _ message: String) {
      if reported.insert(rule).inserted { check.fault(rule, column, at: position, message) }
    }
    var replaced = 0
    let candidates = content.count { !isSpecial(ids[$0]) }
    for position in ids.indices {
      let label = labels[position]
      guard label == 0 || label == 1 else {
        report("label-range", "labels", position, "label \(label), 0 or 1 expected")
        continue
      }
      guard content.contains(position) else {
        if label == 1 {
          let what = position < used ? "a special token" : "padding"
          report("label-on-special", "labels", position, "label 1 on \(what)")
        }
        if let original, original[position] != ids[position] {
          report(
            "original", "original_ids", position,
            "original \(original[position]) where \(ids[position]) is expected")
        }
        continue
      }
      replaced += Int(label)
      if label == 1, isSpecial(ids[position]) {
        report(
          "special-replacement", "input_ids", position,
          "the special token \(ids[position]) as a replacement")
      }
      guard let original else { continue }
      if (original[position] != ids[position]) != (label == 1) {
        report(
          "replacement-label", "labels", position,
          "label \(label) where input \(ids[position]) and original \(original[position])"
            + " say \(1 - label)")
      } else if label == 1, isSpecial(original[position]) {
        report("label-on-special", "labels", position, "label 1 on a special token")
      }
    }
    let most = budget(candidates: candidates, used: used)
    if replaced > most {
      check.fault(
        "replacement-count", "labels",
        "\(replaced) replaced where at most \(most) (\(rate) of \(candidates)) expected")
    }
  }

  private func checkMasking(
    _ check: inout RowCheck, _ ids: [Int64], _ labels: [Int64], _ original: [Int64]?,
    _ content: Range<Int>, used: Int
  ) {
    var reported: Set<String> = []
    func report(_ rule: String, _ column: String, _ position: Int, _ message: String) {
      if reported.insert(rule).inserted { check.fault(rule, column, at: position, message) }
    }
    var selected = 0
    var candidates = 0
    for position in ids.indices {
      let label = labels[position]
      let isLabelled = label != Int64(Column.ignoredLabel)
      guard content.contains(position) else {
        if isLabelled {
          let what = position < used ? "a special token" : "padding"
          report("label-on-special", "labels", position, "labels on \(what)")
        }
        if let original, original[position] != ids[position] {
          report(
            "original", "original_ids", position,
            "original \(original[position]) where \(ids[position]) is expected")
        }
        continue
      }
      let source = isLabelled ? label : ids[position]
      if isLabelled, label < 0 || label >= vocabulary.size {
        report("label-range", "labels", position, "label \(label) outside the vocabulary")
        continue
      }
      if !isSpecial(source) { candidates += 1 }
      if isLabelled {
        selected += 1
        if isSpecial(label) {
          report("label-on-special", "labels", position, "labels on a special token")
        }
        let isMasked = ids[position] == Int64(maskID)
        if !isMasked, ids[position] != label || maskThreshold.threshold == 1 << 53 {
          report(
            "unmasked-label", "input_ids", position,
            "id \(ids[position]) at a label where the mask token \(maskID) is expected")
        }
      } else if ids[position] == Int64(maskID) {
        report("mask-without-label", "input_ids", position, "a mask token without a label")
      }
      if let original, original[position] != source {
        report(
          "original", "original_ids", position,
          "original \(original[position]) where \(source) is expected")
      }
    }
    let most = budget(candidates: candidates, used: used)
    let least = positions == .repeated ? min(1, most) : most
    if selected > most || selected < least {
      check.fault(
        "mask-count", "labels",
        "\(selected) selected where \(least == most ? "" : "1 to ")\(most) (\(rate) of"
          + " \(rateBase == .all ? used : candidates)) expected")
    }
  }
}
