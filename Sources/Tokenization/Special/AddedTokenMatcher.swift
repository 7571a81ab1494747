// SPDX-License-Identifier: Apache-2.0

/// Finds added tokens in text: leftmost first, the longest of those that begin there.
struct AddedTokenMatcher: Sendable {
  struct Match {
    /// The text that the token stands for, white space that it swallows included.
    var range: Range<Int>
    var id: UInt32
    /// Where the search goes on: behind the token itself. As in the original, white space that it
    /// swallowed may still be, or begin, another one.
    var searchEnd: Int
  }

  /// Sorted by content.
  private let tokens: [(content: [UInt8], token: AddedToken)]
  /// For each first byte, the tokens that begin with it.
  private let ranges: [Range<Int>]

  init(_ contents: [(content: [UInt8], token: AddedToken)]) {
    let sorted = contents.filter { !$0.content.isEmpty }.sorted {
      $0.content.lexicographicallyPrecedes($1.content)
    }
    tokens = sorted
    var ranges = [Range<Int>](repeating: 0..<0, count: 256)
    for (index, entry) in sorted.enumerated() {
      let known = ranges[Int(entry.content[0])]
      ranges[Int(entry.content[0])] = (known.isEmpty ? index : known.lowerBound)..<(index + 1)
    }
    self.ranges = ranges
  }

  var isEmpty: Bool { tokens.isEmpty }

  /// The first match in `text[start...]`, not reaching back beyond `floor` for white space.
  func next(in text: TextBytes, from start: Int, floor: Int) -> Match? {
    if tokens.isEmpty { return nil }
    var at = start
    while at < text.count {
      let candidates = ranges[Int(text[at])]
      if !candidates.isEmpty, let found = longest(in: text, at: at, candidates) {
        let end = at + tokens[found].content.count
        if !tokens[found].token.isSingleWord || standsAlone(text, at..<end) {
          let match = match(found, in: text, at: at, floor: floor)
          // A token that is white space, all of which another one swallowed, is none.
          if !match.range.isEmpty { return match }
        }
        // The search goes on behind it, as if it had been found.
        at = end
        continue
      }
      at &+= 1
    }
    return nil
  }

  /// Whether neither neighbour is part of a word.
  private func standsAlone(_ text: TextBytes, _ range: Range<Int>) -> Bool {
    let word = ScalarSets.wordCharacter
    if range.upperBound < text.count,
      ScalarSets.contains(text.scalar(range.upperBound).scalar, word)
    {
      return false
    }
    guard let before = scalarStart(text, before: range.lowerBound, floor: 0) else { return true }
    return !ScalarSets.contains(text.scalar(before).scalar, word)
  }

  /// Narrows the sorted tokens byte by byte, so that hundreds of `<extra_id_k>` cost one walk.
  private func longest(in text: TextBytes, at start: Int, _ candidates: Range<Int>) -> Int? {
    var range = candidates
    var length = 1
    var best: Int?
    while true {
      // The shortest of the tokens with a common prefix comes first.
      if tokens[range.lowerBound].content.count == length { best = range.lowerBound }
      guard start + length < text.count else { return best }
      let byte = text[start + length]
      let from = partition(range) { $0.count > length && $0[length] >= byte }
      let to = partition(from..<range.upperBound) { $0.count > length && $0[length] > byte }
      if from == to { return best }
      range = from..<to
      length += 1
    }
  }

  /// The first index whose content satisfies a predicate that is false, then true.
  private func partition(_ range: Range<Int>, _ isAfter: ([UInt8]) -> Bool) -> Int {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high {
      let middle = (low + high) / 2
      if isAfter(tokens[middle].content) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func match(_ index: Int, in text: TextBytes, at start: Int, floor: Int) -> Match {
    let (content, token) = tokens[index]
    var low = start
    var high = start + content.count
    let searchEnd = high
    if token.stripsLeft {
      low = max(low, floor)
      while low > floor, let before = scalarStart(text, before: low, floor: floor),
        text.classAndLength(before).kind == PieceClass.space
      {
        low = before
      }
    }
    if token.stripsRight { high = text.runEnd(PieceClass.space, high) }
    return Match(range: low..<max(low, high), id: token.id, searchEnd: searchEnd)
  }

  /// Where the scalar that ends at a position begins.
  private func scalarStart(_ text: TextBytes, before end: Int, floor: Int) -> Int? {
    guard end > floor else { return nil }
    var at = end - 1
    while at > floor, at > end - 4, text[at] & 0xC0 == 0x80 { at -= 1 }
    return at + text.classAndLength(at).length == end ? at : nil
  }
}
