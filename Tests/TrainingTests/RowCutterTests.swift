// SPDX-License-Identifier: Apache-2.0
import Objectives
import Testing

@testable import Training

@Suite struct RowCutterTests {
  @Test func theOutputBeforeATokenPredictsIt() {
    let row: [String: [Int64]] = [
      "input_ids": [20, 21, 22, 23, 0, 0], "attention_mask": [1, 1, 1, 1, 0, 0],
    ]
    let pieces = Plans.cut(row, Plans.plan(.causal), length: 16)
    #expect(pieces.count == 1)
    #expect(pieces[0].inputs == [20, 21, 22, 23])
    #expect(pieces[0].labels == [21, 22, 23, -100])
    #expect(pieces[0].attention == .causal)
  }

  @Test func longRowsLoseNoLabel() {
    let ids = (0..<30).map { Int64(20 + $0) }
    let pieces = Plans.cut(["input_ids": ids], Plans.plan(.causal), length: 8)
    #expect(pieces.flatMap(\.inputs) == ids.map { Int32($0) })
    #expect(pieces.flatMap(\.labels).filter { $0 >= 0 } == ids.dropFirst().map { Int32($0) })
  }

  @Test func labelsOfTheRowComeBeforeItsIds() {
    let row: [String: [Int64]] = ["input_ids": [20, 21, 22], "labels": [-100, 31, 32]]
    #expect(Plans.cut(row, Plans.plan(.causal), length: 8)[0].labels == [31, 32, -100])
  }

  @Test func documentsOfAPackedRowStayApart() {
    let row: [String: [Int64]] = [
      "input_ids": [20, 21, 22, 23, 24, 0], "labels": [20, 21, -100, 23, 24, -100],
      "segment_ids": [1, 1, 2, 2, 2, 0], "position_ids": [2, 3, 2, 3, 4, 0],
    ]
    let piece = Plans.cut(row, Plans.plan(.causal), length: 8)[0]
    #expect(piece.attention == .segments([1, 1, 2, 2, 2], isCausal: true))
    #expect(piece.positions == [0, 1, 0, 1, 2])
    #expect(piece.labels == [21, -100, 23, 24, -100])
  }

  @Test func pairsAreCutWhereTheyDoNotTouch() {
    let ids: [Int64] = [3, 20, 21, 22, 23, 24, 4, 30, 31, 32, 33, 34, 4]
    let types: [Int64] = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    let row: [String: [Int64]] = [
      "input_ids": ids, "token_type_ids": types, "next_sentence_label": [1],
      "labels": ids.map { $0 == 24 ? 24 : -100 },
    ]
    let plan = Plans.plan(.masked, pairColumn: "next_sentence_label")
    let piece = Plans.cut(row, plan, length: 9)[0]
    #expect(piece.inputs == [3, 22, 23, 24, 4, 30, 31, 32, 4])
    #expect(piece.tokenTypes == [0, 0, 0, 0, 0, 1, 1, 1, 1])
    #expect(piece.labels == [-100, -100, -100, 24, -100, -100, -100, -100, -100])
    #expect(piece.pairLabel == 1)
  }

  @Test func eachTargetOfAPermutationHasAQuery() {
    let row: [String: [Int64]] = [
      "input_ids": [20, 21, 22, 23], "factorization_rank": [0, 2, 0, 1], "target": [0, 1, 0, 1],
    ]
    let piece = Plans.cut(row, Plans.plan(.permuted), length: 8)[0]
    #expect(piece.inputs == [20, 21, 22, 23, 2, 2])
    #expect(piece.labels == [-100, -100, -100, -100, 21, 23])
    #expect(piece.positions == [0, 1, 2, 3, 1, 3])
  }

  @Test func shortPairsOfSourceAndTargetStayAsTheyAre() {
    let row: [String: [Int64]] = [
      "input_ids": [20, 99, 23, 1], "labels": [99, 21, 22, 1, -100],
    ]
    let piece = Plans.cut(row, Plans.plan(.spans, decoderStart: 0), length: 8)[0]
    #expect(piece.inputs == [20, 99, 23, 1])
    #expect(piece.labels == [99, 21, 22, 1])
    #expect(piece.decoderInputs == [0, 99, 21, 22])
  }

