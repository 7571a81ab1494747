// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

/// What is left of a unit when only some of its frames become rows.
@Suite struct RestTests {
  private func unit() throws -> TokenizedUnit {
    try syntheticUnit(documents: try randomLengths(documents: 24, longest: 30, seed: 71))
  }

  /// The tokens of a unit, by document, that stretches cover, once each.
  private func cover(_ unit: TokenizedUnit, _ stretches: [Stretch]) -> [Int] {
    var counts = [Int](repeating: 0, count: unit.tokens.count)
    for stretch in stretches {
      let start = unit.documentOffsets[Int(stretch.document)] + Int(stretch.offset)
      for index in start..<start + Int(stretch.length) { counts[index] += 1 }
    }
    return counts
  }

  @Test(arguments: LawTests.cases.filter { $0.settings["length"] == "100" })
  func theRestIsWhatNoFrameHas(_ test: LawTests.Case) throws {
    let objective = try make(test.name, test.settings)
    let unit = try unit()
    let random = try streams()
    let services = try testServices(objective, unit)
    let framed = try objective.framing.frames(
      of: try objective.rewrite(unit, random, services) ?? unit, random: random)
    let served = stride(from: 0, to: framed.count, by: 2)
    var taken: [Stretch] = []
    var frame = Frame()
    for index in served {
      framed.load(index, into: &frame)
      for piece in framed.unit.sources(of: frame.pieces) where piece.length > 0 {
        taken.append(
          Stretch(
            document: UInt32(piece.document), offset: piece.offset, length: piece.length))
      }
    }
    let rest = cover(unit, framed.rest(after: served))
    for (served, left) in zip(cover(unit, taken), rest) {
      #expect(left == (served > 0 ? 0 : 1))
    }
  }

  @Test func theRestOfNothingIsEverythingInTheOrderOfTheDocuments() throws {
    let unit = try unit()
    let objective = try make("clm", ["length": "64"])
    let framed = try objective.framing.frames(of: unit, random: try streams())
    let rest = framed.rest(after: [Int]())
    #expect(rest.map(\.document) == framed.order)
    let selected = try unit.selecting(rest, isInFinalOrder: true)
    let again = try objective.framing.frames(of: selected, random: try streams(seed: 9))
    var one = Frame()
    var other = Frame()
    #expect(again.count == framed.count)
    for index in 0..<framed.count {
      framed.load(index, into: &one)
      again.load(index, into: &other)
      #expect(one.tokens == other.tokens)
    }
  }

  @Test func selectedStretchesKeepTheirMarksAndTellWhereTheyComeFrom() throws {
    let unit = try syntheticUnit(documents: [[5, 4, 6], [3, 3]])
    let selected = try unit.selecting(
      [Stretch(document: 1, offset: 2, length: 4), Stretch(document: 0, offset: 5, length: 8)],
      isInFinalOrder: true)
    #expect(selected.documentIDs == ["d1", "d0"])
    #expect(Array(selected.tokens[0..<4]) == Array(unit.tokens[17..<21]))
    #expect(selected.sentenceStarts?.starts == [0, 1, 0, 4])
    #expect(
      selected.wordStarts.map { Array($0[4...]) } == unit.wordStarts.map { Array($0[5..<13]) })
    let piece = Piece(document: 1, offset: 2, length: 3, start: 0)
    #expect(selected.sources(of: [piece]) == [Piece(document: 1, offset: 7, length: 3, start: 0)])
    let twice = try selected.selecting(
      [Stretch(document: 1, offset: 3, length: 2)], isInFinalOrder: true)
    #expect(twice.selection == [Stretch(document: 0, offset: 8, length: 2)])
  }

  @Test func stretchesOutsideTheirDocumentAreRefused() throws {
    let unit = try syntheticUnit(documents: [[5], [3]])
    for stretch in [
      Stretch(document: 2, offset: 0, length: 1), Stretch(document: 0, offset: 3, length: 3),
      Stretch(document: 1, offset: 0, length: 0),
    ] {
      #expect(throws: ObjectiveError.self) {
        try unit.selecting([stretch], isInFinalOrder: true)
      }
    }
  }
}
