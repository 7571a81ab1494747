// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension PairPlanner {
  /// Two consecutive segments of one document, swapped by a fair coin (sentence-order prediction,
  /// Lan et al. 2020, arXiv 1909.11942 §3.1).
  ///
  /// A chunk is a number of sentences that is drawn before their lengths are seen, and is split
  /// uniformly, so the two halves have the same law; they are cut to fit after the swap. What is
  /// filled until it is full shows its order, because the sentence that fills it stands last.
  mutating func planSwap(_ order: [UInt32], report: inout FramingReport) {
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
      let bounds = cutEvenly(whole, report: &report)
      let count = bounds.count - 1
      var start = 0
      while start < count {
        var end = start + drawCount(sentences: count, tokens: bounds[count])
        // A single sentence that would be left joins this chunk.
        if end + 1 >= count { end = count }
        let split = start + 1 + pairStream.uniform(below: end - start - 1)
        let first = Stretch(
          document: document, offset: bounds[start], length: bounds[split] - bounds[start])
        let second = Stretch(
          document: document, offset: bounds[split], length: bounds[end] - bounds[split])
        let isSwapped = pairStream.coin()
        var pair = PlannedPair(
          first: isSwapped ? second : first, second: isSwapped ? first : second,
          isNegative: isSwapped)
        Self.truncateLonger(&pair, to: rule.maximum, report: &report)
        pairs.append(pair)
        start = end
      }
    }
  }

  /// As many sentences as reach the target if all were of the document's mean length, rounded up
  /// or down at random; at least two.
  private mutating func drawCount(sentences: Int, tokens: Int) -> Int {
    let target = drawTarget()
    let wanted = Double(target) * Double(sentences) / Double(tokens)
    return max(2, min(sentences, Int(wanted + frameStream.fraction())))
  }

  /// Cuts sentences longer than half the maximum into equal parts, none of which tells its place.
  private func cutEvenly(_ bounds: [Int], report: inout FramingReport) -> [Int] {
    let limit = max(1, rule.maximum / 2)
    var result = [0]
    var start = 0
    for end in bounds.dropFirst() {
      let length = end - start
      let parts = (length + limit - 1) / limit
      if parts > 1 { report.note(.cutSentences) }
      for part in 1..<max(parts, 1) { result.append(start + length * part / parts) }
      result.append(end)
      start = end
    }
    return result
  }
}
