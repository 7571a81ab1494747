// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension IIDNoise {
  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    var mask = random.stream(.mask, frame: frame.ordinal)
    var replacement = random.stream(.replacement, frame: frame.ordinal)
    let count = frame.tokens.count
    let scratch = out.scratch
    let marks = scratch.marks.prefix(count)
    let sources = scratch.inputs.prefix(count + 1)
    let results = scratch.outputs.prefix(2 * count + 1)
    frame.tokens.withUnsafeBufferPointer { tokens in
      let clamped = draw(marks, tokens, &mask)
      if clamped > 0 {
        out.tally.add(of: .clampedRows)
        out.tally.add(clamped, of: .clampedTokens)
      }
      let noise = UnsafeBufferPointer(marks)
      let inputCount = writeInput(sources, tokens, noise, &replacement)
      let targetCount = writeTarget(results, tokens, noise)
      sources[inputCount] = eos
      results[targetCount] = eos
      pair.write(
        UnsafeMutableBufferPointer(rebasing: sources[0...inputCount]),
        UnsafeMutableBufferPointer(rebasing: results[0...targetCount]), into: &out)
    }
  }

  /// Draws the noise; what has no sentinel or no room in the target stays clean.
  ///
  /// - Returns: How many tokens stayed clean for that.
  private func draw(
    _ marks: UnsafeMutableBufferPointer<UInt8>, _ tokens: UnsafeBufferPointer<TokenID>,
    _ stream: inout RandomStream
  ) -> Int {
    let room = targets == .full ? Int.max : pair.targetsLength - 1
    let most = inputs == .spans ? vocabulary.sentinels.count : Int.max
    let sentinel = targets == .spans ? 1 : 0
    var used = 0
    var runs = 0
    var isOpen = false
    var clamped = 0
    for index in tokens.indices {
      marks[index] = 0
      if let separator, tokens[index] == separator {
        isOpen = false
        continue
      }
      guard stream.bernoulli(noise) else {
        isOpen = false
        continue
      }
      let cost = isOpen ? 1 : 1 &+ sentinel
      if clamped > 0 || used &+ cost > room || !isOpen && runs == most {
        clamped &+= 1
        isOpen = false
        continue
      }
      if !isOpen { runs &+= 1 }
      used &+= cost
      marks[index] = 1
      isOpen = true
    }
    return clamped
  }

  private func writeInput(
    _ row: UnsafeMutableBufferPointer<TokenID>, _ tokens: UnsafeBufferPointer<TokenID>,
    _ noise: UnsafeBufferPointer<UInt8>, _ stream: inout RandomStream
  ) -> Int {
    switch inputs {
    case .spans:
      return Sentinels.replaceRuns(
        marked: 1, in: tokens, noise, sentinels: vocabulary.sentinels, into: row)
    case .same:
      return Sentinels.replaceRuns(
        marked: 1, in: tokens, noise, sentinels: [vocabulary.sentinels[0]], into: row)
    case .drop:
      return Sentinels.keep(marked: 0, of: tokens, noise, into: row)
    case .tokens:
      let sentinel = vocabulary.sentinels[0]
      return vocabulary.ordinary.withUnsafeBufferPointer { ordinary in
        for index in tokens.indices {
          var token = tokens[index]
          if noise[index] != 0 {
            token =
              random.threshold > 0 && stream.bernoulli(random)
              ? stream.token(otherThan: token, of: ordinary) : sentinel
          }
          row[index] = token
        }
        return tokens.count
      }
    }
  }

  private func writeTarget(
    _ row: UnsafeMutableBufferPointer<TokenID>, _ tokens: UnsafeBufferPointer<TokenID>,
    _ noise: UnsafeBufferPointer<UInt8>
  ) -> Int {
    switch targets {
    case .spans:
      let sentinels = inputs == .spans ? vocabulary.sentinels : [vocabulary.sentinels[0]]
      return Sentinels.numberedTargets(of: tokens, noise, sentinels: sentinels, into: row)
    case .drop:
      return Sentinels.keep(marked: 1, of: tokens, noise, into: row)
    case .full:
      return row.update(fromContentsOf: tokens)
    }
  }

  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    guard let sides = pair.sides(&check) else { return check.faults }
    guard sides.input.last == Int64(eos), sides.target.last == Int64(eos) else {
      let column = sides.target.last == Int64(eos) ? "input_ids" : "labels"
      check.fault("eos", column, "\(column) do not end with EOS (\(eos))")
      return check.faults
    }
    if inputs == .spans, targets == .spans {
      checkSpans(&check, sides)
    } else {
      checkSource(&check, sides.input.dropLast(), sides.target.dropLast())
    }
    return check.faults
  }

  private func checkSpans(_ check: inout RowCheck, _ sides: SequencePair.Sides) {
    guard
      let spans = SpanSides(
        &check, sides, eos: eos, inputEndsInEOS: true, sentinels: vocabulary.sentinels,
        isSentinel: isSentinel)
    else { return }
    if spans.targets.text > 0, !spans.targets.startsWithSentinel {
      check.fault("target-start", "labels", at: 0, "labels do not start with a sentinel")
    }
    if spans.inputs.sentinels != spans.targets.sentinels {
      check.fault(
        "sentinel-sets", "labels",
        "\(spans.inputs.sentinels) sentinels in input_ids, \(spans.targets.sentinels) in labels")
    }
    checkLength(&check, spans.total)
  }

  /// Checks the sides where sentinels do not number runs.
  private func checkSource(
    _ check: inout RowCheck, _ input: ArraySlice<Int64>, _ target: ArraySlice<Int64>
  ) {
    let isSentinel: (Int64) -> Bool = { self.isSentinel[Int($0)] }
    if inputs == .drop || inputs == .same,
      let position = input.firstIndex(where: {
        isSentinel($0) && (inputs == .drop || $0 != Int64(vocabulary.sentinels[0]))
      })
    {
      check.fault("sentinel", "input_ids", at: position, "unexpected sentinel \(input[position])")
    }
    if targets != .spans, let position = target.firstIndex(where: isSentinel) {
      check.fault("sentinel", "labels", at: position, "unexpected sentinel \(target[position])")
    }
    guard check.faults.isEmpty else { return }
    switch (inputs, targets) {
    case (.tokens, .full):
      guard input.count == target.count else {
        check.fault(
          "source-length", "input_ids",
          "\(input.count) tokens of input for \(target.count) of target")
        return
      }
      let mask = Int64(vocabulary.sentinels[0])
      for (position, pair) in zip(input.indices, zip(input, target))
      where pair.0 != pair.1 && pair.0 != mask {
        let isDrawn =
          random.threshold > 0
          && !vocabulary.isSpecial(TokenID(truncatingIfNeeded: pair.0))
        if !isDrawn {
          check.fault(
            "replacement", "input_ids", at: position,
            "id \(pair.0) where \(pair.1) or a mask (\(mask)) is expected")
          return
        }
      }
      checkLength(&check, target.count)
    case (_, .full):
      let isSource =
        inputs == .drop
        ? Wildcards.isSubsequence(input, of: target)
        : Wildcards.match(input, target, minimum: 1, isWildcard: isSentinel)
      if !isSource {
        check.fault("source", "input_ids", "input_ids are not the labels with noise taken out")
      }
      checkLength(&check, target.count)
    case (.tokens, _):
      checkLength(&check, input.count)
    default:
      checkLength(&check, input.count { !isSentinel($0) } + target.count { !isSentinel($0) })
    }
  }

  private func checkLength(_ check: inout RowCheck, _ total: Int) {
    if total > window || tail == .drop && total != window {
      check.fault(
        "source-length", "input_ids",
        "\(total) source tokens in input_ids and labels, \(window) expected")
    }
  }
}

extension Sentinels {
  /// Copies the tokens with this mark: the original's `drop_noise_tokens` and, with 1, its
  /// `drop_nonnoise_tokens`.
  ///
  /// - Returns: How many ids were written.
  static func keep(
    marked: UInt8, of tokens: UnsafeBufferPointer<TokenID>, _ marks: UnsafeBufferPointer<UInt8>,
    into row: UnsafeMutableBufferPointer<TokenID>
  ) -> Int {
    var written = 0
    for index in tokens.indices where marks[index] == marked {
      row[written] = tokens[index]
      written &+= 1
    }
    return written
  }
}
