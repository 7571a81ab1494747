// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct ConcatenationTests {
  /// The stream as one array, cut naively.
  private func naive(
    _ unit: TokenizedUnit, _ rule: Concatenation
  ) -> [[TokenID]] {
    var stream: [TokenID] = []
    for document in 0..<unit.documentCount {
      let range = unit.documentOffsets[document]..<unit.documentOffsets[document + 1]
      guard !range.isEmpty else { continue }
      stream += unit.tokens[range] + (rule.separator.map { [$0] } ?? [])
    }
    var windows: [[TokenID]] = []
    var start = 0
    let overlap = rule.window - rule.stride
    while start < stream.count, start == 0 || start + overlap < stream.count {
      let window = Array(stream[start..<min(start + rule.window, stream.count)])
      if window.count == rule.window || rule.keepsTail { windows.append(window) }
      start += rule.stride
    }
    return windows
  }

  @Test func everySmallCaseIsCutAsTheNaiveWayDoes() throws {
    var cases = 0
    for first in 0...3 {
      for second in 0...3 {
        for third in 0...2 {
          let unit = try syntheticUnit(documents: [[first], [second], [third]])
          for window in 1...5 {
            for overlap in 0...1 where window > overlap {
              for separator in [nil, TokenID(1)] {
                for keepsTail in [false, true] {
                  let rule = Concatenation(
                    window: window, stride: window - overlap, separator: separator,
                    keepsTail: keepsTail)
                  let framing = Framing(
                    .concatenate(rule), documentOrder: .corpus, carriesWordStarts: true)
                  let framed = try framing.frames(of: unit, random: try streams())
                  var frames: [Frame] = []
                  for index in 0..<framed.count {
                    var frame = Frame()
                    framed.load(index, into: &frame)
                    frames.append(frame)
                  }
                  #expect(frames.map(\.tokens) == naive(unit, rule))
                  #expect(frames.allSatisfy { $0.wordStarts.count == $0.tokens.count })
                  checkLosses(unit, framed, frames, overlap: overlap)
                  cases += 1
                }
              }
            }
          }
        }
      }
    }
    #expect(cases == 48 * 9 * 4)
  }

  private func checkLosses(
    _ unit: TokenizedUnit, _ framed: FramedUnit, _ frames: [Frame], overlap: Int
  ) {
    let served = coverage(of: unit, in: frames)
    let tail = framed.report.drops.first { $0.reason == .tail }?.tokens ?? 0
    #expect(served.count { $0 == 0 } == tail)
    #expect(served.allSatisfy { $0 <= 1 + overlap })
    let empty = framed.report.drops.first { $0.reason == .emptyDocument }?.documents ?? 0
    #expect(
      empty
        == (0..<unit.documentCount).count {
          unit.documentOffsets[$0] == unit.documentOffsets[$0 + 1]
        })
  }

  @Test func aSeparatorAloneBelongsToTheDocumentBeforeIt() throws {
    let unit = try syntheticUnit(documents: [[4], [3]])
    let rule = Concatenation(window: 4, stride: 4, separator: 1, keepsTail: true)
    let framed = try Framing(.concatenate(rule), documentOrder: .corpus)
      .frames(of: unit, random: try streams())
    var frame = Frame()
    framed.load(1, into: &frame)
    #expect(frame.tokens == [1, 14, 15, 16])
    #expect(
      frame.pieces == [
        Piece(document: 0, offset: 4, length: 0, start: 0),
        Piece(document: 1, offset: 0, length: 3, start: 1),
      ])
  }

  @Test func documentsArePermutedByDefaultAndDifferentlyInEachEpoch() throws {
    let unit = try syntheticUnit(documents: (1...50).map { [$0] })
    let objective = try make("clm", ["length": "64"])
    let first = try build(objective, unit)
    let second = try build(objective, unit, epoch: 1)
    let corpus = try build(try make("clm", ["length": "64", "document_order": "corpus"]), unit)
    func order(_ built: Built) -> [Int] {
      built.frames.flatMap { $0.pieces.filter { $0.offset == 0 }.map(\.document) }
    }
    #expect(order(corpus) == Array(0..<50))
    #expect(order(first) != order(second))
    #expect(order(first) != order(corpus))
    #expect(order(first).sorted() == Array(0..<50))
    #expect(coverage(of: unit, in: first.frames).allSatisfy { $0 == 1 })
  }
}
