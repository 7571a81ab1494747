// SPDX-License-Identifier: Apache-2.0

/// Whether what the labels ask for stands in the row's own input.
///
/// Text repeats itself: of the input's own stretches of four tokens some occur twice in it, and of
/// the labels' own some in them. Both are drawn from the same text, so about as many of the labels'
/// may occur in the input, and more is a leak.
struct LabelLeak: Sendable {
  /// The length of a stretch.
  static let gram = 4
  /// One row in so many is looked at.
  static let stride = 8
  /// How much larger the share may be than expected: a text takes up what it has just said, so that
  /// labels that follow the input repeat more of it than it repeats of itself.
  static let tolerance = 0.02
  /// How much larger in proportion to what is expected.
  static let relativeTolerance = 1.2

  private(set) var grams = 0
  private(set) var present = 0
  private var expected = 0.0
  private var squares = 0.0
  private var rows = 0

  /// Looks at a row, given as stretches of ordinary tokens.
  mutating func add(input: [ArraySlice<Int64>], labels: [ArraySlice<Int64>]) {
    var hashes = Self.hashes(input)
    var asked = Self.hashes(labels)
    guard !asked.isEmpty, !hashes.isEmpty else { return }
    hashes.sort()
    asked.sort()
    let repeated = max(Self.repeatedShare(hashes), Self.repeatedShare(asked))
    let found = asked.count { hash in
      let index = hashes.partition(startingAt: hash)
      return index < hashes.count && hashes[index] == hash
    }
    let share = repeated * Double(asked.count)
    grams += asked.count
    present += found
    expected += share
    squares += (Double(found) - share) * (Double(found) - share)
    rows += 1
  }

  /// Of sorted hashes the share that occurs more than once.
  private static func repeatedShare(_ hashes: [UInt64]) -> Double {
    var repeated = 0
    for index in hashes.indices {
      let isRepeated =
        index > 0 && hashes[index] == hashes[index - 1]
        || index + 1 < hashes.count && hashes[index] == hashes[index + 1]
      repeated += isRepeated ? 1 : 0
    }
    return Double(repeated) / Double(hashes.count)
  }

  /// Adds what was seen in other rows.
  mutating func add(_ other: LabelLeak) {
    grams += other.grams
    present += other.present
    expected += other.expected
    squares += other.squares
    rows += other.rows
  }

  /// The finding, if labels leak.
  var finding: Finding? {
    guard grams > 0, rows >= 50 else { return nil }
    let excess = Double(present) - expected
    // A self-normalized sum over rows, at the significance of all tests.
    guard excess > Self.tolerance * Double(grams) + Self.relativeTolerance * expected,
      excess * excess > 2 * 20 * squares
    else { return nil }
    return Finding(
      rule: "label-in-input",
      "\(StatisticalTest.text(Double(present) / Double(grams))) of the labels' stretches of "
        + "\(Self.gram) tokens stand in the row's own input, "
        + "\(StatisticalTest.text(expected / Double(grams))) are expected")
  }

  /// Why nothing can be said, if so.
  var reason: String? {
    rows >= 50 ? nil : "only \(rows) rows with stretches of \(Self.gram) tokens in the labels"
  }

  private static func hashes(_ stretches: [ArraySlice<Int64>]) -> [UInt64] {
    var hashes: [UInt64] = []
    for stretch in stretches {
      stretch.withUnsafeBufferPointer { tokens in
        TextHash.forEachGram(of: gram, in: tokens) { hashes.append($0) }
      }
    }
    return hashes
  }
}

extension Array where Element == UInt64 {
  /// The first index of a sorted array whose element is not below `value`.
  func partition(startingAt value: UInt64) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
