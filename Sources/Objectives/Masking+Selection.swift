// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension Masking {
  /// What is selected in a row: one mark a candidate, or one a word.
  struct Selection {
    let marks: UnsafeMutableBufferPointer<UInt8>
    let marksWords: Bool
    /// Words left out because they are longer than the whole budget.
    var oversized = 0
  }

  /// Marks what is selected: 0 not, 1 selected, 2 where it does not continue a span before it.
  func select(
    _ candidates: Candidates, rate: Double, used: Int, scratch: Scratch,
    _ stream: inout RandomStream
  ) -> Selection {
    let marksWords = unit == .wholeWord || unit == .ngram
    let marks = scratch.marks.prefix(marksWords ? candidates.wordCount : candidates.count)
    marks.update(repeating: 0)
    var selection = Selection(marks: marks, marksWords: marksWords)
    if count == .bernoulli {
      let threshold = Probability(rate)
      for index in marks.indices { marks[index] = stream.bernoulli(threshold) ? 1 : 0 }
      return selection
    }
    let fraction = count == .stochastic ? stream.fraction() : 0
    let budget = budget(rate: rate, candidates: candidates.count, used: used, draw: fraction)
    switch unit {
    case .subword: stream.markSubset(ofSize: budget, in: marks)
    case .wholeWord: selection.oversized = selectWords(candidates, marks, budget, &stream)
    case .ngram: selection.oversized = selectNgrams(candidates, marks, budget, &stream)
    case .span: selectSpans(candidates, marks, budget, &stream)
    }
    return selection
  }

  /// Walks the words in random order and takes each that still fits; a Fisher–Yates shuffle from
  /// the front that stops when the budget is spent.
  private func selectWords(
    _ candidates: Candidates, _ marks: UnsafeMutableBufferPointer<UInt8>, _ budget: Int,
    _ stream: inout RandomStream
  ) -> Int {
    let order = candidates.order
    for index in order.indices { order[index] = UInt32(truncatingIfNeeded: index) }
    var left = budget
    var oversized = 0
    var index = 0
    while left > 0, index < order.count {
      order.swapAt(index, index &+ stream.uniform(below: order.count &- index))
      let word = Int(order[index])
      let size = candidates.range(ofWord: word).count
      if size <= left {
        marks[word] = 1
        left &-= size
      } else if size > budget {
        oversized &+= 1
      }
      index &+= 1
    }
    return oversized
  }

  /// Walks the words in random order; from each that is free draws how many words to take, fewer
  /// where a border, a taken word or the budget comes first.
  private func selectNgrams(
    _ candidates: Candidates, _ marks: UnsafeMutableBufferPointer<UInt8>, _ budget: Int,
    _ stream: inout RandomStream
  ) -> Int {
    let order = candidates.order
    for index in order.indices { order[index] = UInt32(truncatingIfNeeded: index) }
    var left = budget
    var oversized = 0
    var index = 0
    while left > 0, index < order.count {
      order.swapAt(index, index &+ stream.uniform(below: order.count &- index))
      let word = Int(order[index])
      index &+= 1
      if marks[word] != 0 { continue }
      let size = candidates.range(ofWord: word).count
      if size > left {
        if size > budget { oversized &+= 1 }
        continue
      }
      let wanted = min(word &+ stream.next(lengths), candidates.wordCount)
      marks[word] = 1
      left &-= size
      var next = word &+ 1
      while next < wanted, marks[next] == 0, !candidates.isBorder(next) {
        let size = candidates.range(ofWord: next).count
        if size > left { break }
        marks[next] = 1
        left &-= size
        next &+= 1
      }
    }
    return oversized
  }

  /// Until the budget is spent: a length in words, an anchor among the candidates that is not taken
  /// (else both again), and so many words from the anchor's on. Spans may touch and overlap; what
  /// touches is one span. The last word is cut where the budget ends.
  private func selectSpans(
    _ candidates: Candidates, _ marks: UnsafeMutableBufferPointer<UInt8>, _ budget: Int,
    _ stream: inout RandomStream
  ) {
    var left = budget
    while left > 0 {
      let wanted = stream.next(lengths)
      let anchor = stream.uniform(below: candidates.count)
      if marks[anchor] != 0 { continue }
      let first = candidates.word(of: anchor)
      var word = first
      while left > 0, word < candidates.wordCount, word &- first < wanted,
        word == first || !candidates.isBorder(word)
      {
        for token in candidates.range(ofWord: word) where marks[token] == 0 && left > 0 {
          marks[token] = 1
          left &-= 1
        }
        word &+= 1
      }
    }
    // What touches is one span, but not across a border.
    for word in 0..<candidates.wordCount where candidates.isBorder(word) {
      let token = candidates.start(ofWord: word)
      marks[token] &*= 2
    }
  }

  /// Replaces what is selected, in ascending order, and keeps positions and originals in `picked`
  /// and `originals` of the scratch; returns how many.
  func replace(
    in row: UnsafeMutableBufferPointer<TokenID>, _ candidates: Candidates, _ selection: Selection,
    _ scratch: Scratch, _ stream: inout RandomStream
  ) -> Int {
    let positions = candidates.positions
    let picked = scratch.picked.prefix(candidates.count)
    let originals = scratch.originals.prefix(candidates.count)
    let marks = selection.marks
    let drawsTokens = draw == .token
    // A span is replaced as one, a word of an n-gram on its own.
    let drawsStarts = unit == .span
    var count = 0
    var action: UInt64 = 0
    vocabulary.ordinary.withUnsafeBufferPointer { ordinary in
      for index in marks.indices where marks[index] != 0 {
        let begins = index == 0 || marks[index &- 1] == 0 || marks[index] == 2
        if !drawsStarts || begins { action = stream.next53() }
        let tokens =
          selection.marksWords ? candidates.range(ofWord: index) : index..<(index &+ 1)
        for token in tokens {
          if drawsTokens, token != tokens.lowerBound || drawsStarts && !begins {
            action = stream.next53()
          }
          let position = Int(positions[token])
          let original = row[position]
          picked[count] = positions[token]
          originals[count] = original
          count &+= 1
          if action < maskThreshold {
            row[position] = maskID
          } else if action < randomThreshold {
            row[position] = randomToken(otherThan: original, ordinary, &stream)
          }
        }
      }
    }
    return count
  }

  /// Any id, or an ordinary token other than the original: of the ascending list without the
  /// original, the drawn one.
  private func randomToken(
    otherThan original: TokenID, _ ordinary: UnsafeBufferPointer<TokenID>,
    _ stream: inout RandomStream
  ) -> TokenID {
    if replacements == .vocabulary {
      return TokenID(truncatingIfNeeded: stream.uniform(below: vocabulary.size))
    }
    let index = stream.uniform(below: ordinary.count &- 1)
    let token = ordinary[index]
    return token < original ? token : ordinary[index &+ 1]
  }
}
