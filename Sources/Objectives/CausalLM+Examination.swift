// SPDX-License-Identifier: Apache-2.0

extension CausalLM {
  var examination: Examination {
    var examination = Examination()
    examination.shiftsLabels = true
    if case .concatenate(let rule) = framing.method, rule.window > rule.stride {
      examination.serving = .overlapping(rule.window - rule.stride)
    }
    return examination
  }

  func restore(_ row: ExampleRow) -> [Int64]? {
    guard let ids = row["input_ids"] else { return nil }
    if let mask = row["attention_mask"] { return Array(ids.prefix(mask.count { $0 == 1 })) }
    if let segments = row["segment_ids"] { return Array(ids.prefix(segments.count { $0 > 0 })) }
    return ids
  }
}