  @Test func longSourcesAreCutWithTheirSpans() {
    // Ten tokens and a sentinel for each of three spans; a mode token in front.
    let source: [Int64] = [8, 20, 21, 99, 22, 23, 24, 98, 25, 26, 97, 27, 1]
    let target: [Int64] = [99, 40, 98, 41, 42, 97, 43, 1]
    let row = ["input_ids": source, "labels": target]
    let pieces = Plans.cut(row, Plans.plan(.spans, decoderStart: 0), length: 8)
    #expect(
      pieces.map(\.inputs) == [[8, 20, 21, 99, 22, 23, 24, 1], [8, 99, 25, 26, 98, 27, 1]])
    #expect(pieces.map(\.labels) == [[99, 40, 1], [99, 41, 42, 98, 43, 1]])
    #expect(pieces.map(\.beginsRow) == [true, false])
    #expect(pieces.map(\.endsRow) == [false, true])
  }

  @Test func inADecoderSourceAndTargetStandInOneRow() {
    let row: [String: [Int64]] = [
      "input_ids": [20, 21, 30, 31, 1, 0], "labels": [-100, -100, 30, 31, 1, -100],
      "prefix_lengths": [2], "attention_mask": [1, 1, 1, 1, 1, 0],
    ]
    let piece = Plans.cut(row, Plans.plan(.prefix), length: 8)[0]
    #expect(piece.inputs == [20, 21, 30, 31, 1])
    #expect(piece.labels == [-100, 30, 31, 1, -100])
    #expect(piece.attention == .prefix(2))
  }

  @Test func aLongPrefixKeepsItsEndAndTheRestItsBeginning() {
    let row: [String: [Int64]] = [
      "input_ids": (20..<40).map { $0 } + [1], "labels": (40..<60).map { $0 } + [1],
    ]
    let piece = Plans.cut(row, Plans.plan(.prefix, decoderStart: 0), length: 8)[0]
    #expect(piece.inputs == [33, 34, 35, 36, 37, 38, 39, 1])
    #expect(piece.labels == [40, 41, 42, 43, 44, 45, 46, 47])
  }

  @Test func aPermutedTextIsCutByWhereItsSentencesBelong() {
    // Three sentences of four tokens, the last one first.
    let text = (20..<32).map { Int64($0) }
    let permuted = Array(text[8...] + text[..<8])
    let row = ["input_ids": [3] + permuted + [1], "labels": [3] + text + [1]]
    let pieces = Plans.cut(row, Plans.plan(.blocks, decoderStart: 1), length: 10)
    #expect(pieces.map(\.labels) == [[3] + (20..<28) + [1], [3, 28, 29, 30, 31, 1]])
    #expect(pieces.map(\.inputs) == [[3] + (20..<28) + [1], [3, 28, 29, 30, 31, 1]])
    #expect(pieces.map(\.beginsRow) == [true, false])
    #expect(pieces.map(\.endsRow) == [false, true])
  }

  @Test func masksBelongToWhatStandsBeforeThem() {
    let text = (20..<36).map { Int64($0) }
    let damaged: [Int64] = [20, 21, 22, 2, 25, 26, 27, 28, 29, 2, 33, 34, 35]
    let row = ["input_ids": damaged, "labels": text]
    let pieces = Plans.cut(row, Plans.plan(.blocks, decoderStart: 1), length: 8)
    #expect(pieces.map(\.inputs) == [[20, 21, 22, 2, 25, 26, 27], [28, 29, 2, 33, 34, 35]])
    #expect(pieces.map(\.labels) == [Array(20..<28), Array(28..<36)])
  }

  @Test func aRearrangedTextIsShortenedAwayFromItsGap() {
    let prefix = (20..<40).map { Int64($0) }
    let suffix = (50..<70).map { Int64($0) }
    let row = ["input_ids": [5] + prefix + [6] + suffix + [7, 80, 81, 1]]
    let piece = Plans.cut(row, Plans.plan(.middle), length: 24)[0]
    let head: [Int32] = [5] + (28..<40) + [6]
    let tail: [Int32] = Array(50..<56) + [7, 80, 81, 1]
    #expect(piece.inputs == head + tail)
    #expect(piece.inputs.count == 24)
    #expect(piece.parts?.suffix.map { piece.inputs[$0] } == Array(50..<56))
    #expect(piece.parts?.middle.map { piece.labels[$0] } == [80, 81, 1])
  }

  @Test func everyTaskIsCutByItsOwnRule() {
    let plan = Plans.plan(.spans, .prefix, decoderStart: 0)
    let row: [String: [Int64]] = ["input_ids": [20, 1], "labels": [21, 1], "task": [1]]
    #expect(Plans.cut(row, plan, length: 8)[0].task == 1)
    let unknown: [String: [Int64]] = ["input_ids": [20, 1], "labels": [21, 1], "task": [2]]
    #expect(Plans.cut(unknown, plan, length: 8).isEmpty)
  }

  @Test func rowsWithoutLossGiveNothing() {
    let row: [String: [Int64]] = ["input_ids": [20, 21], "labels": [-100, -100]]
    #expect(Plans.cut(row, Plans.plan(.masked), length: 8).isEmpty)
  }
}
