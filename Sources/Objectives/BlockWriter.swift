// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Writes a corrupted block word by word.
struct BlockWriter {
  let text: UnsafeMutableBufferPointer<TokenID>
  /// Where each word starts, and at the end where the text ends.
  let starts: UnsafeBufferPointer<UInt32>
  let body: UnsafeMutableBufferPointer<TokenID>
  let maskID: TokenID
  let random: Probability
  var replacement: RandomStream
  var count = 0

  init(
    text: UnsafeMutableBufferPointer<TokenID>, starts: UnsafeBufferPointer<UInt32>,
    body: UnsafeMutableBufferPointer<TokenID>, maskID: TokenID, random: Probability,
    replacement: RandomStream
  ) {
    self.text = text
    self.starts = starts
    self.body = body
    self.maskID = maskID
    self.random = random
    self.replacement = replacement
  }

  var units: Int { starts.count - 1 }

  /// Copies a word.
  @inline(__always)
  mutating func keep(_ unit: Int) {
    for index in Int(starts[unit])..<Int(starts[unit &+ 1]) {
      body[count] = text[index]
      count &+= 1
    }
  }

  /// A mask, or a random token in its place.
  @inline(__always)
  mutating func writeMask(_ ordinary: UnsafeBufferPointer<TokenID>) {
    body[count] = maskID
    if random.threshold > 0, replacement.bernoulli(random) {
      body[count] = ordinary[replacement.uniform(below: ordinary.count)]
    }
    count &+= 1
  }

  /// The mask of one word; a random token differs from the word's first.
  @inline(__always)
  mutating func writeMask(of unit: Int, _ ordinary: UnsafeBufferPointer<TokenID>) {
    body[count] = maskID
    if random.threshold > 0, replacement.bernoulli(random) {
      body[count] = replacement.token(otherThan: text[Int(starts[unit])], of: ordinary)
    }
    count &+= 1
  }

  /// Spans that never share a word, in a uniformly drawn arrangement with the words that stay.
  mutating func infill(
    _ spans: SpanDraw, room: Int, _ ordinary: UnsafeBufferPointer<TokenID>,
    _ stream: inout RandomStream, _ scratch: Scratch, tally: inout Tally
  ) {
    // Every removed word is at least one token, so this many inserted masks fit for certain.
    let spare = room - text.count + spans.total - (spans.lengths.count - spans.zeros)
    let kept = spans.keepingZeros(max(0, spare))
    tally.add(spans.lengths.count - kept, of: .droppedInsertions)
    let places = scratch.gaps.prefix(units - spans.total + kept)
    places.update(repeating: 0)
    stream.markSubset(ofSize: kept, in: places)
    var unit = 0
    var span = 0
    for place in places.indices {
      if places[place] == 0 {
        keep(unit)
        unit &+= 1
      } else {
        writeMask(ordinary)
        unit &+= spans.lengths[span]
        span &+= 1
      }
    }
  }

  /// The published placement: starts without replacement, spans that run into each other or over
  /// the end, insertions anywhere in the result.
  mutating func overlap(
    _ spans: SpanDraw, room: Int, _ ordinary: UnsafeBufferPointer<TokenID>,
    _ stream: inout RandomStream, _ scratch: Scratch, tally: inout Tally
  ) {
    let nonzero = spans.lengths.count - spans.zeros
    let marks = scratch.gaps.prefix(units)
    marks.update(repeating: 0)
    stream.markSubset(ofSize: nonzero, in: marks)
    // What is kept and what is masked, then the insertions.
    let result = scratch.clean.prefix(units)
    var results = 0
    var tokens = 0
    var covered = 0
    var span = 0
    for unit in 0..<units {
      if marks[unit] != 0 {
        while spans.lengths[span] == 0 { span &+= 1 }
        // A start that an earlier span covers has no mask of its own.
        if covered <= unit {
          result[results] = -1
          results &+= 1
          tokens &+= 1
        }
        covered = max(covered, unit &+ spans.lengths[span])
        span &+= 1
      } else if covered <= unit {
        result[results] = unit
        results &+= 1
        tokens &+= Int(starts[unit &+ 1] &- starts[unit])
      }
    }
    let zeros = min(spans.zeros, max(0, room - tokens))
    tally.add(spans.zeros - zeros, of: .droppedInsertions)
    let places = scratch.gaps.prefix(results + zeros)
    places.update(repeating: 0)
    stream.markSubset(ofSize: zeros, in: places)
    var next = 0
    for place in places.indices {
      if places[place] != 0 {
        writeMask(ordinary)
      } else {
        if result[next] < 0 { writeMask(ordinary) } else { keep(result[next]) }
        next &+= 1
      }
    }
  }
}
