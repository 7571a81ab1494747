// SPDX-License-Identifier: Apache-2.0

/// What was drawn for a token, where words are masked whole.
public enum WordFate: Sendable, Hashable {
  /// It was not selected.
  case shown
  /// It was selected, and where the draw is one for the whole word, what became of it.
  case masked, replaced, kept
}

extension Objective {
  /// Masks no words whole.
  public func wordFates(in row: ExampleRow) -> [WordFate?]? { nil }
}

extension Masking {
  /// What was drawn for the tokens of a row.
  func wordFates(_ row: ExampleRow, _ content: RowContent) -> [WordFate?]? {
    guard unit == .wholeWord || unit == .ngram, let ids = row["input_ids"],
      let labels = row["labels"], labels.count == ids.count
    else { return nil }
    let ignored = Int64(Column.ignoredLabel)
    // A random id of the whole vocabulary may be the mask or the original.
    let showsDraw = draw == .unit && replacements == .ordinary
    var fates: [WordFate?] = []
    for segment in content.segments {
      for (index, position) in segment.enumerated() {
        let label = labels[position]
        let original = label == ignored ? ids[position] : label
        let isSpecial = TokenID(exactly: original).map { vocabulary.isSpecial($0) } ?? true
        if isSpecial || index == 0 && candidates.skipsFirst {
          fates.append(nil)
        } else if label == ignored {
          fates.append(.shown)
        } else if !showsDraw || ids[position] == Int64(maskID) {
          fates.append(.masked)
        } else {
          fates.append(ids[position] == label ? .kept : .replaced)
        }
      }
    }
    return fates
  }
}
