// SPDX-License-Identifier: Apache-2.0

/// How long the parts of a random composition are: `total` tokens in `parts` stretches of at least
/// one, all such divisions equally likely.
///
/// One part has length k with probability C(total − k − 1, parts − 2) / C(total − 1, parts − 1).
struct PartLengths: Sendable, Hashable {
  /// Lengths that share a bin; the last bin holds everything longer.
  let width: Int
  /// For each bin how many stretches of a row are expected in it.
  let expected: [Double]

  /// - Parameter length: in rows whose mask is rotated, the tokens of a row: the end of the row
  ///   then lies with equal chance between any two tokens, and may split a stretch.
  init(total: Int, parts: Int, bins: Int, rotatedIn length: Int?) {
    // A bin that is three means wide at most: nearly all stretches are told apart.
    width = parts > 0 ? max(1, (3 * total / parts + bins - 1) / bins) : 1
    var expected = [Double](repeating: 0, count: bins)
    guard parts > 0, total >= parts else {
      self.expected = expected
      return
    }
    var probability = parts == 1 ? 0 : Double(parts - 1) / Double(max(1, total - 1))
    if parts == total { probability = 1 }
    var longer = 1.0
    for size in 1...(total - parts + 1) {
      if parts == 1 { probability = size == total ? 1 : 0 }
      longer -= probability
      var share = probability
      if let length {
        share *= 1 - Double(size - 1) / Double(length)
        share += 2 * max(0, longer) / Double(length)
      }
      expected[min((size - 1) / width, bins - 1)] += share * Double(parts)
      let left = total - size - 1
      if left > 0 { probability *= Double(left - parts + 2) / Double(left) }
    }
    self.expected = expected
  }

  /// How many stretches there are in each bin.
  func counts(_ lengths: some Sequence<Int>) -> [Int] {
    var counts = [Int](repeating: 0, count: expected.count)
    for length in lengths where length > 0 {
      counts[min((length - 1) / width, counts.count - 1)] += 1
    }
    return counts
  }
}
