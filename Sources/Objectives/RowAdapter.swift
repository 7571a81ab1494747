// SPDX-License-Identifier: Apache-2.0

/// How a member of a mixture writes into the columns of the mixture: where its columns are, what
/// stands before its input, and what fills columns that it does not have.
struct RowAdapter: Sendable {
  /// What a column has where the lead stands.
  enum Lead: Sendable {
    /// Nothing: the column does not run along the input.
    case none
    case tokens
    case ones
    case zeros
    /// −100.
    case ignored
    /// It is added to a number of tokens.
    case counted
  }

  /// For each column of the member its index in the mixture, and what the lead is in it.
  let places: [(column: Int, lead: Lead)]
  /// What stands before the input.
  let lead: [TokenID]
  /// What is added to the member's own task.
  let firstTask: UInt8
  /// The member's own `task`, among its columns.
  let task: Int?

  /// The column of the mixture, and how many values the lead has in it.
  func place(_ column: Int) -> (column: Int, lead: Int) {
    let place = places[column]
    switch place.lead {
    case .none, .counted: return (place.column, 0)
    case .tokens, .ones, .zeros, .ignored: return (place.column, lead.count)
    }
  }

  func fill(_ column: Int, _ row: UnsafeMutableBufferPointer<UInt8>) {
    if case .ones = places[column].lead { row.update(repeating: 1) }
  }

  func fill(_ column: Int, _ row: UnsafeMutableBufferPointer<Int32>) {
    if case .ignored = places[column].lead { row.update(repeating: Column.ignoredLabel) }
  }

  /// Whether the column counts tokens of the input.
  func counts(_ column: Int) -> Bool {
    if case .counted = places[column].lead { true } else { false }
  }
}
