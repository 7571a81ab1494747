// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension ReplacedTokens {
  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) throws(ObjectiveError) {
    let tokens = frame.tokens
    let used = template.prefix.count + tokens.count + template.suffix.count
    let total = padding == .fixed ? length : used
    let scratch = out.scratch
    var stream = random.stream(.mask, frame: frame.ordinal)
    let picked = select(tokens, used: used, scratch, &stream)
    var replacementStream = random.stream(.replacement, frame: frame.ordinal)

    var replaced = 0
    switch form {
    case .discriminator:
      guard let proposal = services.proposal else {
        throw ObjectiveError(
          .missingInput, objective: Self.descriptor.name, subject: "proposal",
          "nothing proposes replacements")
      }
      let samples = scratch.originals.prefix(picked.count)
      tokens.withUnsafeBufferPointer {
        proposal.propose(
          for: UnsafeBufferPointer(picked), in: $0, random: &replacementStream, into: samples)
      }
      out.tokenIDs(0, count: total) { row in
        place(tokens, in: row)
        for (index, position) in picked.enumerated() {
          row[template.prefix.count &+ Int(position)] = samples[index]
        }
      }
      out.bytes(1, count: total) { row in
        for (index, position) in picked.enumerated()
        where samples[index] != tokens[Int(position)] {
          row[template.prefix.count &+ Int(position)] = 1
          replaced &+= 1
        }
      }
      out.tally.lossTokens += used
      out.tally.add(picked.count, of: .proposedTokens)
      out.tally.add(picked.count - replaced, of: .proposalsEqualToOriginal)
    case .generatorInputs:
      out.tokenIDs(0, count: total) { row in
        place(tokens, in: row)
        for position in picked where replacementStream.bernoulli(maskThreshold) {
          row[template.prefix.count &+ Int(position)] = maskID
        }
      }
      out.integers(1, count: total) { row in
        row.update(repeating: Column.ignoredLabel)
        for position in picked {
          row[template.prefix.count &+ Int(position)] = Int32(
            truncatingIfNeeded: tokens[Int(position)])
        }
      }
      replaced = picked.count
      out.tally.lossTokens += picked.count
    }
    if let originals {
      out.tokenIDs(originals, count: total) { place(tokens, in: $0) }
    }
    if let attention { out.mask(attention, ones: used, count: total) }
    out.tally.inputTokens += used
    out.tally.inputPadding += total - used
    if replaced == 0 { out.tally.add(of: .rowsWithoutLoss) }
    out.endRow()
  }

  private func place(_ tokens: [TokenID], in row: UnsafeMutableBufferPointer<TokenID>) {
    _ = row.update(fromContentsOf: template.prefix)
    let end = template.prefix.count + tokens.count
    _ = row[template.prefix.count...].update(fromContentsOf: tokens)
    _ = row[end...].update(fromContentsOf: template.suffix)
    row[(end + template.suffix.count)...].update(repeating: padID)
  }

  /// Positions in `tokens` that are selected, ascending.
  private func select(
    _ tokens: [TokenID], used: Int, _ scratch: Scratch, _ stream: inout RandomStream
  ) -> UnsafeMutableBufferPointer<UInt32> {
    let candidates = scratch.positions.prefix(tokens.count)
    var count = 0
    vocabulary.withSpecialFlags { special in
      for index in tokens.indices {
        let token = Int(tokens[index])
        candidates[count] = UInt32(truncatingIfNeeded: index)
        count &+= token < special.count && special[token] ? 0 : 1
      }
    }
    let budget = budget(candidates: count, used: used)
    let marks = scratch.marks.prefix(count)
    marks.update(repeating: 0)
    switch positions {
    case .distinct:
      stream.markSubset(ofSize: budget, in: marks)
    case .repeated:
      for _ in 0..<budget { marks[stream.uniform(below: count)] = 1 }
    case .windows:
      for index in 0..<budget {
        let start = index &* window
        marks[start &+ stream.uniform(below: min(window, count &- start))] = 1
      }
    }
    var selected = 0
    for index in 0..<count where marks[index] != 0 {
      candidates[selected] = candidates[index]
      selected &+= 1
    }
    return UnsafeMutableBufferPointer(rebasing: candidates[0..<selected])
  }
}
