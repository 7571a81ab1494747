// SPDX-License-Identifier: Apache-2.0

/// Whole sentences across documents, as many as fit: RoBERTa's FULL-SENTENCES (Liu et al. 2019,
/// arXiv 1907.11692 §4.2), with a separator where a document ends inside a row.
///
/// A sentence longer than a row is cut into windows and counted; its remainder is packed with the
/// sentences after it. Every token is in exactly one frame.
public struct FullSentencePacking: Sendable, Hashable {
  /// The most tokens in a frame, separators included, framing tokens not counted.
  public let maximum: Int
  /// What stands between two documents of a row.
  public let separator: TokenID?

  func plan(
    _ unit: TokenizedUnit, order: [UInt32], report: inout FramingReport
  ) throws(ObjectiveError) -> RowPlan {
    let sentences = try unit.requireSentenceStarts()
    var plan = RowPlan(separator: separator)
    var pending: Stretch?
    var used = 0
    func flush(separated: Bool) {
      if let stretch = pending { plan.append(stretch, separated: separated) }
      pending = nil
    }
    for document in order {
      let index = Int(document)
      let length = unit.documentOffsets[index + 1] - unit.documentOffsets[index]
      guard length > 0 else {
        report.drop(.emptyDocument, tokens: 0)
        continue
      }
      let range = sentences.offsets[index]..<sentences.offsets[index + 1]
      var isFirst = true
      for sentence in range {
        var start = Int(sentences.starts[sentence])
        let end = sentence + 1 < range.upperBound ? Int(sentences.starts[sentence + 1]) : length
        let separators = isFirst && pending != nil && separator != nil ? 1 : 0
        if used + separators + end - start > maximum {
          flush(separated: false)
          plan.closeRow()
          used = 0
        } else if isFirst {
          used += separators
          flush(separated: separator != nil)
        }
        isFirst = false
        if end - start > maximum { report.note(.cutSentences) }
        while end - start > maximum {
          plan.append(
            Stretch(document: document, offset: start, length: maximum), separated: false)
          plan.closeRow()
          start += maximum
        }
        if pending == nil { pending = Stretch(document: document, offset: start, length: 0) }
        pending?.length += UInt32(truncatingIfNeeded: end - start)
        used += end - start
      }
    }
    flush(separated: false)
    plan.closeRow()
    return plan
  }
}
