// SPDX-License-Identifier: Apache-2.0

/// Some columns of a schema, in an order of their own.
struct ColumnSelection: Sendable {
  /// The schema of what is selected.
  let schema: ArrowSchema
  /// For each column of the whole schema whether it is selected.
  let isSelected: [Bool]
  /// For each selected column its place among them in the order of the whole schema.
  private let places: [Int]

  /// Finds columns by their names.
  ///
  /// - Throws: `.invalidArgument` for a column that does not exist, a name that two columns share,
  ///   or one that is given twice.
  init(_ names: [String], of whole: ArrowSchema) throws(ArrowError) {
    var indices: [Int] = []
    for name in names {
      guard let index = whole.index(of: name) else {
        let known = whole.fields.map(\.name).joined(separator: ", ")
        throw ArrowError(.invalidArgument, "no single column “\(name)”; there are: \(known)")
      }
      guard !indices.contains(index) else {
        throw ArrowError(.invalidArgument, "the column “\(name)” is named twice")
      }
      indices.append(index)
    }
    schema = ArrowSchema(fields: indices.map { whole.fields[$0] }, metadata: whole.metadata)
    isSelected = whole.fields.indices.map(indices.contains)
    let stored = indices.sorted()
    places = indices.compactMap(stored.firstIndex(of:))
  }

  /// The batch of columns that were decoded in the order of the whole schema.
  func batch(rowCount: Int, _ columns: [ArrowArray]) -> RecordBatch {
    RecordBatch(schema: schema, rowCount: rowCount, columns: places.map { columns[$0] })
  }
}
