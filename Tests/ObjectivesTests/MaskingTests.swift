// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

/// Masking units, counts, replacements and rates of `mlm`.
@Suite struct MaskingTests {
  private func unit(documents: Int = 100, seed: UInt64 = 61) throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: documents, seed: seed))
  }

  /// A word of a row: the positions of its tokens, and whether it continues what stands before.
  private struct Word {
    var positions: [Int]
    var isBorder: Bool
  }

  /// The words of a frame in a row `[CLS] x [SEP]`, found one token at a time.
  private func words(_ frame: Frame, _ vocabulary: Vocabulary) -> [Word] {
    var words: [Word] = []
    var isOpen = false
    for index in frame.tokens.indices {
      if frame.pieces.contains(where: { $0.start == index }) { isOpen = false }
      if vocabulary.isSpecial(frame.tokens[index]) {
        isOpen = false
        continue
      }
      if !isOpen || frame.wordStarts[index] {
        words.append(Word(positions: [], isBorder: !isOpen))
      }
      isOpen = true
      words[words.count - 1].positions.append(index + 1)
    }
    return words
  }

  private func selected(_ row: ExampleRow) throws -> [Int] {
    try #require(row["labels"]).indices.filter { row["labels"]?[$0] != -100 }
  }

  /// The published rule, written naively over sets, with the same draws; returns what was selected
  /// and the lengths that were drawn.
  private func spans(
    _ words: [Word], budget: Int, _ lengths: DiscreteDistribution, _ stream: inout RandomStream
  ) -> (Set<Int>, [Int]) {
    let candidates = words.flatMap(\.positions)
    var taken: Set<Int> = []
    var drawn: [Int] = []
    while taken.count < budget {
      let length = stream.next(lengths)
      let anchor = candidates[stream.uniform(below: candidates.count)]
      if taken.contains(anchor) { continue }
      drawn.append(length)
      var word = words.firstIndex { $0.positions.contains(anchor) } ?? 0
      for step in 0..<length where word < words.count && (step == 0 || !words[word].isBorder) {
        for position in words[word].positions where taken.count < budget { taken.insert(position) }
        word += 1
        if word < words.count, words[word].isBorder { break }
      }
    }
    return (taken, drawn)
  }

  private func ngrams(
    _ words: [Word], budget: Int, _ lengths: DiscreteDistribution, _ stream: inout RandomStream
  ) -> (Set<Int>, [Int]) {
    var order = Array(words.indices)
    var taken: Set<Int> = []
    var drawn: [Int] = []
    var left = budget
    for index in order.indices where left > 0 {
      order.swapAt(index, index + stream.uniform(below: order.count - index))
      var word = order[index]
      if taken.contains(word) || words[word].positions.count > left { continue }
      let length = stream.next(lengths)
      drawn.append(length)
      for step in 0..<length {
        guard word < words.count, !taken.contains(word), words[word].positions.count <= left,
          step == 0 || !words[word].isBorder
        else { break }
        taken.insert(word)
        left -= words[word].positions.count
        word += 1
      }
    }
    return (Set(taken.flatMap { words[$0].positions }), drawn)
  }

  @Test(arguments: [
    ("span", "sentences", "sep"), ("ngram", "sentences", "sep"),
    ("span", "full-sentences", "none"), ("ngram", "full-sentences", "sep"),
    ("span", "concatenate", "sep"), ("ngram", "concatenate", "none"),
  ])
  func spansAndNgramsAreThoseOfTheNaiveRule(
    masking: String, packing: String, separator: String
  ) throws {
    let vocabulary = try smallVocabulary()
    let objective = try make(
      "mlm",
      [
        "masking": masking, "packing": packing, "separator": separator, "length": "120",
        "rate": "0.3",
      ], vocabulary)
    let lengths: DiscreteDistribution =
      masking == "span" ? .geometric(success: 0.2, maximum: 10) : .harmonic(maximum: 3)
    let built = try build(objective, try unit())
    let random = try streams()
    for (row, frame) in zip(built.rows, built.frames) {
      let words = words(frame, vocabulary)
      let count = words.reduce(0) { $0 + $1.positions.count }
      let budget = max(1, Int((0.3 * Double(count)).rounded(.toNearestOrEven)))
      var stream = random.stream(.mask, frame: frame.ordinal)
      let (expected, _) =
        masking == "span"
        ? spans(words, budget: budget, lengths, &stream)
        : ngrams(words, budget: budget, lengths, &stream)
      #expect(try selected(row) == expected.sorted())
    }
  }

  /// The lengths as they are drawn, against their law: a false alarm in 10⁵ runs for each.
  @Test func drawnLengthsFollowTheirLaw() throws {
    let words = (0..<400).map { Word(positions: [$0], isBorder: $0 == 0) }
    for (isSpan, law) in [
      (true, DiscreteDistribution.geometric(success: 0.2, maximum: 10)),
      (false, .harmonic(maximum: 3)),
    ] {
      var drawn: [Int] = []
      for ordinal in UInt32(0)..<400 {
        var stream = try streams(seed: 63).stream(.mask, frame: ordinal)
        drawn +=
          isSpan
          ? spans(words, budget: 60, law, &stream).1 : ngrams(words, budget: 60, law, &stream).1
      }
      #expect(drawn.count > 5000)
      for length in 1...(isSpan ? 10 : 3) {
        expectShare(drawn.count { $0 == length }, of: drawn.count, law.probability(of: length))
      }
    }
  }

  @Test func publishedLengthLaws() {
    let span = DiscreteDistribution.geometric(success: 0.2, maximum: 10)
    let published = [
      0.2241, 0.1792, 0.1434, 0.1147, 0.0918, 0.0734, 0.0587, 0.0470, 0.0376, 0.0301,
    ]
    for (index, share) in published.enumerated() {
      #expect(abs(span.probability(of: index + 1) - share) < 0.00005)
    }
    let ngram = DiscreteDistribution.harmonic(maximum: 3)
    for (index, share) in [0.545455, 0.272727, 0.181818].enumerated() {
      #expect(abs(ngram.probability(of: index + 1) - share) < 0.0000005)
    }
  }

  /// round(0.15 × length), as the published script counts: [CLS] and [SEP] included.
  @Test(arguments: [(128, 19), (512, 77), (10, 2), (30, 4), (3, 1)])
  func publishedCounts(length: Int, count: Int) throws {
    let unit = try syntheticUnit(documents: [[length - 2]])
    let built = try build(try make("mlm", ["rate_base": "all"]), unit)
    #expect(try selected(built.rows[0]).count == min(count, length - 2))
  }

  @Test func spansFillTheBudgetExactly() throws {
    let built = try build(try make("mlm", ["preset": "spanbert", "length": "128"]), try unit())
    for (row, frame) in zip(built.rows, built.frames) {
      let exact = 0.15 * Double(frame.tokens.count)
      #expect(try selected(row).count == Int(exact.rounded(.up)))
    }
  }

  /// Each run of labels is masked, random or kept as one; counted once a run.
  @Test func aSpanIsReplacedAsOne() throws {
    let built = try build(
      try make("mlm", ["masking": "span", "length": "256"]), try unit(documents: 1000))
    var counts = [0, 0, 0]
    for row in built.rows {
      let ids = try #require(row["input_ids"])
      let labels = try #require(row["labels"])
      var kind: Int?
      for position in ids.indices {
        guard labels[position] != -100 else {
          kind = nil
          continue
        }
        let now = ids[position] == 6 ? 0 : ids[position] == labels[position] ? 2 : 1
        if let kind { #expect(kind == now, "a span is replaced in part") } else { counts[now] += 1 }
        kind = now
      }
    }
    let total = counts.reduce(0, +)
    #expect(total > 3000)
    for (count, share) in zip(counts, [0.8, 0.1, 0.1]) { expectShare(count, of: total, share) }
  }

  /// Words of an n-gram have a draw of their own; with `draw=token` so has each token.
  @Test(arguments: ["unit", "token"])
  func wordsOfNgramsAreReplacedAsWordsOrTokens(draw: String) throws {
    let built = try build(
      try make("mlm", ["masking": "ngram", "draw": draw]), try unit(documents: 300))
    var mixed = 0
    var counts = [0, 0, 0]
    let vocabulary = try smallVocabulary()
    for (row, frame) in zip(built.rows, built.frames) {
      let ids = try #require(row["input_ids"])
      let labels = try #require(row["labels"])
      for word in words(frame, vocabulary) where labels[word.positions[0]] != -100 {
        let kinds = word.positions.map { ids[$0] == 6 ? 0 : ids[$0] == labels[$0] ? 2 : 1 }
        #expect(word.positions.allSatisfy { labels[$0] != -100 })
        if Set(kinds).count > 1 { mixed += 1 }
        if draw == "unit" {
          counts[kinds[0]] += 1
        } else {
          for kind in kinds { counts[kind] += 1 }
        }
      }
    }
    #expect((mixed > 0) == (draw == "token"))
    let total = counts.reduce(0, +)
    #expect(total > 2500)
    for (count, share) in zip(counts, [0.8, 0.1, 0.1]) { expectShare(count, of: total, share) }
  }

  @Test func spansDoNotCrossDocuments() throws {
    // Single words of six tokens: a span of two would cross.
    let unit = try syntheticUnit(
      documents: [[Int]](repeating: [6], count: 400), wordLength: 6)
    let objective = try make(
      "mlm",
      [
        "masking": "span", "packing": "best-fit", "length": "80", "rate": "0.1",
        "span_success": "0.001",
      ])
    let built = try build(objective, unit)
    // Ten documents of eight positions a row, six labels: one document, whole.
    for row in built.rows {
      let positions = try selected(row)
      #expect(positions.count == 6 && positions[5] - positions[0] == 5)
    }
  }

  @Test func aRateMovesFromEpochToEpoch() throws {
    let unit = try syntheticUnit(documents: [[200]])
    let objective = try make("mlm", ["rate": "0.3", "rate_end": "0.1", "rate_epochs": "5"])
    let counts = try (0..<7).map { epoch in
      let row = try build(objective, unit, epoch: epoch).rows[0]
      #expect(objective.faults(in: row).isEmpty)
      return try selected(row).count
    }
    #expect(counts == [60, 50, 40, 30, 20, 20, 20])
  }

  @Test func aRateMovesFromRowToRow() throws {
    let unit = try syntheticUnit(documents: [[Int]](repeating: [100], count: 10))
    let objective = try make(
      "mlm",
      [
        "rate": "0.1", "rate_end": "0.5", "rate_epochs": "2", "rate_step": "row", "length": "102",
      ])
    let counts = try [0, 1, 2].map { epoch in
      try build(objective, unit, epoch: epoch).rows.map { try selected($0).count }
    }
    #expect(counts[0] == [10, 12, 14, 16, 18, 20, 22, 24, 26, 28])
    #expect(counts[1] == [30, 32, 34, 36, 38, 40, 42, 44, 46, 48])
    #expect(counts[2] == [Int](repeating: 50, count: 10))
  }

  @Test func contradictionsAreRefused() {
    for settings in [
      ["rate_end": "0.1"], ["rate_epochs": "4"], ["rate_end": "-0.5", "rate_epochs": "4"],
      ["rate_end": "0.1", "rate_epochs": "1"], ["masking": "span", "count": "bernoulli"],
      ["pairs": "nsp", "packing": "best-fit"],
    ] {
      #expect(throws: ObjectiveError.self) { try make("mlm", settings) }
    }
  }

  @Test func olderNamesMeanTheSame() throws {
    for (old, new) in [
      (["nsp": "true"], ["pairs": "nsp"]), (["nsp": "false"], ["pairs": "none"]),
      (["whole_word": "true"], ["masking": "whole-word"]),
    ] {
      #expect(try make("mlm", old).parameters.entries == make("mlm", new).parameters.entries)
    }
    let error = #expect(throws: ObjectiveError.self) { try make("mlm", ["nsp": "yes"]) }
    #expect(error?.message == "nsp takes true|false, not \"yes\"")
  }

  @Test func packedRowsFrameEachDocumentAndKeepThemApart() throws {
    let unit = try syntheticUnit(documents: [[3], [2]])
    let objective = try make(
      "mlm",
      [
        "packing": "best-fit", "length": "12", "position_offset": "2", "document_order": "corpus",
      ])
    let row = try build(objective, unit).rows[0]
    let original = zip(try #require(row["labels"]), try #require(row["input_ids"]))
      .map { $0 == -100 ? $1 : $0 }
    #expect(original == [4, 10, 11, 12, 5, 4, 13, 14, 5, 0, 0, 0])
    #expect(row["segment_ids"] == [1, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0])
    #expect(row["position_ids"] == [2, 3, 4, 5, 6, 2, 3, 4, 5, 0, 0, 0])
    #expect(row["attention_mask"] == nil)
    #expect(objective.modelColumns == ["input_ids", "labels", "position_ids"])
  }

  @Test func swappedPairsHaveALabelOfTheirOwn() throws {
    let unit = try syntheticUnit(documents: [[2, 2]])
    let row = try build(
      try make("mlm", ["pairs": "sop", "length": "9", "short_pairs": "0"]), unit
    ).rows[0]
    let original = zip(try #require(row["labels"]), try #require(row["input_ids"]))
      .map { $0 == -100 ? $1 : $0 }
    let isSwapped = row["sentence_order_label"] == [1]
    #expect(
      original == (isSwapped ? [4, 12, 13, 5, 10, 11, 5, 0, 0] : [4, 10, 11, 5, 12, 13, 5, 0, 0]))
    #expect(row["next_sentence_label"] == nil)
  }
}
