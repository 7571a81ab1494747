// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension PairPlanner {
  /// The pairs of `create_pretraining_data.py` (google-research/bert), with what is wrong with
  /// them: chunks of one sentence are always random, so more than half of all pairs are; sentences
  /// of random second segments are served twice; the target is drawn once for a document; the
  /// random document may be the same one; truncation may begin a segment in mid-sentence.
  ///
  /// With `swaps` those of google-research/albert: a chunk of two sentences or more is swapped
  /// where BERT's would be random, and nothing is put back.
  mutating func planPublished(_ order: [UInt32], swaps: Bool, report: inout FramingReport) {
    let documents = order.filter { document in
      let length =
        unit.documentOffsets[Int(document) + 1] - unit.documentOffsets[Int(document)]
      if length == 0 { report.drop(.emptyDocument, tokens: 0) }
      return length > 0
    }
    for document in documents {
      let bounds = bounds(of: document)
      let count = bounds.count - 1
      let target = drawTarget()
      var start = 0
      while start < count {
        var end = start + 1
        while end < count, bounds[end] - bounds[start] < target { end += 1 }
        let split = end - start == 1 ? end : start + 1 + pairStream.uniform(below: end - start - 1)
        let first = Stretch(
          document: document, offset: bounds[start], length: bounds[split] - bounds[start])
        let isNegative = split == end || pairStream.coin()
        if isNegative, !swaps || split == end {
          let second = randomSecond(
            not: document, among: documents, target: target - Int(first.length))
          report.note(.repeatedTokens, Int(second.length))
          append(PlannedPair(first: first, second: second, isNegative: true), report: &report)
          start = split
        } else {
          let second = Stretch(
            document: document, offset: bounds[split], length: bounds[end] - bounds[split])
          let isSwapped = isNegative
          append(
            PlannedPair(
              first: isSwapped ? second : first, second: isSwapped ? first : second,
              isNegative: isSwapped),
            report: &report)
          start = end
        }
      }
    }
  }

  /// Sentences from a random start in a random document, until the target is reached.
  private mutating func randomSecond(
    not document: UInt32, among documents: [UInt32], target: Int
  ) -> Stretch {
    var other = document
    for _ in 0..<10 {
      other = documents[pairStream.uniform(below: documents.count)]
      if other != document { break }
    }
    let count = sentenceCount(of: other)
    let start = pairStream.uniform(below: count)
    let first = bound(start, of: other, count)
    var end = start + 1
    while end < count, bound(end, of: other, count) - first < target { end += 1 }
    return Stretch(document: other, offset: first, length: bound(end, of: other, count) - first)
  }

  private func sentenceCount(of document: UInt32) -> Int {
    sentences.offsets[Int(document) + 1] - sentences.offsets[Int(document)]
  }

  /// Where a sentence of a document starts; its length for the one behind the last.
  private func bound(_ sentence: Int, of document: UInt32, _ count: Int) -> Int {
    let index = Int(document)
    return sentence < count
      ? Int(sentences.starts[sentences.offsets[index] + sentence])
      : unit.documentOffsets[index + 1] - unit.documentOffsets[index]
  }

  /// Removes tokens from the longer segment, of the second at a tie, one by one from either end.
  private mutating func append(_ pair: PlannedPair, report: inout FramingReport) {
    var pair = pair
    var lost = 0
    while Int(pair.first.length) + Int(pair.second.length) > rule.maximum {
      let fromFront: UInt32 = frameStream.coin() ? 1 : 0
      if pair.first.length > pair.second.length {
        pair.first.offset += fromFront
        pair.first.length -= 1
      } else {
        pair.second.offset += fromFront
        pair.second.length -= 1
      }
      lost += 1
    }
    if lost > 0 { report.drop(.truncation, documents: 0, tokens: lost) }
    pairs.append(pair)
  }
}
