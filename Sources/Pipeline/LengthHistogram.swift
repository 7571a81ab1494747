// SPDX-License-Identifier: Apache-2.0

/// How long things are: a count for each length, shown in a few bins.
public struct LengthHistogram: Sendable, Hashable {
  /// A range of lengths and how many things have one of them.
  public struct Bin: Sendable, Hashable {
    /// The lengths.
    public let lengths: ClosedRange<Int>
    /// How many.
    public let count: Int
  }

  /// What is counted.
  public let name: String
  private var counts: [Int: Int] = [:]

  init(name: String) { self.name = name }

  mutating func add(_ length: Int) { counts[length, default: 0] += 1 }

  /// How many things were counted.
  public var total: Int { counts.values.reduce(0, +) }
  /// The smallest length; 0 where nothing was counted.
  public var shortest: Int { counts.keys.min() ?? 0 }
  /// The greatest length.
  public var longest: Int { counts.keys.max() ?? 0 }
  /// The sum of all lengths over their number.
  public var mean: Double {
    total == 0 ? 0 : Double(counts.reduce(0) { $0 + $1.key * $1.value }) / Double(total)
  }
  /// The length that half of the things do not exceed.
  public var median: Int {
    var left = (total + 1) / 2
    for length in counts.keys.sorted() {
      left -= counts[length] ?? 0
      if left <= 0 { return length }
    }
    return 0
  }

  /// Bins from the shortest to the longest: of equal width, or where the lengths spread over more
  /// than a factor of 64, each twice as wide as the one before.
  public func bins(atMost most: Int = 32) -> [Bin] {
    guard total > 0 else { return [] }
    var starts: [Int] = []
    if longest / max(1, shortest) > 64 {
      var start = 1
      while start <= longest {
        if start * 2 > shortest { starts.append(start) }
        start *= 2
      }
      if shortest < starts[0] { starts.insert(shortest, at: 0) }
    } else {
      let width = (longest - shortest) / most + 1
      starts = Array(stride(from: shortest, through: longest, by: width))
    }
    var filled = [Int](repeating: 0, count: starts.count)
    for (length, count) in counts {
      filled[(starts.lastIndex { $0 <= length } ?? 0)] += count
    }
    return starts.indices.map { index in
      let end = index + 1 < starts.count ? starts[index + 1] - 1 : max(longest, starts[index])
      return Bin(lengths: starts[index]...end, count: filled[index])
    }
  }
}
