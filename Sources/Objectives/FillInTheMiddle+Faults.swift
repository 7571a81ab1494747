// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension FillInTheMiddle {
  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    check.checkShapes(columns)
    check.checkIDs("input_ids", below: vocabulary.size)
    guard let ids = row["input_ids"] else { return check.faults }
    if padding == .none, ids.isEmpty || ids.count > width {
      check.fault("length", "input_ids", "\(ids.count) ids, 1...\(width) expected")
    }
    var end = ids.count
    if attention != nil { end = check.checkPrefixMask("attention_mask", padID: padID) ?? end }
    if end == 0 { check.fault("empty-row", "input_ids", "a row of nothing but padding") }
    checkSentinels(&check, ids[..<end])
    if let labels = row["labels"], self.labels != nil, labels.count == ids.count {
      for index in ids.indices {
        let expected = index < end ? ids[index] : Int64(Column.ignoredLabel)
        if labels[index] != expected {
          check.fault(
            "label", "labels", at: index, "label \(labels[index]) where \(expected) is expected")
          break
        }
      }
    }
    return check.faults
  }

  private enum Place: String {
    case outside = "outside a rearranged text"
    case prefix = "in a prefix"
    case suffix = "in a suffix"
    case middle = "in a middle"
  }

  /// Prefix, suffix and middle sentinel follow each other, and an end token follows the middle. A
  /// window of whole documents may begin and end anywhere.
  private func checkSentinels(_ check: inout RowCheck, _ ids: ArraySlice<Int64>) {
    var place: Place? = level == .context ? .outside : nil
    for index in ids.indices {
      let next: (after: Place, to: Place, name: String)
      switch ids[index] {
      case Int64(prefixID): next = (.outside, .prefix, "prefix sentinel")
      case Int64(suffixID): next = (.prefix, .suffix, "suffix sentinel")
      case Int64(middleID): next = (.suffix, .middle, "middle sentinel")
      case Int64(endID):
        if place == .prefix || place == .suffix {
          check.fault(
            "sentinel-order", "input_ids", at: index,
            "an end token \(place?.rawValue ?? ""), before its middle")
          return
        }
        place = .outside
        continue
      default: continue
      }
      if rate.threshold == 0 {
        check.fault(
          "sentinel", "input_ids", at: index, "a \(next.name) although rate is 0")
        return
      }
      if let place, place != next.after {
        check.fault(
          "sentinel-order", "input_ids", at: index, "a \(next.name) \(place.rawValue)")
        return
      }
      place = next.to
    }
    if level == .context, let place, place != .outside {
      check.fault(
        "cut-fragment", "input_ids", at: ids.endIndex - 1,
        "the row ends \(place.rawValue), without an end token")
    }
  }
}
