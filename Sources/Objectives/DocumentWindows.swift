// SPDX-License-Identifier: Apache-2.0

/// One document a row, or as many windows of it as it needs.
///
/// Every token is in exactly one frame. If there is a separator it follows the last token of the
/// document; a document that fills its last window goes without.
public struct DocumentWindows: Sendable, Hashable {
  /// The most tokens in a frame, framing tokens not counted.
  public let maximum: Int
  /// What follows the document.
  public let separator: TokenID?

  func plan(_ unit: TokenizedUnit, order: [UInt32], report: inout FramingReport) -> RowPlan {
    var plan = RowPlan(separator: separator)
    for document in order {
      unit.forEachWindow(of: document, maximum: maximum, report: &report) { stretch, endsDocument in
        plan.append(
          stretch,
          separated: separator != nil && endsDocument && Int(stretch.length) < maximum)
        plan.closeRow()
      }
    }
    return plan
  }
}

extension TokenizedUnit {
  /// Cuts a document into windows, the last one shorter; an empty one is counted.
  ///
  /// - Parameter body: Called with each window and whether it ends the document.
  func forEachWindow(
    of document: UInt32, maximum: Int, report: inout FramingReport,
    _ body: (_ stretch: Stretch, _ endsDocument: Bool) -> Void
  ) {
    let length = documentOffsets[Int(document) + 1] - documentOffsets[Int(document)]
    guard length > 0 else {
      report.drop(.emptyDocument, tokens: 0)
      return
    }
    var offset = 0
    while offset < length {
      let count = min(maximum, length - offset)
      body(
        Stretch(document: document, offset: offset, length: count), offset + count == length)
      offset += count
    }
  }
}
