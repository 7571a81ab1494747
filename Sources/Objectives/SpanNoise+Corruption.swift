// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension SpanNoise {
  /// How often a mask is drawn again because it covers a separator.
  static let attempts = 64

  /// Draws the noise of a frame and writes both sides, without EOS.
  ///
  /// - Parameters:
  ///   - inputs: Room for two more than the frame's tokens.
  ///   - targets: Room for one more than twice the frame's tokens.
  /// - Returns: How many ids each side has.
  func corrupt(
    _ frame: borrowing Frame, _ stream: inout RandomStream, _ scratch: Scratch,
    inputs: UnsafeMutableBufferPointer<TokenID>, targets: UnsafeMutableBufferPointer<TokenID>,
    tally: inout Tally
  ) -> (inputs: Int, targets: Int) {
    let tokens = frame.tokens
    if tokens.count == tokensLength, isClamped { tally.add(of: .clampedRows) }
    if !rules.rolls, rules.separator == nil, tokens.count > 1 {
      let counts = counts(tokens.count)
      let spans = SpanParts(counts, clean: tokens.count - counts.noise, &stream, scratch)
      spans.write(tokens, rules.sentinels, inputs: inputs, targets: targets)
      return (tokens.count - counts.noise + counts.spans, counts.noise + counts.spans)
    }
    let marks = scratch.marks.prefix(tokens.count)
    drawMask(frame, marks, &stream, scratch, tally: &tally)
    let mask = UnsafeBufferPointer(marks)
    let isNumbered = rules.rolls || rules.separator != nil
    return tokens.withUnsafeBufferPointer { tokens in
      let inputs = Sentinels.replaceRuns(
        marked: 1, in: tokens, mask, sentinels: rules.sentinels, into: inputs)
      let targets =
        isNumbered
        ? Sentinels.numberedTargets(of: tokens, mask, sentinels: rules.sentinels, into: targets)
        : Sentinels.replaceRuns(
          marked: 0, in: tokens, mask, sentinels: rules.sentinels, into: targets)
      return (inputs, targets)
    }
  }

  /// Draws the mask of a row that rolls or has separators.
  private func drawMask(
    _ frame: borrowing Frame, _ marks: UnsafeMutableBufferPointer<UInt8>,
    _ stream: inout RandomStream, _ scratch: Scratch, tally: inout Tally
  ) {
    let pieces = frame.pieces
    let count = marks.count
    // Without a roll the mask ends in noise, so a separator at the end stays outside of it.
    let endsInSeparator = rules.separator != nil && pieces.last.map { $0.end < count } ?? false
    let clean = endsInSeparator && !rules.rolls ? 1 : 0
    let counts = counts(count, clean: clean)
    marks.update(repeating: 0)
    guard counts.noise > 0, counts.spans > 0 else { return }
    for _ in 0..<Self.attempts {
      let spans = SpanParts(counts, clean: count - clean - counts.noise, &stream, scratch)
      let offset = rules.rolls ? stream.uniform(below: count) : 0
      spans.mark(marks, offset: offset)
      if rules.separator == nil || !Self.coversSeparator(marks, pieces) { return }
    }
    tally.add(of: .separatorsInNoise)
  }

  private static func coversSeparator(
    _ marks: UnsafeMutableBufferPointer<UInt8>, _ pieces: [Piece]
  ) -> Bool {
    for (index, piece) in pieces.enumerated() {
      let end = index + 1 < pieces.count ? pieces[index + 1].start : marks.count
      if piece.end < end, marks[piece.end] != 0 { return true }
    }
    return false
  }
}

/// The lengths of alternating stretches: clean, noise, clean, noise, ….
struct SpanParts {
  private let noise: UnsafeMutableBufferPointer<Int>
  private let clean: UnsafeMutableBufferPointer<Int>

  /// Random compositions of noise and clean tokens into equally many parts; the noise is drawn
  /// first.
  init(_ counts: SpanCounts, clean total: Int, _ stream: inout RandomStream, _ scratch: Scratch) {
    noise = scratch.noise.prefix(counts.spans)
    clean = scratch.clean.prefix(counts.spans)
    let gaps = scratch.gaps.prefix(max(counts.noise, total))
    stream.composition(of: counts.noise, into: noise, scratch: gaps)
    stream.composition(of: total, into: clean, scratch: gaps)
  }

  /// Writes inputs and targets of tokens whose mask starts clean.
  func write(
    _ tokens: [TokenID], _ sentinels: [TokenID], inputs: UnsafeMutableBufferPointer<TokenID>,
    targets: UnsafeMutableBufferPointer<TokenID>
  ) {
    tokens.withUnsafeBufferPointer { tokens in
      var source = 0
      var input = 0
      var target = 0
      for span in noise.indices {
        for index in 0..<clean[span] { inputs[input &+ index] = tokens[source &+ index] }
        source &+= clean[span]
        input &+= clean[span]
        inputs[input] = sentinels[span]
        input &+= 1
        targets[target] = sentinels[span]
        target &+= 1
        for index in 0..<noise[span] { targets[target &+ index] = tokens[source &+ index] }
        source &+= noise[span]
        target &+= noise[span]
      }
    }
  }

  /// Marks the noise with 1s, rotated right by `offset`.
  func mark(_ marks: UnsafeMutableBufferPointer<UInt8>, offset: Int) {
    marks.update(repeating: 0)
    var position = offset
    for span in noise.indices {
      position &+= clean[span]
      for _ in 0..<noise[span] {
        marks[position >= marks.count ? position &- marks.count : position] = 1
        position &+= 1
      }
    }
  }
}
