// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Lists of tokens with counts, to draw from: the tokens of each list ascend.
struct WeightedLists: Sendable {
  /// A token, and the counts of its list summed up to it: together, because both are looked at.
  private struct Entry {
    let token: TokenID
    let sum: UInt32
  }

  private let offsets: [UInt32]
  private let entries: [Entry]
  /// Weights summed up inside each list; none at temperature 1, where the counts are the weights.
  private let weights: [UInt32]
  private let isTempered: Bool
  /// Of long lists, where a search among the weights begins, by the upper bits of what is drawn (the
  /// method of Chen and Asau 1974). A list has a power of two of those cells whose number times four
  /// lies inside it.
  private let guide: [UInt32]
  private static let longList = 32

  var listCount: Int { offsets.count - 1 }

  /// Lists from entries (list, token, count) in ascending order.
  ///
  /// Counts of a list that together exceed 32 bits are cut.
  init(
    listCount: Int, _ entries: some Sequence<(list: Int, token: TokenID, count: UInt32)>,
    exponent: Double
  ) {
    var offsets: [UInt32] = [0]
    var all: [Entry] = []
    offsets.reserveCapacity(listCount + 1)
    var sum: UInt32 = 0
    for (list, token, count) in entries {
      while offsets.count <= list {
        offsets.append(UInt32(truncatingIfNeeded: all.count))
        sum = 0
      }
      let (next, overflows) = sum.addingReportingOverflow(count)
      sum = overflows ? .max : next
      all.append(Entry(token: token, sum: sum))
    }
    while offsets.count <= listCount { offsets.append(UInt32(truncatingIfNeeded: all.count)) }
    self.offsets = offsets
    self.entries = all
    isTempered = exponent != 1
    weights = isTempered ? Self.temper(all.map(\.sum), offsets, exponent) : []
    guide = Self.guide(offsets, isTempered ? weights : all.map(\.sum))
  }

  /// The cells of a long list, and by how many bits a weight is shifted to its cell.
  @inline(__always)
  private static func cells(
    of range: Range<Int>, total: UInt32
  ) -> (first: Int, count: Int, shift: Int) {
    let first = (range.lowerBound &+ 3) >> 2
    let bits = 63 &- (range.upperBound >> 2 &- first).leadingZeroBitCount
    return (first, 1 << bits, max(0, 32 &- total.leadingZeroBitCount &- bits))
  }

  private static func guide(_ offsets: [UInt32], _ weights: [UInt32]) -> [UInt32] {
    var guide = [UInt32](repeating: 0, count: weights.count / 4 + 1)
    for list in 0..<(offsets.count - 1) {
      let range = Int(offsets[list])..<Int(offsets[list + 1])
      guard range.count >= longList else { continue }
      let cells = cells(of: range, total: weights[range.upperBound - 1])
      var index = range.lowerBound
      for cell in 0..<cells.count {
        let least = cell << cells.shift
        while index < range.upperBound - 1, Int(weights[index]) <= least { index += 1 }
        guide[cells.first + cell] = UInt32(truncatingIfNeeded: index)
      }
    }
    return guide
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

  /// Where a list begins and ends, for ``draw(_:own:_:)``.
  @inline(__always)
  func range(of list: Int) -> Range<Int> {
    Int(offsets[list])..<Int(offsets[list &+ 1])
  }

  /// Reads the first token of a list, so that what is read next to it comes at once.
  @inline(__always)
  func touch(_ range: Range<Int>) -> TokenID {
    range.isEmpty ? 0 : entries[range.lowerBound].token
  }

  /// The place of a token in a list, or nil.
  @inline(__always)
  private func index(of token: TokenID, in range: Range<Int>) -> Int? {
    // Without branches that depend on what is found: they could not be foreseen.
    var start = range.lowerBound
    var count = range.count
    guard count > 0 else { return nil }
    while count > 1 {
      let half = count >> 1
      start = entries[start &+ half &- 1].token < token ? start &+ half : start
      count &-= half
    }
    return entries[start].token == token ? start : nil
  }

  @inline(__always)
  private func weight(upTo index: Int) -> UInt32 {
    isTempered ? weights[index] : entries[index].sum
  }

  /// A token of the list, one occurrence of `own` left out, with probability N / (N + D); else nil.
  @inline(__always)
  func draw(_ range: Range<Int>, own: TokenID, _ random: inout RandomStream) -> TokenID? {
    let start = range.lowerBound
    guard start < range.upperBound else { return nil }
    let last = range.upperBound &- 1
    var occurrences = entries[last].sum
    let whole = weight(upTo: last)
    var kinds = UInt32(truncatingIfNeeded: range.count)
    var total = whole
    // Where the share that is left out begins, among the weights, and how large it is.
    var hole = total
    var share: UInt32 = 0
    if let place = index(of: own, in: range) {
      let isFirst = place == start
      let count = entries[place].sum &- (isFirst ? 0 : entries[place &- 1].sum)
      let weight = weight(upTo: place) &- (isFirst ? 0 : self.weight(upTo: place &- 1))
      if count > 0 {
        share = isTempered ? weight / count : 1
        hole = self.weight(upTo: place) &- share
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
    var high = last
    if range.count >= Self.longList {
      let cells = Self.cells(of: range, total: whole)
      let cell = Int(drawn >> UInt32(truncatingIfNeeded: cells.shift))
      low = Int(guide[cells.first &+ cell])
      if cell &+ 1 < cells.count { high = Int(guide[cells.first &+ cell &+ 1]) }
    }
    while low < high {
      let middle = (low &+ high) >> 1
      if weight(upTo: middle) > drawn { high = middle } else { low = middle &+ 1 }
    }
    return entries[low].token
  }

  /// The probability of a token in the list mixed with that of the next level, nothing left out.
  func mixed(_ range: Range<Int>, _ token: TokenID, with other: Double) -> Double {
    guard let last = range.last, entries[last].sum > 0 else { return other }
    let occurrences = Double(entries[last].sum)
    let kinds = Double(range.count)
    var own = 0.0
    if let place = index(of: token, in: range) {
      own = Double(
        weight(upTo: place) - (place == range.lowerBound ? 0 : weight(upTo: place - 1)))
    }
    return (occurrences * (own / Double(weight(upTo: last))) + kinds * other)
      / (occurrences + kinds)
  }
}
