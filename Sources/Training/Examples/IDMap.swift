// SPDX-License-Identifier: Apache-2.0

/// The ids that a model knows: those of the dataset, or in a check the most frequent of them, the
/// rest sharing a few.
public struct IDMap: Sendable {
  /// How many ids a check keeps, those that are shared included.
  public static let checkedSize = 8192
  /// How many ids the rest shares.
  private static let buckets = 256

  /// One more than the largest id of the model.
  public let size: Int
  /// The id of the model for each id of the dataset; nil where they are the same.
  public let table: [Int32]?

  /// All ids as they are.
  public init(vocabularySize: Int) {
    size = vocabularySize
    table = nil
  }

  /// The most frequent ids of some examples, ties in the order of ids; ids in `kept` stay in any
  /// case. The rest is spread over 256 by a hash.
  ///
  /// - Parameter labelsAreIDs: whether labels count too.
  public init(
    mostFrequentOf examples: [TrainingExample], labelsAreIDs: Bool = true, vocabularySize: Int,
    always kept: [Int32] = [], limit: Int = IDMap.checkedSize
  ) {
    guard vocabularySize > limit else {
      self = IDMap(vocabularySize: vocabularySize)
      return
    }
    var counts = [Int](repeating: 0, count: vocabularySize)
    func count(_ ids: [Int32]) {
      for id in ids where id >= 0 && Int(id) < vocabularySize { counts[Int(id)] += 1 }
    }
    for example in examples {
      count(example.inputs)
      if labelsAreIDs { count(example.labels) }
    }
    for id in kept where id >= 0 && Int(id) < vocabularySize { counts[Int(id)] = .max }
    let order = counts.indices.sorted {
      counts[$0] != counts[$1] ? counts[$0] > counts[$1] : $0 < $1
    }
    var table = [Int32](repeating: -1, count: vocabularySize)
    let buckets = min(Self.buckets, limit / 2)
    let own = limit - buckets
    for (rank, id) in order.prefix(own).enumerated() { table[id] = Int32(rank) }
    for id in table.indices where table[id] < 0 {
      // Multiplicative hashing (Knuth 1998, volume 3, 6.4).
      let hash = UInt32(truncatingIfNeeded: id) &* 2_654_435_769
      table[id] = Int32(own + Int(hash >> 16) % buckets)
    }
    self.table = table
    size = limit
  }

  /// The model's id for an id of the dataset; −100 stays.
  public subscript(_ id: Int32) -> Int32 {
    guard let table else { return id }
    return id >= 0 && Int(id) < table.count ? table[Int(id)] : id
  }
}
