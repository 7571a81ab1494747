// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Tokens with the marks of word starts beside them.
private struct Text {
  let tokens: UnsafeMutableBufferPointer<TokenID>
  /// 1 where a word starts; every token is one where no words are needed.
  let words: UnsafeMutableBufferPointer<UInt8>?
}

extension BlockNoise {
  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, into out: inout ExampleBuilder
  ) {
    let scratch = out.scratch
    let count = frame.tokens.count
    var arrangement = random.stream(.arrangement, frame: frame.ordinal)
    let text = arrange(frame, &arrangement, scratch)
    if permuted > 0, frame.sentenceStarts.count < 2 { out.tally.add(of: .singleSentenceRows) }
    // Never longer than the row, nor, for lack of room, than the text.
    let input = scratch.inputs.prefix(prefix.count + max(room, count) + suffix.count)
    let body = UnsafeMutableBufferPointer(rebasing: input[prefix.count...])
    let written = mask(text, into: body, frame.ordinal, random, scratch, tally: &out.tally)
    if rotated.threshold > 0, arrangement.bernoulli(rotated), written > 0 {
      Self.rotate(
        UnsafeMutableBufferPointer(rebasing: body[0..<written]),
        by: arrangement.uniform(below: written), scratch)
    }
    let target = scratch.outputs.prefix(prefix.count + count + suffix.count)
    _ = target[prefix.count...].update(fromContentsOf: frame.tokens)
    for (index, token) in prefix.enumerated() {
      input[index] = token
      target[index] = token
    }
    for (index, token) in suffix.enumerated() {
      body[written + index] = token
      target[prefix.count + count + index] = token
    }
    pair.write(
      UnsafeMutableBufferPointer(rebasing: input[0..<(prefix.count + written + suffix.count)]),
      target, into: &out)
  }

  // MARK: Order

  /// Copies the text, its sentences in a new order.
  private func arrange(
    _ frame: borrowing Frame, _ stream: inout RandomStream, _ scratch: Scratch
  ) -> Text {
    let source = frame.tokens
    let tokens = scratch.picked.prefix(source.count)
    let wordStarts = frame.wordStarts
    let words = wordStarts.isEmpty ? nil : scratch.marks.prefix(source.count)
    let starts = frame.sentenceStarts
    guard permuted > 0, starts.count > 1 else {
      _ = tokens.update(fromContentsOf: source)
      if let words {
        for index in words.indices { words[index] = wordStarts[index] ? 1 : 0 }
        words[0] = 1
      }
      return Text(tokens: tokens, words: words)
    }
    let order = sentenceOrder(starts.count, &stream, scratch)
    var next = 0
    for sentence in order {
      let start = starts[Int(sentence)]
      let end = Int(sentence) + 1 < starts.count ? starts[Int(sentence) + 1] : source.count
      for index in start..<end {
        tokens[next &+ index &- start] = source[index]
        if let words { words[next &+ index &- start] = wordStarts[index] ? 1 : 0 }
      }
      if let words { words[next] = 1 }
      next += end - start
    }
    return Text(tokens: tokens, words: words)
  }

  /// The chosen sentences permuted among their own places.
  private func sentenceOrder(
    _ count: Int, _ stream: inout RandomStream, _ scratch: Scratch
  ) -> UnsafeMutableBufferPointer<UInt32> {
    let order = scratch.positions.prefix(count)
    for index in order.indices { order[index] = UInt32(truncatingIfNeeded: index) }
    let chosen = min(count, Int((Double(count) * permuted).rounded(.up)))
    let places = scratch.words.prefix(count)
    if chosen == count {
      _ = places.update(fromContentsOf: order)
    } else {
      let marks = scratch.gaps.prefix(count)
      marks.update(repeating: 0)
      stream.markSubset(ofSize: chosen, in: marks)
      var next = 0
      for index in marks.indices where marks[index] != 0 {
        places[next] = UInt32(truncatingIfNeeded: index)
        next += 1
      }
    }
    var last = chosen - 1
    while last > 0 {
      let other = stream.uniform(below: last + 1)
      order.swapAt(Int(places[last]), Int(places[other]))
      last -= 1
    }
    return order
  }

  /// Rotates so that the item at `offset` comes first.
  private static func rotate(
    _ text: UnsafeMutableBufferPointer<TokenID>, by offset: Int, _ scratch: Scratch
  ) {
    guard offset > 0 else { return }
    let head = scratch.originals.prefix(offset)
    _ = head.update(fromContentsOf: text[0..<offset])
    let rest = text.count - offset
    for index in 0..<rest { text[index] = text[index &+ offset] }
    _ = text[rest...].update(fromContentsOf: head)
  }

  // MARK: Masks

  private func mask(
    _ text: Text, into body: UnsafeMutableBufferPointer<TokenID>, _ ordinal: UInt32,
    _ random: RandomStreams, _ scratch: Scratch, tally: inout Tally
  ) -> Int {
    if case .nothing = masking { return body.update(fromContentsOf: text.tokens) }
    // Where each word starts, and at the end where the text ends.
    let starts = scratch.words.prefix(text.tokens.count + 1)
    var units = 0
    for index in text.tokens.indices where text.words.map({ $0[index] != 0 }) ?? true {
      starts[units] = UInt32(truncatingIfNeeded: index)
      units &+= 1
    }
    starts[units] = UInt32(truncatingIfNeeded: text.tokens.count)
    var draw = random.stream(.mask, frame: ordinal)
    var writer = BlockWriter(
      text: text.tokens, starts: UnsafeBufferPointer(rebasing: starts[0...units]), body: body,
      maskID: maskID, random: self.random,
      replacement: random.stream(.replacement, frame: ordinal))
    let budget = budget(units)
    return vocabulary.ordinary.withUnsafeBufferPointer { ordinary in
      switch masking {
      case .nothing: break
      case .mask, .delete:
        let marks = scratch.gaps.prefix(units)
        marks.update(repeating: 0)
        draw.markSubset(ofSize: budget, in: marks)
        var deletes = false
        if case .delete = masking { deletes = true }
        for unit in 0..<units {
          if marks[unit] == 0 {
            writer.keep(unit)
          } else if !deletes {
            writer.writeMask(of: unit, ordinary)
          }
        }
      case .infill(let lengths, let overlaps):
        let spans = SpanDraw(budget: budget, lengths: lengths, &draw, scratch)
        if overlaps {
          writer.overlap(spans, room: room, ordinary, &draw, scratch, tally: &tally)
        } else {
          writer.infill(spans, room: room, ordinary, &draw, scratch, tally: &tally)
        }
      }
      return writer.count
    }
  }
}

