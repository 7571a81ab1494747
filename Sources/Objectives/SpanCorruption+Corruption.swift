// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension SpanCorruption {
  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    var stream = random.stream(.mask, frame: frame.ordinal)
    let tokens = frame.tokens
    let scratch = out.scratch
    if tokens.count == tokensLength, fullCounts.spans < wantedSpans {
      out.tally.add(of: .clampedRows)
    }
    if !rolls, separator == nil, tokens.count > 1 {
      let counts = counts(tokens.count)
      let spans = SpanParts(counts, clean: tokens.count - counts.noise, &stream, scratch)
      write(
        &out, inputs: tokens.count - counts.noise + counts.spans,
        targets: counts.noise + counts.spans,
        fillInputs: { spans.writeInputs(of: tokens, sentinels, into: $0) },
        fillTargets: { spans.writeTargets(of: tokens, sentinels, into: $0) })
      return
    }
    let marks = scratch.marks.prefix(tokens.count)
    drawMask(frame, marks, &stream, scratch, tally: &out.tally)
    let mask = UnsafeBufferPointer(marks)
    // Room for the longest outcome: every token in its own run.
    let inputs = scratch.picked.prefix(tokens.count + 1)
    let targets = scratch.originals.prefix(2 * tokens.count + 1)
    let written = tokens.withUnsafeBufferPointer { tokens in
      let inputs = Sentinels.replaceRuns(
        marked: 1, in: tokens, mask, sentinels: sentinels, into: inputs)
      let targets =
        rolls || separator != nil
        ? Sentinels.numberedTargets(of: tokens, mask, sentinels: sentinels, into: targets)
        : Sentinels.replaceRuns(marked: 0, in: tokens, mask, sentinels: sentinels, into: targets)
      return (inputs: inputs, targets: targets)
    }
    write(
      &out, inputs: written.inputs, targets: written.targets,
      fillInputs: { _ = $0.update(fromContentsOf: inputs[0..<written.inputs]) },
      fillTargets: { row in
        for index in row.indices { row[index] = Int32(truncatingIfNeeded: targets[index]) }
      })
  }

  /// How often a mask is drawn again because it covers a separator.
  static let attempts = 64

  /// Draws the mask of a row that rolls or has separators.
  private func drawMask(
    _ frame: borrowing Frame, _ marks: UnsafeMutableBufferPointer<UInt8>,
    _ stream: inout RandomStream, _ scratch: Scratch, tally: inout Tally
  ) {
    let pieces = frame.pieces
    let count = marks.count
    // Without a roll the mask ends in noise, so a separator at the end stays outside of it.
    let endsInSeparator = separator != nil && pieces.last.map { $0.end < count } ?? false
    let clean = endsInSeparator && !rolls ? 1 : 0
    let counts = counts(count, clean: clean)
    marks.update(repeating: 0)
    guard counts.noise > 0, counts.spans > 0 else { return }
    for _ in 0..<Self.attempts {
      let spans = SpanParts(counts, clean: count - clean - counts.noise, &stream, scratch)
      let offset = rolls ? stream.uniform(below: count) : 0
      spans.mark(marks, offset: offset)
      if separator == nil || !Self.coversSeparator(marks, pieces) { return }
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

  /// Appends a row: both sides, EOS behind each, padding behind that.
  private func write(
    _ out: inout ExampleBuilder, inputs: Int, targets: Int,
    fillInputs: (UnsafeMutableBufferPointer<TokenID>) -> Void,
    fillTargets: (UnsafeMutableBufferPointer<Int32>) -> Void
  ) {
    let inputCount = padding == .fixed ? length : inputs + 1
    out.tokenIDs(0, count: inputCount) { row in
      fillInputs(UnsafeMutableBufferPointer(rebasing: row[0..<inputs]))
      row[inputs] = eos
      row[(inputs + 1)...].update(repeating: padID)
    }
    // Only the published arithmetic makes targets that do not fit.
    let kept = min(targets, targetsLength - 1)
    let targetCount = padding == .fixed ? targetsLength : kept + 1
    if kept < targets {
      out.tally.add(targets - kept, of: .truncatedTargetTokens)
    }
    let overflow = kept < targets ? out.scratch.targets.prefix(targets) : nil
    out.integers(1, count: targetCount) { row in
      if let overflow {
        fillTargets(overflow)
        _ = row.update(fromContentsOf: overflow[0..<kept])
      } else {
        fillTargets(UnsafeMutableBufferPointer(rebasing: row[0..<targets]))
      }
      row[kept] = Int32(truncatingIfNeeded: eos)
      row[(kept + 1)...].update(repeating: Column.ignoredLabel)
    }
    if let attention { out.mask(attention, ones: inputs + 1, count: inputCount) }
    out.tally.inputTokens += inputs + 1
    out.tally.inputPadding += inputCount - inputs - 1
    out.tally.lossTokens += kept + 1
    out.tally.targetPadding += targetCount - kept - 1
    out.endRow()
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

  func writeInputs(
    of tokens: [TokenID], _ sentinels: [TokenID], into row: UnsafeMutableBufferPointer<TokenID>
  ) {
    tokens.withUnsafeBufferPointer { tokens in
      var source = 0
      var target = 0
      for span in noise.indices {
        for index in 0..<clean[span] { row[target &+ index] = tokens[source &+ index] }
        target &+= clean[span]
        row[target] = sentinels[span]
        target &+= 1
        source &+= clean[span] &+ noise[span]
      }
    }
  }

  func writeTargets(
    of tokens: [TokenID], _ sentinels: [TokenID], into row: UnsafeMutableBufferPointer<Int32>
  ) {
    tokens.withUnsafeBufferPointer { tokens in
      var source = 0
      var target = 0
      for span in noise.indices {
        source &+= clean[span]
        row[target] = Int32(truncatingIfNeeded: sentinels[span])
        target &+= 1
        for index in 0..<noise[span] {
          row[target &+ index] = Int32(truncatingIfNeeded: tokens[source &+ index])
        }
        target &+= noise[span]
        source &+= noise[span]
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
