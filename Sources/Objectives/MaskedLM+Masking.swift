// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension MaskedLM {
  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    let layout = RowLayout(frame, template: template, isPaired: tokenTypes != nil)
    let total = padding == .fixed ? length : layout.used
    let scratch = out.scratch
    let candidates = Candidates(
      frame, layout, vocabulary, groupsWords: wholeWord, scratch: scratch)
    var maskStream = random.stream(.mask, frame: frame.ordinal)
    let oversized = select(candidates, used: layout.used, &maskStream)

    var replacementStream = random.stream(.replacement, frame: frame.ordinal)
    var picked = 0
    let tokens = frame.tokens
    out.tokenIDs(0, count: total) { row in
      layout.place(tokens, template, padID: padID, in: row)
      picked = replace(in: row, candidates, scratch, &replacementStream)
    }
    let positions = scratch.picked.prefix(picked)
    let originals = scratch.originals.prefix(picked)
    out.integers(1, count: total) { row in
      row.update(repeating: Column.ignoredLabel)
      for index in 0..<picked {
        row[Int(positions[index])] = Int32(truncatingIfNeeded: originals[index])
      }
    }
    if let attention { out.mask(attention, ones: layout.used, count: total) }
    if let tokenTypes {
      out.bytes(tokenTypes, count: total) { $0[layout.second..<layout.used].update(repeating: 1) }
      out.byte(tokenTypes + 1, frame.label)
    }
    out.tally.inputTokens += layout.used
    out.tally.inputPadding += total - layout.used
    out.tally.lossTokens += picked
    if picked == 0 { out.tally.add(of: .rowsWithoutLoss) }
    if oversized > 0 { out.tally.add(oversized, of: .oversizedWords) }
    out.endRow()
  }

  /// How many tokens the rate asks for; `draw` is U for stochastic rounding.
  func budget(candidates: Int, used: Int, draw: Double) -> Int {
    let base = Double(rateBase == .all ? used : candidates)
    var budget =
      count == .stochastic ? Int(rate * base + draw) : Rounding.halfEven(rate * base)
    if count == .exact, rate > 0 { budget = max(1, budget) }
    if maxPredictions > 0 { budget = min(maxPredictions, budget) }
    return min(candidates, budget)
  }

  /// Marks what is selected, tokens or words, and returns how many words were too long.
  private func select(
    _ candidates: Candidates, used: Int, _ stream: inout RandomStream
  ) -> Int {
    let marks = candidates.marks
    marks.update(repeating: 0)
    if count == .bernoulli {
      for index in marks.indices {
        marks[index] = stream.bernoulli(rateThreshold) ? 1 : 0
      }
      return 0
    }
    let draw = count == .stochastic ? stream.fraction() : 0
    let budget = budget(candidates: candidates.count, used: used, draw: draw)
    guard wholeWord else {
      stream.markSubset(ofSize: budget, in: marks)
      return 0
    }
    return selectWords(candidates, budget: budget, &stream)
  }

  /// Walks the words in random order and takes each that still fits; a Fisher–Yates shuffle from
  /// the front that stops when the budget is spent.
  private func selectWords(
    _ candidates: Candidates, budget: Int, _ stream: inout RandomStream
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
        candidates.marks[word] = 1
        left &-= size
      } else if size > budget {
        oversized &+= 1
      }
      index &+= 1
    }
    return oversized
  }

  /// Replaces what is marked, in ascending order, and keeps positions and originals.
  private func replace(
    in row: UnsafeMutableBufferPointer<TokenID>, _ candidates: Candidates, _ scratch: Scratch,
    _ stream: inout RandomStream
  ) -> Int {
    let positions = candidates.positions
    let picked = scratch.picked.prefix(candidates.count)
    let originals = scratch.originals.prefix(candidates.count)
    let marks = candidates.marks
    var count = 0
    vocabulary.ordinary.withUnsafeBufferPointer { ordinary in
      for index in marks.indices where marks[index] != 0 {
        let action = stream.next53()
        let tokens = wholeWord ? candidates.range(ofWord: index) : index..<(index &+ 1)
        for token in tokens {
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

/// Where the segments of a frame stand in a row.
struct RowLayout {
  /// Where the first segment starts.
  let first: Int
  /// How many tokens it has.
  let firstCount: Int
  /// Where the second segment starts, or would.
  let second: Int
  /// Tokens of the row, framing tokens included.
  let used: Int
  private let isPair: Bool

  init(_ frame: borrowing Frame, template: Vocabulary.Template, isPaired: Bool) {
    isPair = isPaired && frame.pieces.count == 2
    firstCount = isPair ? frame.pieces[1].start : frame.tokens.count
    first = template.prefix.count
    second = first + firstCount + (isPair ? template.infix.count : 0)
    used = second + (frame.tokens.count - firstCount) + template.suffix.count
  }

  func place(
    _ tokens: [TokenID], _ template: Vocabulary.Template, padID: TokenID,
    in row: UnsafeMutableBufferPointer<TokenID>
  ) {
    _ = row.update(fromContentsOf: template.prefix)
    _ = row[first...].update(fromContentsOf: tokens[0..<firstCount])
    if isPair {
      _ = row[(first + firstCount)...].update(fromContentsOf: template.infix)
      _ = row[second...].update(fromContentsOf: tokens[firstCount...])
    }
    _ = row[(used - template.suffix.count)...].update(fromContentsOf: template.suffix)
    row[used...].update(repeating: padID)
  }
}

/// The positions of a row that may be selected, and the words they form.
struct Candidates {
  /// Positions in the row, ascending.
  let positions: UnsafeMutableBufferPointer<UInt32>
  /// One mark a candidate, or one a word when words are grouped.
  let marks: UnsafeMutableBufferPointer<UInt8>
  /// Room for an order of the words.
  let order: UnsafeMutableBufferPointer<UInt32>
  /// The first candidate of each word, and at the end their number; empty without words.
  private let words: UnsafeMutableBufferPointer<UInt32>

  var count: Int { positions.count }

  /// Every token that is not special. A word ends at a word start, a special token, and the end
  /// of a segment.
  init(
    _ frame: borrowing Frame, _ layout: RowLayout, _ vocabulary: Vocabulary, groupsWords: Bool,
    scratch: Scratch
  ) {
    let total = frame.tokens.count
    let positions = scratch.positions.prefix(total)
    // Words, their end, and behind them room for their order.
    let words = scratch.words.prefix(groupsWords ? 2 * total + 1 : 0)
    let wordStarts = frame.wordStarts
    let tokens = frame.tokens
    var count = 0
    var wordCount = 0
    vocabulary.withSpecialFlags { special in
      tokens.withUnsafeBufferPointer { tokens in
        if !groupsWords {
          let gap = layout.second &- layout.first &- layout.firstCount
          for index in 0..<total {
            let token = Int(tokens[index])
            let position = layout.first &+ index &+ (index < layout.firstCount ? 0 : gap)
            positions[count] = UInt32(truncatingIfNeeded: position)
            count &+= token < special.count && special[token] ? 0 : 1
          }
          return
        }
        var isOpen = false
        for index in 0..<total {
          let token = Int(tokens[index])
          if token < special.count, special[token] {
            isOpen = false
            continue
          }
          if !isOpen || index == layout.firstCount || wordStarts[index] {
            words[wordCount] = UInt32(truncatingIfNeeded: count)
            wordCount &+= 1
          }
          isOpen = true
          let start = index < layout.firstCount ? layout.first : layout.second &- layout.firstCount
          positions[count] = UInt32(truncatingIfNeeded: start &+ index)
          count &+= 1
        }
      }
    }
    self.positions = UnsafeMutableBufferPointer(rebasing: positions[0..<count])
    if groupsWords {
      words[wordCount] = UInt32(truncatingIfNeeded: count)
      self.words = UnsafeMutableBufferPointer(rebasing: words[0...wordCount])
      order = UnsafeMutableBufferPointer(
        rebasing: words[(wordCount + 1)..<(2 * wordCount + 1)])
    } else {
      self.words = words
      order = words
    }
    marks = scratch.marks.prefix(groupsWords ? wordCount : count)
  }

  /// The candidates of a word.
  func range(ofWord word: Int) -> Range<Int> {
    Int(words[word])..<Int(words[word &+ 1])
  }
}
