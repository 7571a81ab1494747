// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Lists of tokens with counts, to draw from: the tokens of each list ascend.
struct WeightedLists: Sendable {
  private let offsets: [UInt32]
  private let tokens: [TokenID]
  /// Counts summed up over all lists.
  private let counts: [UInt32]
  /// Weights summed up inside each list; the counts themselves at temperature 1.
  private let weights: [UInt32]
  private let isTempered: Bool

  var listCount: Int { offsets.count - 1 }

  /// Lists from entries (list, token, count) in ascending order.
  ///
  /// Counts of a list that together exceed 32 bits are cut.
  init(
    listCount: Int, _ entries: some Sequence<(list: Int, token: TokenID, count: UInt32)>,
    exponent: Double
  ) {
    var offsets: [UInt32] = [0]
    var tokens: [TokenID] = []
    var counts: [UInt32] = []
    offsets.reserveCapacity(listCount + 1)
    var sum: UInt32 = 0
    for (list, token, count) in entries {
      while offsets.count <= list {
        offsets.append(UInt32(truncatingIfNeeded: tokens.count))
        sum = 0
      }
      tokens.append(token)
      let (next, overflows) = sum.addingReportingOverflow(count)
      sum = overflows ? .max : next
      counts.append(sum)
    }
    while offsets.count <= listCount { offsets.append(UInt32(truncatingIfNeeded: tokens.count)) }
    self.offsets = offsets
    self.tokens = tokens
    self.counts = counts
    isTempered = exponent != 1
    weights = isTempered ? Self.temper(counts, offsets, exponent) : counts
  }

  /// 1 + ⌊(count / largest)^exponent · scale⌋ summed up, with a scale by which no list exceeds 2³¹.
  private static func temper(
    _ counts: [UInt32], _ offsets: [UInt32], _ exponent: Double
  ) -> [UInt32] {
    // Most counts are small; their powers are computed once.
    let powers = (0..<4096).map { ExactMath.power(Double(max(1, $0)), exponent) }
    func power(_ count: UInt32) -> Double {
      count < powers.count ? powers[Int(count)] : ExactMath.power(Double(count), exponent)
    }
    var weights = [UInt32](repeating: 0, count: counts.count)
    for list in 0..<(offsets.count - 1) {
      let range = Int(offsets[list])..<Int(offsets[list + 1])
      guard !range.isEmpty else { continue }
      func count(_ index: Int) -> UInt32 {
        counts[index] - (index == range.lowerBound ? 0 : counts[index - 1])
      }
      let largest = power(range.reduce(1) { max($0, count($1)) })
      let scale = Double(min(1 << 24, (1 << 30) / range.count))
      var sum: UInt32 = 0
      for index in range {
        let weight = count(index) == 0 ? 0 : 1 + UInt32(power(count(index)) / largest * scale)
        sum += weight
        weights[index] = sum
      }
    }
    return weights
  }

  /// The place of a token in a list, or nil.
  @inline(__always)
  private func index(of token: TokenID, from start: Int, to end: Int) -> Int? {
    var low = start
    var high = end
    while low < high {
      let middle = (low &+ high) >> 1
      if tokens[middle] < token { low = middle &+ 1 } else { high = middle }
    }
    return low < end && tokens[low] == token ? low : nil
  }

  /// A token of the list, one occurrence of `own` left out, with probability N / (N + D); else nil.
  @inline(__always)
  func draw(_ list: Int, own: TokenID, _ random: inout RandomStream) -> TokenID? {
    let start = Int(offsets[list])
    let end = Int(offsets[list &+ 1])
    guard start < end else { return nil }
    var occurrences = counts[end &- 1]
    var kinds = UInt32(truncatingIfNeeded: end &- start)
    var total = weights[end &- 1]
    // Where the share that is left out begins, among the weights, and how large it is.
    var hole = total
    var share: UInt32 = 0
    if let place = index(of: own, from: start, to: end) {
      let isFirst = place == start
      let count = counts[place] &- (isFirst ? 0 : counts[place &- 1])
      let weight = weights[place] &- (isFirst ? 0 : weights[place &- 1])
      if count > 0 {
        share = isTempered ? weight / count : 1
        hole = weights[place] &- share
        total &-= share
        occurrences &-= 1
        kinds &-= count == 1 ? 1 : 0
      }
    }
    guard total > 0, occurrences > 0 else { return nil }
    if random.uniform(below: UInt64(occurrences) &+ UInt64(kinds)) >= UInt64(occurrences) {
      return nil
    }
    var drawn = random.uniform(below: total)
    if drawn >= hole { drawn &+= share }
    var low = start
    var high = end &- 1
    while low < high {
      let middle = (low &+ high) >> 1
      if weights[middle] > drawn { high = middle } else { low = middle &+ 1 }
    }
    return tokens[low]
  }

  /// The probability of a token in the list mixed with that of the next level, nothing left out.
  func mixed(_ list: Int, _ token: TokenID, with other: Double) -> Double {
    let start = Int(offsets[list])
    let end = Int(offsets[list + 1])
    guard start < end, counts[end - 1] > 0 else { return other }
    let occurrences = Double(counts[end - 1])
    let kinds = Double(end - start)
    var own = 0.0
    if let place = index(of: token, from: start, to: end) {
      own = Double(weights[place] - (place == start ? 0 : weights[place - 1]))
    }
    return (occurrences * (own / Double(weights[end - 1])) + kinds * other) / (occurrences + kinds)
  }
}
