// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

private let names = [
  "text-infilling", "token-masking", "token-deletion", "sentence-permutation",
  "document-rotation", "bart", "mbart",
]

@Suite struct BlockNoiseTests {
  private func longUnit(seed: UInt64 = 67) throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: 80, seed: seed))
  }

  /// Rows of exactly `count` tokens in sentences of `sentence`.
  private func fullRows(_ rows: Int, count: Int, sentence: Int = 10) throws -> TokenizedUnit {
    try syntheticUnit(
      documents: [[Int]](
        repeating: [Int](repeating: sentence, count: count / sentence), count: rows)
    )
  }

  /// What stands between the framing tokens of a row.
  private func content(_ row: ExampleRow, _ column: String = "input_ids") throws -> [Int64] {
    let values = try #require(row[column])
    let end = try #require(values.firstIndex(of: 1))
    #expect(values[0] == 3)
    return Array(values[1..<end])
  }

  @Test(arguments: names)
  func theTargetIsTheSource(name: String) throws {
    for settings in [[:], ["blocks": "windows"], ["length": "16"], ["length": "5"]] {
      let objective = try make(name, ["length": "64"].merging(settings) { $1 })
      let unit = try longUnit()
      let built = try build(objective, unit)
      expectInverse(objective, built)
      #expect(coverage(of: unit, in: built.frames).allSatisfy { $0 == 1 })
      #expect(built.frames.allSatisfy { $0.pieces.count == 1 })
    }
  }

  @Test(arguments: ["text-infilling", "bart"])
  func theRateIsTheRateAchieved(name: String) throws {
    let objective = try make(
      name,
      ["length": "512", "unit": "tokens", "permute_share": "0"].filter {
        name == "bart" || $0.key != "permute_share"
      })
    let built = try build(objective, try fullRows(40, count: 510))
    for row in built.rows {
      let kept = try content(row).count { $0 != 6 }
      #expect(kept == 510 - 153)
      #expect(objective.faults(in: row).isEmpty)
    }
  }

  @Test func wordsAreRemovedWhole() throws {
    // Words of three tokens; every sentence begins one.
    let objective = try make("text-infilling", ["length": "302"])
    let built = try build(objective, try fullRows(50, count: 300, sentence: 30))
    for row in built.rows {
      // 100 words, 30 of them gone.
      #expect(try content(row).count { $0 != 6 } == 210)
      // What is left are runs of whole words.
      let runs = try content(row).split(separator: 6)
      #expect(runs.allSatisfy { $0.count % 3 == 0 && ($0[$0.startIndex] - 10) % 3 == 0 })
    }
  }

  /// Span lengths as they are drawn: every length is a draw of its own, the last, cut one aside.
  @Test(arguments: [(3.0, 18, 0.0498), (3.5, 19, 0.0302)])
  func spanLengthsArePoisson(mean: Double, values: Int, zero: Double) throws {
    let table = BlockNoise.lengths(mean: mean)
    #expect(table.probability(of: values - 1) > 0 && table.probability(of: values) == 0)
    #expect(abs(table.probability(of: 0) - zero) < 5e-5)
    var stream = try streams(seed: 68).stream(.mask)
    let scratch = Scratch()
    var counts = [Int](repeating: 0, count: values)
    // One length a row: the last is biased, and so are all that stop the drawing.
    for _ in 0..<4000 {
      var probe = stream
      let first = probe.next(table)
      let spans = SpanDraw(budget: 153, lengths: table, &stream, scratch)
      #expect(spans.lengths.reduce(0, +) == 153)
      #expect(spans.zeros == spans.lengths.count { $0 == 0 })
      counts[first] += 1
    }
    expectShape(
      Array(counts[0...6]) + [counts[7...].reduce(0, +)],
      (0...6).map { table.probability(of: $0) } + [
        (7..<values).reduce(0) { $0 + table.probability(of: $1) }
      ])
  }

  /// All arrangements of two single masks among words are equally likely.
  @Test func arrangementsAreUniform() throws {
    let objective = try make(
      "text-infilling", ["length": "8", "unit": "tokens", "rate": "0.34", "poisson_mean": "0.5"])
    // 6 tokens, 2 removed; look at rows with two masks (no insertion, two spans of one).
    var seen: [[Int]: Int] = [:]
    for row in try build(objective, try fullRows(12_000, count: 6, sentence: 6)).rows {
      let text = try content(row)
      let masks = text.indices.filter { text[$0] == 6 }
      if masks.count == 2, text.count == 6 { seen[masks, default: 0] += 1 }
    }
    #expect(seen.count == 15)
    expectShape(
      seen.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value),
      [Double](repeating: 1 / 15, count: 15))
  }

  /// The statistics of the published program: 512 tokens, rate 0.3.
  @Test(arguments: [("3", 42.0, 418.0), ("3.5", 35.0, 412.0)])
  func overlappingSpansAreThePublishedOnes(mean: String, masks: Double, length: Double) throws {
    let objective = try make(
      "text-infilling",
      ["unit": "tokens", "placement": "overlap", "poisson_mean": mean, "rounding": "up"])
    let rows = try build(objective, try fullRows(400, count: 510)).rows
    var removed = 0
    var masked = 0
    var tokens = 0
    for row in rows {
      let text = try content(row)
      removed += 510 - text.count { $0 != 6 }
      masked += text.count { $0 == 6 }
      tokens += text.count + 2
      #expect(objective.faults(in: row).isEmpty)
    }
    #expect(abs(Double(removed) / Double(510 * rows.count) - 0.267) < 0.003)
    #expect(abs(Double(masked) / Double(rows.count) - masks) < 1)
    #expect(abs(Double(tokens) / Double(rows.count) - length) < 1.5)
  }

  @Test func insertionsNeverOverflowTheRow() throws {
    for placement in ["exact", "overlap"] {
      let objective = try make(
        "text-infilling",
        [
          "length": "64", "unit": "tokens", "poisson_mean": "0.5", "rate": "0.9",
          "placement": placement,
        ])
      let built = try build(objective, try fullRows(200, count: 60))
      for row in built.rows {
        #expect(objective.faults(in: row).isEmpty)
        #expect(try content(row).count <= 62)
      }
      #expect(placement == "overlap" || built.tally.count(of: .droppedInsertions) > 0)
    }
  }

  @Test func masksAndDeletionsAreExactAndFlat() throws {
    for name in ["token-masking", "token-deletion"] {
      let objective = try make(name, ["length": "52", "rounding": "up"])
      let rows = try build(objective, try fullRows(4000, count: 50)).rows
      var positions = [Int](repeating: 0, count: 50)
      for row in rows {
        let text = try content(row)
        let source = try content(row, "labels")
        if name == "token-masking" {
          for index in text.indices where text[index] == 6 { positions[index] += 1 }
        } else {
          #expect(text.count == 35)
          let kept = Set(text)
          for index in source.indices where !kept.contains(source[index]) { positions[index] += 1 }
        }
      }
      // 15 of 50 a row without replacement: less spread than independent draws.
      #expect(positions.reduce(0, +) == 15 * rows.count)
      for count in positions { expectShare(count, of: rows.count, 0.3) }
    }
    let objective = try make("token-masking", ["length": "512", "rounding": "up"])
    let row = try #require(try build(objective, try fullRows(1, count: 510)).rows.first)
    #expect(try content(row).count { $0 == 6 } == 153)
  }

  @Test func aShareOfTheMasksIsRandom() throws {
    let vocabulary = try smallVocabulary()
    for name in ["token-masking", "text-infilling"] {
      let objective = try make(
        name, ["length": "202", "random_share": "0.1", "unit": "tokens"])
      var random = 0
      var masks = 0
      for row in try build(objective, try fullRows(2000, count: 200)).rows {
        let source = try content(row, "labels")
        let text = try content(row)
        #expect(objective.faults(in: row).isEmpty)
        masks += text.count { $0 == 6 }
        if name == "token-masking" {
          for (id, original) in zip(text, source) where id != original && id != 6 {
            random += 1
            #expect(!vocabulary.isSpecial(TokenID(id)))
          }
        } else {
          // Ids of a row are a contiguous range of 200; a random one is outside it 78 % of the time.
          let own = Set(source)
          random += text.count { $0 != 6 && !own.contains($0) }
        }
      }
      let ordinary = Double(vocabulary.ordinary.count)
      let share = name == "token-masking" ? 0.1 : 0.1 * (1 - 200 / ordinary)
      let total = name == "token-masking" ? random + masks : Int(Double(masks) / 0.9)
      expectShare(random, of: total, share)
    }
  }

  /// One permutation a row: all six of three sentences are equally likely, the identity too.
  @Test func permutationsAreUniform() throws {
    let objective = try make("sentence-permutation", ["length": "32"])
    var seen: [[Int64]: Int] = [:]
    for row in try build(objective, try fullRows(6000, count: 30)).rows {
      let first = try content(row, "labels")[0]
      let text = try content(row)
      let order = [0, 10, 20].map { (text[$0] - first + 900) % 900 / 10 }
      #expect(Set(order) == [0, 1, 2])
      // Sentences stay whole.
      for start in [0, 10, 20] {
        for index in 1..<10 { #expect((text[start + index] - text[start] + 900) % 900 == index) }
      }
      seen[order, default: 0] += 1
    }
    #expect(seen.count == 6)
    expectShape(
      seen.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value),
      [Double](repeating: 1 / 6, count: 6))
  }

  /// Half of four sentences: two are chosen, and change places or not.
  @Test func aShareOfTheSentencesMoves() throws {
    let objective = try make("sentence-permutation", ["length": "42", "permute_share": "0.5"])
    var still = 0
    let rows = try build(objective, try fullRows(6000, count: 40)).rows
    for row in rows {
      let text = try content(row)
      let source = try content(row, "labels")
      let moved = [0, 10, 20, 30].count { text[$0] != source[$0] }
      #expect(moved == 0 || moved == 2)
      if moved == 0 { still += 1 }
    }
    expectShare(still, of: rows.count, 0.5)
  }

  /// One rotation a row: every token is equally likely to come first.
  @Test func rotationsAreUniform() throws {
    let objective = try make("document-rotation", ["length": "22"])
    var offsets = [Int](repeating: 0, count: 20)
    for row in try build(objective, try fullRows(8_000, count: 20)).rows {
      let first = try content(row)[0]
      let source = try content(row, "labels")
      offsets[try #require(source.firstIndex(of: first))] += 1
    }
    expectShape(offsets, [Double](repeating: 0.05, count: 20))
    let some = try make("document-rotation", ["length": "22", "rotate_share": "0.25"])
    let rows = try build(some, try fullRows(8000, count: 20)).rows
    let rotated = try rows.count { try content($0) != content($0, "labels") }
    expectShare(rotated, of: rows.count, 0.25 * 0.95)
  }

  @Test func aRotationIsRecognised() {
    let text: [Int64] = [10, 11, 12, 13]
    // <s> a b c d </s> with offset 3 (of the framed block) is <s> c d a b </s>.
    #expect(Wildcards.isRotation([12, 13, 10, 11], of: text[...]))
    #expect(!Wildcards.isRotation([12, 13, 11, 10], of: text[...]))
    #expect(Wildcards.isRotation([], of: []))
    #expect(Wildcards.isRotation([1, 2, 1, 1], of: [1, 1, 1, 2]))
  }

  /// Wildcards against every text that a pattern can stand for.
  @Test func wildcardsMatchWhatTheyStandFor() throws {
    func naive(_ pattern: ArraySlice<Int64>, _ text: ArraySlice<Int64>, _ minimum: Int) -> Bool {
      guard let first = pattern.first else { return text.isEmpty }
      if first != 9 {
        return text.first == first && naive(pattern.dropFirst(), text.dropFirst(), minimum)
      }
      guard text.count >= minimum else { return false }
      return (minimum...text.count).contains {
        naive(pattern.dropFirst(), text.dropFirst($0), minimum)
      }
    }
    var stream = try streams(seed: 69).stream(.mask)
    for _ in 0..<5000 {
      let pattern = (0..<stream.uniform(below: 6)).map { _ in
        [1, 2, 9][stream.uniform(below: 3)] as Int64
      }
      let text = (0..<stream.uniform(below: 7)).map { _ in Int64(1 + stream.uniform(below: 2)) }
      for minimum in 0...1 {
        let expected = naive(pattern[...], text[...], minimum)
        let found = Wildcards.match(
          pattern[...], text[...], minimum: minimum, isWildcard: { $0 == 9 })
        #expect(found == expected, "\(pattern) \(text) \(minimum)")
      }
    }
  }

  @Test func decodersStartWithTheLastToken() throws {
    func start(_ objective: any Objective) -> Int? {
      objective.facts.first { $0.name == "decoder_start_token_id" }?.value
    }
    #expect(start(try make("bart")) == 1)
    #expect(start(try make("mbart")) == 7)
    let english = try make("mbart", ["language_token": "20", "length": "32"])
    #expect(start(english) == 20)
    for row in try build(english, try longUnit()).rows {
      let labels = try #require(row["labels"]).filter { $0 != -100 }
      #expect(labels.suffix(2) == [1, 20] && labels[0] == 3)
    }
    #expect(throws: ObjectiveError.self) { try make("mbart", ["language_token": "1000"]) }
    #expect(throws: ObjectiveError.self) { try make("mbart", [:], try smallVocabulary()) }
  }

  @Test func spoiledRowsAreNamed() throws {
    func fault(
      _ name: String, _ settings: [String: String] = [:], _ spoil: (inout [Int64]) -> Void
    ) throws -> String? {
      let objective = try make(name, ["length": "42"].merging(settings) { $1 })
      var row = try #require(try build(objective, try fullRows(3, count: 40)).rows.first)
      var ids = try #require(row["input_ids"])
      spoil(&ids)
      row["input_ids"] = ids
      return objective.faults(in: row).first?.rule
    }
    let tokens = ["unit": "tokens"]
    #expect(try fault("text-infilling", tokens) { $0[0] = 20 } == "framing")
    #expect(
      try fault("text-infilling", tokens) { ids in
        ids[ids.firstIndex { $0 > 6 } ?? 0] = 900
      } == "source")
    #expect(
      try fault("token-masking") { ids in ids[ids.firstIndex { $0 > 6 } ?? 0] = 6 } == "rate")
    #expect(try fault("token-deletion") { $0.swapAt(1, 2) } == "source")
    #expect(try fault("sentence-permutation") { $0[5] = 900 } == "source")
    #expect(try fault("document-rotation") { $0.swapAt(3, 4) } == "source")
    #expect(try fault("bart", tokens) { $0[$0.firstIndex { $0 > 6 } ?? 0] = 909 } == "source")
  }
}
