// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

/// Puts the spans of the labels back where their sentinels stand; nil if they do not match.
func sourceOfSpans(_ row: ExampleRow, _ vocabulary: Vocabulary) -> [Int64]? {
  guard let ids = row["input_ids"], let labels = row["labels"] else { return nil }
  let sentinels = Set(vocabulary.sentinels.map { Int64($0) })
  var spans: [Int64: [Int64]] = [:]
  var current: Int64?
  for label in labels {
    if label == -100 { break }
    if sentinels.contains(label) {
      current = label
      spans[label] = []
    } else if let current {
      spans[current]?.append(label)
    }
  }
  // The EOS behind the last span is not part of it.
  if let current { spans[current]?.removeLast() }
  let end = row["attention_mask"]?.firstIndex(of: 0) ?? ids.count
  var source: [Int64] = []
  for id in ids[0..<(end - 1)] {
    if sentinels.contains(id) {
      guard let span = spans[id] else { return nil }
      source += span
    } else {
      source.append(id)
    }
  }
  return source
}

@Suite struct SpanCorruptionTests {
  private func longUnit(seed: UInt64 = 51) throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: 60, seed: seed))
  }

  @Test func theDefaultsGive512Inputs114LabelsAnd28Spans() throws {
    let objective = try make("t5-span")
    #expect(objective.columns.map(\.shape) == [.fixed(512), .fixed(114)])
    #expect(
      objective.facts == [
        Fact(name: "decoder_start_token_id", value: 0), Fact(name: "tokens_length", value: 568),
        Fact(name: "targets_length", value: 114), Fact(name: "spans", value: 28),
      ])
    let unit = try longUnit()
    let built = try build(objective, unit)
    let vocabulary = try smallVocabulary()
    #expect(built.rows.count == unit.tokens.count / 568)
    for row in built.rows {
      let ids = try #require(row["input_ids"])
      let labels = try #require(row["labels"])
      #expect(ids.count { vocabulary.sentinels.contains(TokenID($0)) } == 28)
      #expect(labels.count == 114 && !labels.contains(-100))
      #expect(ids.last == 1 && labels.last == 1)
      #expect(labels.first == 999)
    }
    #expect(built.tally.inputPadding == 0 && built.tally.targetPadding == 0)
    #expect(built.tally.lossTokens == 114 * built.rows.count)
    let tail = built.report.drops.first { $0.reason == .tail }
    #expect(tail?.tokens == unit.tokens.count % 568)
  }

  @Test(arguments: [
    [:], ["roll": "true"], ["tail": "pad"], ["separator": "eos"], ["preset": "t5"],
    ["roll": "true", "separator": "eos", "tail": "pad"], ["pad": "none", "tail": "pad"],
    ["noise_density": "0.5", "mean_span_length": "8", "length": "128"],
    ["length": "16", "tail": "pad"], ["length": "64", "tail": "pad", "separator": "eos"],
  ])
  func invertingARowGivesBackItsSource(settings: [String: String]) throws {
    let objective = try make("t5-span", settings)
    let unit = try longUnit()
    let built = try build(objective, unit)
    let vocabulary = try smallVocabulary()
    #expect(!built.rows.isEmpty)
    for (row, frame) in zip(built.rows, built.frames) {
      #expect(sourceOfSpans(row, vocabulary) == frame.tokens.map { Int64($0) })
      let faults = objective.faults(in: row)
      #expect(faults.isEmpty, "\(faults)")
    }
    let served = coverage(of: unit, in: built.frames)
    let dropped = built.report.drops.reduce(0) { $0 + $1.tokens }
    #expect(served.count { $0 == 1 } == unit.tokens.count - dropped)
    #expect(served.count { $0 == 0 } == dropped)
  }

  /// The rows of the fast path against masks written out and replaced run by run.
  @Test func theFastPathEqualsTheNaiveOne() throws {
    let objective = try make("t5-span", ["length": "128", "tail": "pad"])
    let vocabulary = try smallVocabulary()
    let unit = try longUnit(seed: 52)
    let built = try build(objective, unit)
    let random = try streams()
    for (row, frame) in zip(built.rows, built.frames) where frame.tokens.count > 1 {
      let counts = SpanCounts.mask(length: frame.tokens.count, density: 0.15, mean: 3)
      var stream = random.stream(.mask, frame: frame.ordinal)
      let scratch = Scratch()
      let parts = SpanParts(
        counts, clean: frame.tokens.count - counts.noise, &stream, scratch)
      var marks = [UInt8](repeating: 9, count: frame.tokens.count)
      marks.withUnsafeMutableBufferPointer { parts.mark($0, offset: 0) }
      #expect(marks[0] == 0 && marks[marks.count - 1] == 1)
      var inputs: [Int64] = []
      var targets: [Int64] = []
      var span = -1
      for (index, token) in frame.tokens.enumerated() {
        if marks[index] == 1, marks[index - 1] == 0 {
          span += 1
          inputs.append(Int64(vocabulary.sentinels[span]))
          targets.append(Int64(vocabulary.sentinels[span]))
        }
        if marks[index] == 1 { targets.append(Int64(token)) } else { inputs.append(Int64(token)) }
      }
      let ids = try #require(row["input_ids"])
      let labels = try #require(row["labels"])
      #expect(Array(ids.prefix(inputs.count + 1)) == inputs + [1])
      #expect(Array(labels.prefix(targets.count + 1)) == targets + [1])
    }
  }

  /// How often each of 568 positions is noise, over many rows.
  private func noiseByPosition(_ settings: [String: String]) throws -> ([Int], Int, Int) {
    let objective = try make("t5-span", settings)
    let unit = try syntheticUnit(documents: [[Int](repeating: 568, count: 1000)])
    let random = try streams(seed: 53)
    let framed = try objective.framing.frames(of: unit, random: random)
    var builder = ExampleBuilder(columns: objective.columns)
    var frame = Frame()
    for index in 0..<framed.count {
      framed.load(index, into: &frame)
      try objective.build(frame, random, Services(), into: &builder)
    }
    var counts: [Int] = []
    var noise = 0
    for row in rows(of: builder.takeBatch()) {
      let ids = try #require(row["input_ids"])
      let labels = try #require(row["labels"])
      // Walk input and labels together to learn which source positions are noise.
      var position = 0
      var label = 0
      for id in ids.prefix(while: { $0 != 1 }) {
        if id < 940 {
          position += 1
          continue
        }
        #expect(labels[label] == id)
        label += 1
        while label < labels.count, labels[label] < 940, labels[label] != 1, labels[label] != -100 {
          if counts.count <= position { counts += [Int](repeating: 0, count: 600) }
          counts[position] += 1
          noise += 1
          position += 1
          label += 1
        }
      }
    }
    return (counts, noise, framed.count)
  }

  @Test func withoutRollTheFirstTokenIsNeverNoiseAndTheLastAlways() throws {
    let (counts, noise, rows) = try noiseByPosition([:])
    #expect(counts[0] == 0 && counts[567] == rows)
    #expect(noise == 85 * rows)
    expectShare(counts[280], of: rows, 85 / 568)
  }

  @Test func withRollNoiseIsEquallyLikelyEverywhere() throws {
    let objective = try make("t5-span", ["roll": "true"])
    let tokens = try #require(objective.facts.first { $0.name == "tokens_length" }).value
    let (counts, noise, rows) = try noiseByPosition(["roll": "true"])
    let share = Double(noise) / Double(rows * tokens)
    for position in [0, 1, 2, tokens / 2, tokens - 2, tokens - 1] {
      expectShare(counts[position], of: rows, share)
    }
  }

  @Test func spanLengthsFollowTheClosedForm() throws {
    // P(k) = C(n − k − 1, s − 2) / C(n − 1, s − 1) for 85 tokens in 28 spans. One span of each
    // row: the spans of a row are not independent.
    var stream = try streams(seed: 54).stream(.mask)
    let scratch = Scratch()
    var counts = [Int](repeating: 0, count: 90)
    let rows = 10_000
    for _ in 0..<rows {
      let parts = SpanParts(SpanCounts(noise: 85, spans: 28), clean: 483, &stream, scratch)
      var marks = [UInt8](repeating: 0, count: 568)
      marks.withUnsafeMutableBufferPointer { parts.mark($0, offset: 0) }
      let start = try #require(marks.firstIndex(of: 1))
      let end = try #require(marks[start...].firstIndex(of: 0))
      counts[end - start] += 1
    }
    for (length, share) in [(1, 0.3214), (2, 0.2207), (3, 0.1508), (4, 0.1025)] {
      expectShare(counts[length], of: rows, share)
    }
  }

  @Test func separatorsStayOutOfTheNoise() throws {
    let objective = try make("t5-span", ["separator": "eos", "length": "128", "tail": "pad"])
    let unit = try syntheticUnit(documents: try randomLengths(documents: 60, seed: 55))
    let built = try build(objective, unit)
    #expect(built.tally.count(of: .separatorsInNoise) == 0)
    for row in built.rows {
      let labels = try #require(row["labels"])
      #expect(labels.count { $0 == 1 } == 1)
    }
  }

  @Test func separatorsThatCannotBeKeptOutAreCounted() throws {
    let objective = try make("t5-span", ["separator": "eos", "length": "64"])
    let unit = try syntheticUnit(documents: [[Int]](repeating: [1], count: 400))
    let built = try build(objective, unit)
    #expect(built.tally.count(of: .separatorsInNoise) == built.rows.count)
  }

  @Test(arguments: 0...8)
  func shortUnitsAreServed(length: Int) throws {
    for settings in [["tail": "pad"], ["tail": "pad", "roll": "true"], ["preset": "t5"]] {
      let objective = try make("t5-span", settings)
      let unit = try syntheticUnit(documents: [[length]])
      let built = try build(objective, unit)
      #expect(built.rows.count == (length == 0 ? 0 : 1))
      for row in built.rows {
        #expect(
          sourceOfSpans(row, try smallVocabulary())
            == built.frames[0].tokens.map { Int64($0) })
        let faults = objective.faults(in: row)
        #expect(faults.isEmpty, "\(faults)")
      }
    }
  }

  @Test func fewSentinelsClampTheSpansOnRequest() throws {
    let vocabulary = try smallVocabulary(sentinels: 10)
    let objective = try make("t5-span", ["max_spans": "sentinels"], vocabulary)
    // With 10 spans at most, (T − n) + 10 + 1 = 512 for T = 589.
    #expect(objective.facts.first { $0.name == "tokens_length" }?.value == 589)
    let unit = try longUnit()
    let built = try build(objective, unit)
    #expect(built.tally.count(of: .clampedRows) == built.rows.count)
    for (row, frame) in zip(built.rows, built.frames) {
      #expect(sourceOfSpans(row, vocabulary) == frame.tokens.map { Int64($0) })
      #expect(objective.faults(in: row).isEmpty)
    }
  }

  @Test func publishedPrecisionCutsTargetsThatItsHelperDidNotForesee() throws {
    // 171 inputs come from 189 tokens; with 172 inputs the helper says 190 tokens and 38 targets,
    // single precision makes 40.
    let objective = try make("t5-span", ["length": "172", "arithmetic": "float32"])
    #expect(objective.facts.first { $0.name == "tokens_length" }?.value == 190)
    let unit = try longUnit()
    let built = try build(objective, unit)
    #expect(
      built.tally.count(of: .truncatedTargetTokens) == 2 * built.rows.count)
    for row in built.rows {
      #expect(row["labels"]?.count == 38 && row["labels"]?.last == 1)
      let faults = objective.faults(in: row)
      #expect(faults.isEmpty, "\(faults)")
    }
    let exact = try make("t5-span", ["length": "172"])
    #expect(try build(exact, unit).tally.count(of: .truncatedTargetTokens) == 0)
  }

  @Test func targetsMayBeLongerButNotShorterThanNeeded() throws {
    let longer = try make("t5-span", ["targets_length": "128"])
    let row = try build(longer, try longUnit()).rows[0]
    #expect(row["labels"]?.suffix(14) == [Int64](repeating: -100, count: 14)[...])
    let error = #expect(throws: ObjectiveError.self) {
      try make("t5-span", ["targets_length": "100"])
    }
    #expect(error?.message.contains("targets have 114 tokens") == true)
  }
}
