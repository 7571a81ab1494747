// SPDX-License-Identifier: Apache-2.0

/// Rows of examples, column by column.
public struct ExampleBatch: Sendable {
  /// How many rows.
  public let rowCount: Int
  /// One buffer a column, in the objective's order.
  public let buffers: [ColumnBuffer]
  /// What was counted while the rows were built.
  public let tally: Tally
}

/// Where objectives write their examples: one for each worker, reused from batch to batch.
///
/// An objective appends exactly one row to every column and then calls ``endRow()``. Rows are
/// appended in bulk: a column hands out the memory of the row, the objective fills it.
public struct ExampleBuilder: ~Copyable {
  /// How many rows were built since the last batch was taken.
  public private(set) var rowCount = 0
  var tally = Tally()
  let scratch = Scratch()
  /// How the columns of a member of a mixture become those of the mixture.
  var adapter: RowAdapter?
  private var buffers: [ColumnBuffer]
  private let columns: [Column]

  /// A builder of rows with these columns.
  public init(columns: [Column]) {
    self.columns = columns
    buffers = columns.map { ColumnBuffer($0) }
  }

  /// The number of values in the longest column: what a batch is closed by.
  public var longestColumnCount: Int {
    buffers.lazy.map(\.count).max() ?? 0
  }

  /// The rows built so far; the builder starts anew, with room for as many.
  public mutating func takeBatch() -> ExampleBatch {
    let batch = ExampleBatch(rowCount: rowCount, buffers: buffers, tally: tally)
    buffers = zip(columns, batch.buffers).map { ColumnBuffer($0, capacity: $1.count) }
    rowCount = 0
    tally = Tally()
    return batch
  }

  /// Appends a row of token ids, all 0 until filled.
  mutating func tokenIDs(
    _ column: Int, count: Int, _ fill: (UnsafeMutableBufferPointer<TokenID>) -> Void
  ) {
    guard let adapter else {
      buffers[column].appendTokenIDs(count: count, fill)
      return
    }
    let place = adapter.place(column)
    buffers[place.column].appendTokenIDs(count: count + place.lead) { row in
      if place.lead > 0 { _ = row.update(fromContentsOf: adapter.lead) }
      fill(UnsafeMutableBufferPointer(rebasing: row[place.lead...]))
    }
  }

  /// The ids of the row that was appended to a column last.
  func lastTokenIDs(_ column: Int, count: Int) -> ArraySlice<TokenID> {
    buffers[adapter?.place(column).column ?? column].lastTokenIDs(count)
  }

  /// Appends a row of bytes, all 0 until filled.
  mutating func bytes(
    _ column: Int, count: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Void
  ) {
    guard let adapter else {
      buffers[column].appendBytes(count: count, fill)
      return
    }
    let place = adapter.place(column)
    buffers[place.column].appendBytes(count: count + place.lead) { row in
      adapter.fill(column, UnsafeMutableBufferPointer(rebasing: row[0..<place.lead]))
      let own = UnsafeMutableBufferPointer(rebasing: row[place.lead...])
      fill(own)
      if adapter.task == column, count == 1 { own[0] &+= adapter.firstTask }
    }
  }

  /// Appends a row of numbers, all 0 until filled.
  mutating func integers(
    _ column: Int, count: Int, _ fill: (UnsafeMutableBufferPointer<Int32>) -> Void
  ) {
    guard let adapter else {
      buffers[column].appendIntegers(count: count, fill)
      return
    }
    let place = adapter.place(column)
    buffers[place.column].appendIntegers(count: count + place.lead) { row in
      adapter.fill(column, UnsafeMutableBufferPointer(rebasing: row[0..<place.lead]))
      let own = UnsafeMutableBufferPointer(rebasing: row[place.lead...])
      fill(own)
      if adapter.counts(column), count == 1 {
        own[0] &+= Int32(truncatingIfNeeded: adapter.lead.count)
      }
    }
  }

  /// Appends a row of 1s for `ones` positions, then 0s.
  mutating func mask(_ column: Int, ones: Int, count: Int) {
    bytes(column, count: count) { $0[0..<ones].update(repeating: 1) }
  }

  /// Appends one value to a scalar column.
  mutating func byte(_ column: Int, _ value: UInt8) {
    bytes(column, count: 1) { $0[0] = value }
  }

  /// Appends one real number to a scalar column.
  mutating func real(_ column: Int, _ value: Float) {
    buffers[adapter?.place(column).column ?? column].appendReals(count: 1) { $0[0] = value }
  }

  /// Ends the row.
  mutating func endRow() {
    rowCount &+= 1
  }
}
