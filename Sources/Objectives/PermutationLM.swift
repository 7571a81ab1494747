// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Permutation language modelling, `plm` (XLNet; Yang et al. 2019, arXiv 1906.08237 §2): targets are
/// predicted in a random order, each from all of the context and the targets before it. Nothing
/// moves and nothing is masked.
///
/// A row says the order by ranks: position i may see position j if rank j < rank i, or if the ranks
/// are equal and j is not a target. What `perm_mask` needs L × L numbers for follows from L.
final class PermutationLM: Objective {
  static let descriptor = Descriptor(
    name: "plm",
    summary: "Permutation language modelling: targets with ranks in a factorization order.",
    parameters: [
      .integer(
        "length", 512, in: 4...1_048_576, "Tokens in a row, framing tokens and padding included."),
      .integer(
        "context", 6, in: 1...1000,
        "One of so many candidates is a target: round-half-even(candidates / context), at least one;"
          + " an n-gram stands in a context of context × n words."),
      .integer(
        "predictions", 0, in: 0...1_048_576,
        "Exactly so many targets a row instead, where there are so many candidates; 0 for context."),
      .integer("max_ngram", 5, in: 1...64, "The most words in a target n-gram, P(n) ∝ 1/n."),
      .integer(
        "block", 0, in: 0...1_048_576,
        "Permute within blocks of so many positions, each seeing all of the blocks before it and"
          + " nothing of those after it; 0 for the whole row."),
      EncoderRows.packing(["sentences", "full-sentences", "document", "concatenate"]),
      EncoderRows.separator(
        ["auto", "sep", "eos", "bos", "cls", "none"],
        "With packing=full-sentences or concatenate: the role of the token between documents; auto"
          + " for the template's separator, else EOS."),
      .choice(
        "framing_tokens", ["auto", "roles", "none"],
        "Around the text: what the tokenizer itself adds, else [SEP] and [CLS] behind it; always"
          + " [SEP] and [CLS]; or nothing."),
      .pad,
      .documentOrder,
    ],
    presets: [
      Preset(
        name: "xlnet",
        note: "zihangdai/xlnet's data_utils.py: 85 targets of 512, permuted in blocks of 256."
          + " Not kept: rows of two segments behind a memory of 256 tokens, half of them random;"
          + " separate budgets of 43 and 42 for two halves; an n-gram of n tokens where n words are"
          + " meant; framing tokens that take part in the order.",
        settings: [
          Setting("predictions", "85"), Setting("block", "256"),
          Setting("packing", "full-sentences"), Setting("framing_tokens", "roles"),
        ])
    ],
    sources: [
      "Yang et al. 2019, arXiv 1906.08237 §2.2–2.5",
      "zihangdai/xlnet: data_utils.py",
    ],
    heads: ["XLNetLMHeadModel (perm_mask and target_mapping follow from the ranks)"])

  let parameters: ObjectiveParameters
  let framing: Framing
  let columns: [Column]
  let needs: Needs
  let facts: [Fact]
  let vocabulary: Vocabulary
  let rows: EncoderRows
  private let context: Int
  private let predictions: Int
  let block: Int
  private let lengths: DiscreteDistribution

  init(parameters: ObjectiveParameters, vocabulary: Vocabulary) throws(ObjectiveError) {
    var needs = Needs()
    var style = EncoderRows.Style()
    style.fallback = .sepCls
    style.carriesWordStarts = true
    rows = try EncoderRows(parameters, vocabulary, style, needs: &needs)
    needs.wordStarts = true
    context = try parameters.integer("context")
    predictions = try parameters.integer("predictions")
    block = try parameters.integer("block")
    lengths = .harmonic(maximum: try parameters.integer("max_ngram"))
    framing = rows.framing
    columns =
      [
        .inputIDs(rows.shape),
        Column(
          "target", .uint8, rows.shape, isModelInput: false,
          meaning: "1 where the token is predicted, 0 elsewhere and at padding."),
        Column(
          "factorization_rank", .int32, rows.shape, isModelInput: false,
          meaning: "The place in the order; position i sees j if rank j < rank i, or if they are"
            + " equal and j is no target; 0 at padding."),
      ] + rows.columns
    self.vocabulary = vocabulary
    self.parameters = parameters
    self.needs = needs
    facts = []
  }

