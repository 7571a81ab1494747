// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

@Suite struct FillInTheMiddleTests {
  private func unit(_ documents: Int = 120, seed: UInt64 = 321) throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: documents, longest: 20, seed: seed))
  }

  private func text(_ tokens: some Sequence<TokenID>) -> [UInt8] {
    var bytes: [UInt8] = []
    Array(tokens).withUnsafeBufferPointer { ToyCodec().decode($0, into: &bytes) }
    return bytes
  }

  /// The texts of a stretch of ids, rearranged ones put back in order: prefix, middle, suffix in
  /// both forms, since what SPM has after the middle's sentinel begins with the prefix.
  private func restored(_ ids: [TokenID]) throws -> (texts: [[UInt8]], rearranged: Int) {
    var texts: [[UInt8]] = []
    var rearranged = 0
    var at = 0
    while at < ids.count {
      let end = ids[at...].firstIndex(of: 1) ?? ids.count
      // Fragments that are neither rearranged nor the end of their document are followed by
      // another text or a sentinel without an end token.
      let fragment = ids[at..<end]
      if let start = fragment.firstIndex(of: 7) {
        let suffix = try #require(fragment.firstIndex(of: 8))
        let middle = try #require(fragment.firstIndex(of: 9))
        if start > at { texts.append(text(fragment[at..<start])) }
        texts.append(
          text(fragment[(start + 1)..<suffix]) + text(fragment[(middle + 1)...])
            + text(fragment[(suffix + 1)..<middle]))
        rearranged += 1
      } else {
        texts.append(text(fragment))
      }
      at = end + 1
    }
    return (texts, rearranged)
  }

  private func ids(_ row: ExampleRow) -> [TokenID] {
    let ids = (row["input_ids"] ?? []).map { TokenID($0) }
    guard let mask = row["attention_mask"] else { return ids }
    return Array(ids[..<(mask.firstIndex(of: 0) ?? ids.count)])
  }

  /// "abcdef" split at 2 and 4.
  @Test func partsStandAsPublished() throws {
    let objective = try #require(try make("fim") as? FillInTheMiddle)
    var parts = FillInTheMiddle.Parts()
    parts.tokens = [20, 21, 22, 23, 24, 25]
    parts.prefixEnd = 2
    parts.middleEnd = 4
    var row: [TokenID] = []
    objective.append(parts, isSuffixFirst: false, to: &row)
    #expect(row == [7, 20, 21, 8, 24, 25, 9, 22, 23])
    row = []
    objective.append(parts, isSuffixFirst: true, to: &row)
    #expect(row == [7, 8, 24, 25, 9, 20, 21, 22, 23])
  }

  @Test(arguments: ["character", "token"], [24, 100, 1000])
  func fragmentsGiveTheirTextBackWholeAndFit(cuts: String, length: Int) throws {
    let built = try build(
      try make("fim", ["cuts": cuts, "length": "\(length)", "rate": "0.7"]), try unit())
    var rearranged = 0
    for (row, frame) in zip(built.rows, built.frames) {
      let ids = ids(row)
      #expect(ids.count <= length)
      let (texts, count) = try restored(ids)
      #expect(
        texts.flatMap(\.self) == frame.pieces.flatMap { text(frame.tokens[$0.start..<$0.end]) })
      #expect(count == frame.chosen.count { $0 })
      rearranged += count
    }
    #expect(rearranged == built.tally.count(of: .rearrangedFragments))
    if cuts == "token" { #expect(built.tally.count(of: .fragmentsCutAtTokens) == 0) }
  }

  @Test(arguments: ["character", "token"])
  func rearrangedDocumentsGiveTheirTextBack(cuts: String) throws {
    let source = try unit()
    let built = try build(
      try make(
        "fim",
        ["cuts": cuts, "level": "document", "length": "50", "document_order": "corpus"]), source)
    let (texts, rearranged) = try restored(built.rows.flatMap { ids($0) })
    let expected = documents(of: source).filter { !$0.isEmpty }.map { text($0) }
    #expect(texts == expected)
    #expect(rearranged == built.tally.count(of: .rearrangedFragments))
    expectShare(rearranged, of: expected.count, 0.5)
    expectShare(built.tally.count(of: .suffixFirstFragments), of: rearranged, 0.5)
  }

  @Test func sharesAreWhatWasAskedFor() throws {
    let built = try build(
      try make("fim", ["rate": "0.3", "spm_share": "0.2", "length": "200"]), try unit(1500))
    let fragments = built.frames.reduce(0) { $0 + $1.pieces.count }
    let rearranged = built.tally.count(of: .rearrangedFragments)
    #expect(fragments > 2000)
    expectShare(rearranged, of: fragments, 0.3)
    expectShare(built.tally.count(of: .suffixFirstFragments), of: rearranged, 0.2)
    let rows = zip(built.rows, built.frames).count { $1.chosen.contains(true) }
    #expect(rows == built.tally.count(of: .rearrangedRows))
  }

  /// Two of n + 1 places each, independently: P(middle empty) = 1/(n + 1), and the three parts have
  /// the same mean.
  @Test func cutsAreUniform() throws {
    let unit = try syntheticUnit(
      documents: [[Int]](repeating: [19], count: 4000))
    let built = try build(
      try make("fim", ["cuts": "token", "rate": "1", "spm_share": "0", "length": "24"]), unit)
    #expect(built.rows.count == 4000)
    var empty = 0
    var sums = [0, 0, 0]
    var prefixes = [Int](repeating: 0, count: 20)
    for row in built.rows {
      let ids = ids(row)
      let suffix = try #require(ids.firstIndex(of: 8))
      let middle = try #require(ids.firstIndex(of: 9))
      let parts = [suffix - 1, ids.count - middle - 2, middle - suffix - 1]
      for (index, part) in parts.enumerated() { sums[index] += part }
      empty += parts[1] == 0 ? 1 : 0
      prefixes[parts[0]] += 1
    }
    expectShare(empty, of: 4000, 1.0 / 20)
    for (length, count) in prefixes.enumerated() {
      // P(min of two = k) of 20 places.
      expectShare(count, of: 4000, Double(2 * (19 - length) + 1) / 400)
    }
    // The standard deviation of a part is below 4.8 tokens: 4.5 standard errors of the mean.
    for sum in sums.dropLast() { #expect(abs(Double(sum) / 4000 - 19.0 / 3) < 0.34 + 0.17) }
  }

  @Test func charactersAreCountedAndFoundEvenTorn() {
    let text = Array("aéあb".utf8)
    #expect(Characters.count(in: text) == 4)
    #expect((0...4).map { Characters.offset(of: $0, of: 4, in: text) } == [0, 1, 3, 6, 7])
    let torn = Array(text[2...])
    #expect(Characters.count(in: torn) == 2)
    #expect((0...2).map { Characters.offset(of: $0, of: 2, in: torn) } == [0, 4, 5])
    #expect(Characters.count(in: [0x81]) == 1 && Characters.count(in: []) == 0)
    let long = [UInt8](String(repeating: "aéあ", count: 500).utf8)
    let starts = long.indices.filter { long[$0] & 0xC0 != 0x80 }
    #expect((0..<1500).map { Characters.offset(of: $0, of: 1500, in: long) } == starts)
  }

  @Test func tornCharactersAndSpecialTokensComeBack() throws {
    // Single bytes of "あ", windows that cut it, and a special token in the text.
    var tokens: [TokenID] = []
    for index in 0..<600 {
      tokens += index % 7 == 0 ? [920, 921, 922] : [TokenID(10 + index)]
    }
    let offsets = [0, 300, tokens.count]
    let unit = try TokenizedUnit(
      ordinal: 0, documentIDs: ["a", "b"], tokens: tokens, documentOffsets: offsets)
    let built = try build(try make("fim", ["length": "32", "rate": "1"]), unit)
    for (row, frame) in zip(built.rows, built.frames) {
      let (texts, _) = try restored(ids(row))
      #expect(
        texts.flatMap(\.self) == frame.pieces.flatMap { text(frame.tokens[$0.start..<$0.end]) })
    }
    tokens = (0..<40).map { $0 == 20 ? 6 : TokenID(10 + $0) }
    let special = try TokenizedUnit(
      ordinal: 0, documentIDs: ["a"], tokens: tokens, documentOffsets: [0, 40])
    let cut = try build(try make("fim", ["length": "64", "rate": "1"]), special)
    #expect(cut.tally.count(of: .fragmentsCutAtTokens) == 1)
    #expect(cut.rows[0]["input_ids"]?.contains(6) == true)
  }

  @Test func rowsArePaddedWithTheInfillingPadToken() throws {
    let vocabulary = try smallVocabulary(roles: [
      "pad": 0, "eos": 1, "fim-prefix": 7, "fim-suffix": 8, "fim-middle": 9, "fim-pad": 2,
    ])
    let unit = try syntheticUnit(documents: [[5]])
    let objective = try make(
      "fim", ["length": "16", "cuts": "token", "rate": "0", "labels": "column"], vocabulary)
    let row = try build(objective, unit).rows[0]
    #expect(row["input_ids"] == [10, 11, 12, 13, 14, 1] + [Int64](repeating: 2, count: 10))
    #expect(row["labels"] == [10, 11, 12, 13, 14, 1] + [Int64](repeating: -100, count: 10))
    let missing = #expect(throws: ObjectiveError.self) {
      try make("fim", [:], smallVocabulary())
    }
    #expect(missing?.subject == "fim-prefix")
  }

  @Test func faultsAreNamed() throws {
    let objective = try make("fim", ["length": "128", "rate": "1", "labels": "column"])
    let row = try #require(build(objective, unit(5)).rows.first)
    #expect(objective.faults(in: row).isEmpty)
    func faults(_ spoil: (inout [Int64]) -> Void) -> [String] {
      var row = row
      var ids = row["input_ids"] ?? []
      spoil(&ids)
      row["input_ids"] = ids
      row["labels"] = zip(ids, row["attention_mask"] ?? []).map { $1 == 1 ? $0 : -100 }
      return objective.faults(in: row).map(\.description)
    }
    let suffix = try #require(row["input_ids"]?.firstIndex(of: 8))
    #expect(faults { $0[suffix] = 9 } == ["a middle sentinel in a prefix at position \(suffix)"])
    #expect(
      faults { $0[suffix] = 1 } == [
        "an end token in a prefix, before its middle at position \(suffix)"
      ])
    #expect(
      faults { $0[0] = 10 } == ["a suffix sentinel outside a rearranged text at position \(suffix)"]
    )
    let end = (row["attention_mask"]?.firstIndex(of: 0) ?? 128) - 1
    #expect(
      faults { $0[end] = 10 } == [
        "the row ends in a middle, without an end token at position \(end)"
      ])
    var label = row
    label["labels"]?[2] = 5
    #expect(objective.faults(in: label).first?.description.hasPrefix("label 5 where") == true)
    let none = try make("fim", ["length": "128", "rate": "0", "labels": "column"])
    #expect(
      none.faults(in: row).first?.description
        == "a prefix sentinel although rate is 0 at position 0")
  }
}