/// The span lengths of a row, zeros among them, that sum to the budget.
struct SpanDraw {
  let lengths: UnsafeMutableBufferPointer<Int>
  let zeros: Int
  let total: Int

  /// Draws lengths until their sum reaches the budget and cuts the last; it changes places with a
  /// random one, so that no place has a law of its own.
  init(
    budget: Int, lengths distribution: DiscreteDistribution, _ stream: inout RandomStream,
    _ scratch: Scratch
  ) {
    // More zeros than this are never drawn in practice, and are left out.
    let most = 8 * budget + 64
    let buffer = scratch.noise.prefix(budget + most)
    var count = 0
    var zeros = 0
    var sum = 0
    while sum < budget {
      let length = min(stream.next(distribution), budget - sum)
      if length == 0 {
        if zeros == most { continue }
        zeros += 1
      }
      buffer[count] = length
      count += 1
      sum += length
    }
    if count > 1 { buffer.swapAt(count - 1, stream.uniform(below: count)) }
    lengths = UnsafeMutableBufferPointer(rebasing: buffer[0..<count])
    self.zeros = zeros
    total = budget
  }

  /// Keeps at most so many zeros, the first of them, and says how many spans are left.
  func keepingZeros(_ most: Int) -> Int {
    guard zeros > most else { return lengths.count }
    var kept = 0
    var count = 0
    for length in lengths {
      if length == 0 {
        if kept == most { continue }
        kept += 1
      }
      lengths[count] = length
      count += 1
    }
    return count
  }
}