  private func budget(_ candidates: Int) -> Int {
    if predictions > 0 { return min(predictions, candidates) }
    return min(candidates, max(1, Rounding.halfEven(Double(candidates) / Double(context))))
  }

  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    let layout = RowLayout(frame, rows)
    let total = rows.total(layout)
    let scratch = out.scratch
    let candidates = Candidates(
      frame, layout, vocabulary, Candidates.Rule(groupsWords: true), scratch: scratch)
    var stream = random.stream(.mask, frame: frame.ordinal)
    let marks = select(candidates, scratch, &stream)
    let tokens = frame.tokens
    out.tokenIDs(0, count: total) { layout.place(tokens, rows, in: $0) }
    // The positions of the targets, ascending.
    let targets = scratch.picked.prefix(candidates.count)
    var count = 0
    for index in marks.indices {
      targets[count] = candidates.positions[index]
      count &+= marks[index] == 0 ? 0 : 1
    }
    out.bytes(1, count: total) { row in
      for index in 0..<count { row[Int(targets[index])] = 1 }
    }
    var order = random.stream(.arrangement, frame: frame.ordinal)
    out.integers(2, count: total) { row in
      rank(targets[..<count], used: layout.used, in: row, &order)
    }
    rows.finish(frame, layout, firstColumn: 3, into: &out)
    out.tally.lossTokens += count
    if count == 0 { out.tally.add(of: .rowsWithoutLoss) }
    out.endRow()
  }

  /// n-grams from left to right, each somewhere in a context of its own, then single tokens at
  /// random until the budget is spent.
  private func select(
    _ candidates: Candidates, _ scratch: Scratch, _ stream: inout RandomStream
  ) -> UnsafeMutableBufferPointer<UInt8> {
    let marks = scratch.marks.prefix(candidates.count)
    marks.update(repeating: 0)
    var left = budget(candidates.count)
    var word = 0
    while left > 0, word < candidates.wordCount {
      let count = stream.next(lengths)
      let before = stream.uniform(below: count &* context)
      let first = word &+ before
      guard first &+ count <= candidates.wordCount else { break }
      var end = first &+ 1
      while end < first &+ count, !candidates.isBorder(end) { end &+= 1 }
      let range = candidates.start(ofWord: first)..<candidates.start(ofWord: end)
      if range.count <= left {
        UnsafeMutableBufferPointer(rebasing: marks[range]).update(repeating: 1)
        left &-= range.count
      }
      word = first &+ count &+ count &* context &- before
    }
    guard left > 0 else { return marks }
    let free = scratch.picked.prefix(candidates.count)
    var count = 0
    for index in marks.indices {
      free[count] = UInt32(truncatingIfNeeded: index)
      count &+= marks[index] == 0 ? 1 : 0
    }
    let chosen = scratch.gaps.prefix(count)
    chosen.update(repeating: 0)
    stream.markSubset(ofSize: min(left, count), in: chosen)
    for index in chosen.indices where chosen[index] != 0 { marks[Int(free[index])] = 1 }
    return marks
  }

  /// Ranks: in each block its context first, then its targets in random order.
  private func rank(
    _ targets: Slice<UnsafeMutableBufferPointer<UInt32>>, used: Int,
    in row: UnsafeMutableBufferPointer<Int32>, _ stream: inout RandomStream
  ) {
    var base: Int32 = 0
    var next = targets.startIndex
    var start = 0
    while start < used {
      let end = block == 0 ? used : min(used, start &+ block)
      row[start..<end].update(repeating: base)
      let first = next
      while next < targets.endIndex, Int(targets[next]) < end { next &+= 1 }
      var order = UnsafeMutableBufferPointer(rebasing: targets[first..<next])
      shuffle(&order, &stream)
      for index in order.indices {
        base &+= 1
        row[Int(order[index])] = base
      }
      base &+= 1
      start = end
    }
  }

  private func shuffle(
    _ order: inout UnsafeMutableBufferPointer<UInt32>, _ stream: inout RandomStream
  ) {
    var index = order.count &- 1
    while index > 0 {
      order.swapAt(index, stream.uniform(below: index &+ 1))
      index &-= 1
    }
  }
}

extension PermutationLM {
  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    guard let content = rows.check(&check, columns: columns, vocabulary: vocabulary),
      let ids = row["input_ids"], let targets = row["target"],
      let ranks = row["factorization_rank"], targets.count == ids.count, ranks.count == ids.count,
      let text = content.segments.first
    else { return check.faults }
    var candidates = 0
    var count = 0
    for position in ids.indices {
      let isTarget = targets[position] != 0
      if isTarget, targets[position] != 1 {
        check.fault(
          "target", "target", at: position, "target \(targets[position]), 0 or 1 expected")
        return check.faults
      }
      let isCandidate =
        text.contains(position) && ids[position] >= 0 && ids[position] < vocabulary.size
        && !vocabulary.isSpecial(TokenID(truncatingIfNeeded: ids[position]))
      if isTarget, !isCandidate {
        let what = position < content.used ? "a special token" : "padding"
        check.fault("target-on-special", "target", at: position, "\(what) is a target")
        return check.faults
      }
      candidates += isCandidate ? 1 : 0
      count += isTarget ? 1 : 0
    }
    if count != budget(candidates) {
      check.fault(
        "target-count", "target", "\(count) targets where \(budget(candidates)) are expected")
    }
    checkRanks(&check, targets: targets, ranks: ranks, used: content.used)
    return check.faults
  }

  /// In each block the context has the next rank, and the targets have those that follow, once
  /// each.
  private func checkRanks(
    _ check: inout RowCheck, targets: [Int64], ranks: [Int64], used: Int
  ) {
    var base: Int64 = 0
    var start = 0
    func fault(_ position: Int, _ expected: String) {
      check.fault(
        "factorization-rank", "factorization_rank", at: position,
        "rank \(ranks[position]) where \(expected)")
    }
    while start < used {
      let end = block == 0 ? used : min(used, start + block)
      let count = (start..<end).count { targets[$0] != 0 }
      var seen = [Bool](repeating: false, count: count)
      for position in start..<end {
        let rank = ranks[position]
        guard targets[position] != 0 else {
          if rank != base { return fault(position, "the context has \(base)") }
          continue
        }
        guard rank > base, rank <= base + Int64(count) else {
          return fault(position, "targets have \(base + 1) to \(base + Int64(count))")
        }
        if seen[Int(rank - base) - 1] { return fault(position, "another target has it") }
        seen[Int(rank - base) - 1] = true
      }
      base += Int64(count) + 1
      start = end
    }
    if let position = ranks[used...].firstIndex(where: { $0 != 0 }) {
      fault(position, "there is padding")
    }
  }
}
