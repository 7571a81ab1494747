// SPDX-License-Identifier: Apache-2.0

/// Some rows of a table: one array per column of the schema, all of the same length.
public struct RecordBatch: Sendable, Hashable {
  /// The columns' names and types.
  public let schema: ArrowSchema
  /// The number of rows.
  public let rowCount: Int
  /// One array per field of the schema.
  public let columns: [ArrowArray]

  /// Makes a batch. The encoder validates it; `validate()` does so on request.
  public init(schema: ArrowSchema, rowCount: Int, columns: [ArrowArray]) {
    self.schema = schema
    self.rowCount = rowCount
    self.columns = columns
  }

  /// The only column with this name, or nil.
  public subscript(_ name: String) -> ArrowArray? {
    guard let index = schema.index(of: name), index < columns.count else { return nil }
    return columns[index]
  }

  /// Checks the columns against the schema and every array in itself.
  ///
  /// - Throws: `.invalidArgument` with the column in question.
  public func validate() throws(ArrowError) {
    guard columns.count == schema.fields.count else {
      throw ArrowError(
        .invalidArgument, "\(columns.count) columns for \(schema.fields.count) fields")
    }
    for (field, column) in zip(schema.fields, columns) {
      guard column.length == rowCount else {
        throw ArrowError(
          .invalidArgument, "\(column.length) slots in a batch of \(rowCount) rows",
          column: field.name)
      }
      try column.validate(as: field, path: field.name)
    }
  }
}
