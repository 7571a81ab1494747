// SPDX-License-Identifier: Apache-2.0

/// One row of an example dataset, as it is read back for checking.
public struct ExampleRow: Sendable {
  private var names: [String] = []
  private var columns: [[Int64]] = []
  private var realNames: [String] = []
  private var realColumns: [[Float]] = []
  /// How many stretches of documents the row is made from, if that is known.
  public var stretchCount: Int?

  /// A row without columns.
  public init() {}

  /// The values of a column, or nil if the row does not have it. A scalar is one value.
  public subscript(name: String) -> [Int64]? {
    get { names.firstIndex(of: name).map { columns[$0] } }
    set {
      if let index = names.firstIndex(of: name) {
        if let newValue {
          columns[index] = newValue
        } else {
          names.remove(at: index)
          columns.remove(at: index)
        }
      } else if let newValue {
        names.append(name)
        columns.append(newValue)
      }
    }
  }

  /// The values of a column of real numbers, or nil if the row does not have it.
  public subscript(reals name: String) -> [Float]? {
    get { realNames.firstIndex(of: name).map { realColumns[$0] } }
    set {
      if let index = realNames.firstIndex(of: name) {
        realNames.remove(at: index)
        realColumns.remove(at: index)
      }
      guard let newValue else { return }
      realNames.append(name)
      realColumns.append(newValue)
    }
  }
}

/// Something wrong with a row.
public struct Fault: Sendable, Hashable, CustomStringConvertible {
  /// The rule that is broken: a stable name, so that equal faults can be counted.
  public let rule: String
  /// The column.
  public let column: String
  /// The first position that shows it, if it has one.
  public let position: Int?
  /// What is wrong.
  public let message: String

  init(_ rule: String, _ column: String, at position: Int? = nil, _ message: String) {
    self.rule = rule
    self.column = column
    self.position = position
    self.message = message
  }

  /// What is wrong, and where.
  public var description: String {
    position.map { "\(message) at position \($0)" } ?? message
  }
}

/// The checks that every objective shares.
struct RowCheck {
  let row: ExampleRow
  var faults: [Fault] = []

  init(_ row: ExampleRow) {
    self.row = row
  }

  mutating func fault(
    _ rule: String, _ column: String, at position: Int? = nil, _ message: String
  ) {
    faults.append(Fault(rule, column, at: position, message))
  }

  /// Checks presence and lengths of all columns.
  mutating func checkShapes(_ columns: [Column]) {
    for column in columns {
      let found =
        column.element == .float32 ? row[reals: column.name]?.count : row[column.name]?.count
      guard let found else {
        fault("missing-column", column.name, "no column \(column.name)")
        continue
      }
      let expected: Int? =
        switch column.shape {
        case .scalar: 1
        case .fixed(let count): count
        case .list: nil
        }
      if let expected, found != expected {
        fault(
          "length", column.name,
          "\(found) values in \(column.name), \(expected) expected")
      }
    }
  }

  /// Checks that ids are below the vocabulary's size.
  mutating func checkIDs(_ column: String, below size: Int) {
    guard let values = row[column] else { return }
    if let position = values.firstIndex(where: { $0 < 0 || $0 >= size }) {
      fault(
        "id-range", column, at: position,
        "id \(values[position]) in \(column) outside the vocabulary of \(size)")
    }
  }

  /// The number of leading 1s of a mask, which must be all of them; nil if the row has no mask of
  /// the length of its ids.
  mutating func checkPrefixMask(_ column: String, padID: TokenID) -> Int? {
    guard let mask = row[column], let ids = row["input_ids"], ids.count == mask.count else {
      return nil
    }
    let ones = mask.firstIndex(of: 0) ?? mask.count
    if let position = mask[ones...].firstIndex(where: { $0 != 0 }) {
      fault("mask-shape", column, at: position, "\(column) is not 1s followed by 0s")
    }
    if let position = ids[ones...].firstIndex(where: { $0 != Int64(padID) }) {
      fault(
        "padding", "input_ids", at: position,
        "id \(ids[position]) where \(column) says padding (\(padID))")
    }
    return ones
  }
}
