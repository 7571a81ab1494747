// SPDX-License-Identifier: Apache-2.0

/// Rows of one stretch or several, each with a separator behind it or not, as plans keep them.
struct RowPlan: Sendable {
  private let separator: TokenID?
  private var stretches: [Stretch] = []
  private var isSeparated: [Bool] = []
  private var rowStarts = [0]

  init(separator: TokenID?) {
    self.separator = separator
  }

  /// How many rows are closed.
  var count: Int { rowStarts.count - 1 }

  /// Whether nothing was appended since the last row was closed.
  var isRowEmpty: Bool { rowStarts[rowStarts.count - 1] == stretches.count }

  mutating func append(_ stretch: Stretch, separated: Bool) {
    stretches.append(stretch)
    isSeparated.append(separated)
  }

  mutating func closeRow() {
    if !isRowEmpty { rowStarts.append(stretches.count) }
  }

  func load(_ index: Int, of unit: TokenizedUnit, into frame: inout Frame, words: Bool) {
    for item in rowStarts[index]..<rowStarts[index + 1] {
      frame.append(unit, stretches[item], words: words)
      if isSeparated[item], let separator {
        frame.tokens.append(separator)
        if words, unit.wordStarts != nil { frame.wordStarts.append(true) }
      }
    }
  }
}
