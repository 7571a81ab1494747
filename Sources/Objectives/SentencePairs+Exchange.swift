// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension PairPlanner {
  /// Chunks of two or more sentences, a fair coin each, and an exchange of second halves.
  mutating func planExchange(_ order: [UInt32], report: inout FramingReport) {
    for document in order {
      let whole = bounds(of: document)
      guard whole[whole.count - 1] > 0 else {
        report.drop(.emptyDocument, tokens: 0)
        continue
      }
      guard whole.count > 2 else {
        report.drop(.oneSentenceDocument, tokens: whole[whole.count - 1])
        continue
      }
      let bounds = cutLongSentences(whole, report: &report)
      for chunk in chunks(of: bounds) {
        let split = chunk.lowerBound + 1 + pairStream.uniform(below: chunk.count - 1)
        let first = bounds[chunk.lowerBound]
        let middle = bounds[split]
        pairs.append(
          PlannedPair(
            first: Stretch(document: document, offset: first, length: middle - first),
            second: Stretch(
              document: document, offset: middle, length: bounds[chunk.upperBound] - middle),
            isNegative: pairStream.coin()))
      }
    }
    exchangeSecondHalves(report: &report)
    for index in pairs.indices {
      Self.truncateLonger(&pairs[index], to: rule.maximum, report: &report)
    }
  }

  /// Cuts sentences longer than half the maximum, so that any two fit together.
  private func cutLongSentences(_ bounds: [Int], report: inout FramingReport) -> [Int] {
    let limit = max(1, rule.maximum / 2)
    var result = [0]
    var start = 0
    for end in bounds.dropFirst() {
      if end - start > limit { report.note(.cutSentences) }
      while end - start > limit {
        start += limit
        result.append(start)
      }
      result.append(end)
      start = end
    }
    return result
  }

  /// Ranges of sentences, each at least two: added while they fit and the target is not reached.
  ///
  /// A single sentence that is left at the end takes the last one of the chunk before, or joins
  /// that chunk if it has only two.
  private mutating func chunks(of bounds: [Int]) -> [Range<Int>] {
    let count = bounds.count - 1
    var chunks: [Range<Int>] = []
    var start = 0
    while start < count {
      let target = drawTarget()
      var end = start + 1
      while end < count {
        let length = bounds[end] - bounds[start]
        if end - start >= 2, length >= target || bounds[end + 1] - bounds[start] > rule.maximum {
          break
        }
        end += 1
      }
      chunks.append(start..<end)
      start = end
    }
    if let last = chunks.last, last.count == 1, chunks.count > 1 {
      chunks.removeLast()
      let previous = chunks.removeLast()
      if previous.count > 2 {
        chunks.append(previous.lowerBound..<previous.upperBound - 1)
        chunks.append(previous.upperBound - 1..<last.upperBound)
      } else {
        chunks.append(previous.lowerBound..<last.upperBound)
      }
    }
    return chunks
  }

  /// How far the search for a partner looks along the chunks sorted by length.
  private static let reach = 1024

  /// Sorts the random pairs by the length of their second half and exchanges neighbours from
  /// different documents. One that finds no partner joins an exchange of two as the third;
  /// if that is impossible it becomes a true pair.
  private mutating func exchangeSecondHalves(report: inout FramingReport) {
    let sorted = pairs.indices.filter { pairs[$0].isNegative }.sorted { left, right in
      (pairs[left].second.length, left) < (pairs[right].second.length, right)
    }
    var taken = [Bool](repeating: false, count: sorted.count)
    var exchanges: [(Int, Int)] = []
    var alone: [Int] = []
    for position in sorted.indices where !taken[position] {
      let mine = sorted[position]
      var partner: Int?
      let limit = min(sorted.count, position + 1 + Self.reach)
      for other in position + 1..<max(limit, position + 1) where !taken[other] {
        if pairs[sorted[other]].second.document != pairs[mine].second.document {
          partner = other
          break
        }
      }
      guard let partner else {
        alone.append(mine)
        continue
      }
      taken[partner] = true
      exchanges.append((mine, sorted[partner]))
    }
    var free = exchanges.indices.map { _ in true }
    let original = pairs.map(\.second)
    for (one, other) in exchanges {
      pairs[one].second = original[other]
      pairs[other].second = original[one]
    }
    for mine in alone {
      if let index = nearestExchange(to: mine, among: exchanges, free: free, original) {
        free[index] = false
        let (one, other) = exchanges[index]
        pairs[one].second = original[other]
        pairs[other].second = original[mine]
        pairs[mine].second = original[one]
      } else {
        pairs[mine].isNegative = false
        report.note(.pairsWithoutPartner)
      }
    }
  }

  /// The exchange nearest in length whose documents are both foreign to this pair.
  private func nearestExchange(
    to mine: Int, among exchanges: [(Int, Int)], free: [Bool], _ original: [Stretch]
  ) -> Int? {
    // Many without a partner means that one document dominates the unit: nothing foreign is left.
    let length = Int(original[mine].length)
    let document = original[mine].document
    var best: (index: Int, distance: Int)?
    var index = exchanges.count - 1
    let end = max(0, exchanges.count - Self.reach)
    while index >= end {
      let (one, other) = exchanges[index]
      if free[index], original[one].document != document, original[other].document != document {
        let distance = abs(Int(original[one].length) - length)
        if distance < best?.distance ?? .max { best = (index, distance) }
      }
      index -= 1
    }
    return best?.index
  }

  /// Cuts the end of the longer half, of the second at a tie, until both fit.
  static func truncateLonger(
    _ pair: inout PlannedPair, to maximum: Int, report: inout FramingReport
  ) {
    let first = Int(pair.first.length)
    let second = Int(pair.second.length)
    let excess = first + second - maximum
    guard excess > 0 else { return }
    let levelling = min(excess, abs(first - second))
    let rest = excess - levelling
    let fromFirst = (first > second ? levelling : 0) + rest / 2
    pair.first.length -= UInt32(truncatingIfNeeded: fromFirst)
    pair.second.length -= UInt32(truncatingIfNeeded: excess - fromFirst)
    report.drop(.truncation, documents: 0, tokens: excess)
  }
}
