// SPDX-License-Identifier: Apache-2.0

/// The row with which each batch of a file begins, and the number of all rows.
///
/// A footer lists where batches lie and not how long they are. Files written here say it in the
/// footer's custom metadata, so that any row is found without a look at the batches.
public struct RowOffsets: Sendable, Hashable {
  /// The key of the footer's metadata: numbers in decimal, separated by commas, from 0 on.
  public static let key = "row_offsets"

  /// One number more than there are batches; never decreasing.
  public let values: [Int]

  /// The rows of the file.
  public var rowCount: Int { values[values.count - 1] }

  /// Adds up the rows of batches.
  public init(batchRows: some Sequence<Int>) {
    values = batchRows.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
  }

  /// Reads the form of the metadata.
  ///
  /// - Throws: `.malformed` when it is not that form or not for so many batches.
  init(_ text: String, batchCount: Int) throws(ArrowError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, numbers.count == batchCount + 1, numbers.first == 0,
      zip(numbers, numbers.dropFirst()).allSatisfy({ $0 <= $1 })
    else { throw ArrowError(.malformed, "row offsets in the footer that do not fit its batches") }
    values = numbers
  }

  /// The form of the metadata.
  var entry: ArrowKeyValue {
    ArrowKeyValue(Self.key, values.map(String.init).joined(separator: ","))
  }

  /// The rows of a batch.
  public func rows(ofBatch index: Int) -> Range<Int> { values[index]..<values[index + 1] }

  /// The batch that holds a row; nil when there is no such row.
  public func batch(ofRow row: Int) -> Int? {
    guard row >= 0, row < rowCount else { return nil }
    var low = 0
    var high = values.count - 1
    // The first batch that ends behind the row.
    while low < high {
      let middle = (low + high) / 2
      if values[middle + 1] <= row { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
