// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets

/// Where the rows of a batch say they came from.
struct ProvenanceColumns {
  /// A stretch of a document.
  struct Stretch {
    /// The bytes of the document's id.
    let id: ArraySlice<UInt8>
    let offset: Int
    let length: Int

    /// The document's id.
    var name: String { String(decoding: id, as: UTF8.self) }
  }

  private let lists: [ArrowArray]
  private let offsets: [UInt32]
  private let counts: [UInt32]

  /// nil if the batch lacks one of the columns.
  init?(_ batch: RecordBatch) {
    let lists = ExampleColumns.provenanceNames.compactMap { batch[$0] }
    guard lists.count == 3, lists.allSatisfy({ $0.children.count == 1 }),
      let offsets = try? lists[1].children[0].integers(as: UInt32.self),
      let counts = try? lists[2].children[0].integers(as: UInt32.self)
    else { return nil }
    self.lists = lists
    self.offsets = offsets
    self.counts = counts
  }

  /// How many entries the lists of a row have.
  func lengths(_ row: Int) -> [Int] { lists.map { $0.range(at: row)?.count ?? 0 } }

  /// The stretches of a row; nil if the lists do not fit together or are empty.
  func stretches(_ row: Int) -> [Stretch]? {
    let ranges = lists.compactMap { $0.range(at: row) }
    guard ranges.count == 3, !ranges[0].isEmpty, ranges[1].count == ranges[0].count,
      ranges[2].count == ranges[0].count, ranges[1].upperBound <= offsets.count,
      ranges[2].upperBound <= counts.count
    else { return nil }
    var stretches: [Stretch] = []
    for index in 0..<ranges[0].count {
      guard let id = lists[0].children[0].bytes(at: ranges[0].lowerBound + index) else {
        return nil
      }
      stretches.append(
        Stretch(
          id: id, offset: Int(offsets[ranges[1].lowerBound + index]),
          length: Int(counts[ranges[2].lowerBound + index])))
    }
    return stretches
  }
}
