// SPDX-License-Identifier: Apache-2.0

/// The positions of a row that may be selected, and the words they form.
struct Candidates {
  /// What may be selected and how it is grouped.
  struct Rule {
    /// Whether words are formed.
    var groupsWords = false
    /// Whether special tokens of the text may be selected.
    var includesSpecials = false
    /// Whether the first token of each segment may not be, because nothing stands before it.
    var skipsFirst = false
  }

  /// Positions in the row, ascending.
  let positions: UnsafeMutableBufferPointer<UInt32>
  /// How many words there are; 0 unless words are formed.
  let wordCount: Int
  /// Room for an order of the words.
  let order: UnsafeMutableBufferPointer<UInt32>
  /// The first candidate of each word, with the top bit set where a word does not continue what
  /// stands before it; at the end the number of candidates.
  private let words: UnsafeMutableBufferPointer<UInt32>

  private static let border: UInt32 = 1 << 31

  var count: Int { positions.count }

  /// A word ends at a word start, a token that is no candidate, and the end of a piece.
  init(
    _ frame: borrowing Frame, _ layout: RowLayout, _ vocabulary: Vocabulary, _ rule: Rule,
    scratch: Scratch
  ) {
    let total = frame.tokens.count
    let positions = scratch.positions.prefix(total)
    // Words, their end, and behind them room for their order.
    let words = scratch.words.prefix(rule.groupsWords ? 2 * total + 1 : 0)
    let wordStarts = frame.wordStarts
    let tokens = frame.tokens
    var count = 0
    var wordCount = 0
    vocabulary.withSpecialFlags { special in
      tokens.withUnsafeBufferPointer { tokens in
        for piece in layout.pieces.indices {
          let range = layout.range(piece)
          let shift = layout.shift(piece)
          let first =
            rule.skipsFirst && (piece == 0 || layout.separatesPieces) ? range.lowerBound : -1
          if !rule.groupsWords {
            for index in range {
              let token = Int(tokens[index])
              positions[count] = UInt32(truncatingIfNeeded: index &+ shift)
              let isExcluded =
                !rule.includesSpecials && token < special.count && special[token]
              count &+= isExcluded || index == first ? 0 : 1
            }
            continue
          }
          var isOpen = false
          var border = Self.border
          for index in range {
            let token = Int(tokens[index])
            if index == first || !rule.includesSpecials && token < special.count && special[token] {
              isOpen = false
              border = Self.border
              continue
            }
            if !isOpen || wordStarts[index] {
              words[wordCount] = UInt32(truncatingIfNeeded: count) | border
              wordCount &+= 1
              border = 0
            }
            isOpen = true
            positions[count] = UInt32(truncatingIfNeeded: index &+ shift)
            count &+= 1
          }
        }
      }
    }
    self.positions = UnsafeMutableBufferPointer(rebasing: positions[0..<count])
    self.wordCount = wordCount
    if rule.groupsWords {
      words[wordCount] = UInt32(truncatingIfNeeded: count)
      self.words = UnsafeMutableBufferPointer(rebasing: words[0...wordCount])
      order = UnsafeMutableBufferPointer(
        rebasing: words[(wordCount + 1)..<(2 * wordCount + 1)])
    } else {
      self.words = words
      order = words
    }
  }

  /// The first candidate of a word; with the number of words, the number of candidates.
  func start(ofWord word: Int) -> Int { Int(words[word] & ~Self.border) }

  /// The candidates of a word.
  func range(ofWord word: Int) -> Range<Int> { start(ofWord: word)..<start(ofWord: word &+ 1) }

  /// Whether a word does not continue the one before it: the first of a piece, or behind a token
  /// that is no candidate.
  func isBorder(_ word: Int) -> Bool { words[word] & Self.border != 0 }

  /// The word of a candidate.
  func word(of candidate: Int) -> Int {
    var low = 0
    var high = wordCount
    while high &- low > 1 {
      let middle = (low &+ high) >> 1
      if start(ofWord: middle) <= candidate { low = middle } else { high = middle }
    }
    return low
  }
}
