// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

@Suite struct SentencePairsTests {
  private func frames(
    _ lengths: [[Int]], maximum: Int = 125, pairing: SentencePairs.Pairing = .exchange,
    short: Double = 0.1, seed: UInt64 = 1
  ) throws -> ([Frame], FramedUnit) {
    let unit = try syntheticUnit(documents: lengths)
    let framing = Framing(
      .pairs(SentencePairs(maximum: maximum, shortProbability: short, pairing: pairing)),
      documentOrder: .shuffled)
    let framed = try framing.frames(of: unit, random: try streams(seed: seed))
    return (
      (0..<framed.count).map { index in
        var frame = Frame()
        framed.load(index, into: &frame)
        return frame
      }, framed
    )
  }

  private func dropped(_ framed: FramedUnit, _ reason: FramingReport.DropReason) -> Int {
    framed.report.drops.first { $0.reason == reason }?.tokens ?? 0
  }

  @Test func everyTokenIsServedOnceOrCountedAsDropped() throws {
    let lengths = try randomLengths(documents: 400, seed: 31)
    let (frames, framed) = try frames(lengths)
    let served = coverage(of: framed.unit, in: frames)
    #expect(served.allSatisfy { $0 <= 1 })
    let single = lengths.filter { $0.count == 1 }
    #expect(!single.isEmpty)
    #expect(dropped(framed, .oneSentenceDocument) == single.reduce(0) { $0 + $1[0] })
    #expect(
      served.count { $0 == 0 }
        == dropped(framed, .oneSentenceDocument) + dropped(framed, .truncation))
  }

  @Test func labelsSayWhereTheSecondSegmentComesFrom() throws {
    let lengths = try randomLengths(documents: 400, seed: 32)
    let (frames, _) = try frames(lengths)
    for frame in frames {
      let first = frame.pieces[0]
      let second = frame.pieces[1]
      #expect(frame.pieces.count == 2 && first.length > 0 && second.length > 0)
      #expect(frame.tokens.count <= 125)
      if frame.label == 0 {
        #expect(first.document == second.document)
        #expect(first.offset + first.length <= second.offset)
      } else {
        #expect(first.document != second.document)
      }
    }
  }

  @Test func theCoinIsFair() throws {
    let lengths = try randomLengths(documents: 1000, seed: 33)
    let (frames, framed) = try frames(lengths)
    #expect(framed.report.count(of: .pairsWithoutPartner) <= 1)
    expectShare(frames.count { $0.label == 1 }, of: frames.count, 0.5)
  }

  /// A probe that learns from even pairs which lengths go with which label and guesses the odd
  /// ones: a table over (A, B, sum), binned.
  private func probe(_ frames: [Frame]) -> Double {
    func key(_ frame: Frame) -> [Int] {
      let a = frame.pieces[0].length
      let b = frame.pieces[1].length
      return [a / 16, b / 16, (a + b) / 4]
    }
    var votes: [[Int]: Int] = [:]
    for (index, frame) in frames.enumerated() where index % 2 == 0 {
      votes[key(frame), default: 0] += frame.label == 1 ? 1 : -1
    }
    var right = 0
    var total = 0
    for (index, frame) in frames.enumerated() where index % 2 == 1 {
      total += 1
      if ((votes[key(frame)] ?? 0) > 0) == (frame.label == 1) { right += 1 }
    }
    return Double(right) / Double(total)
  }

  @Test(arguments: [(1000, 40), (500, 90)])
  func lengthsAloneDoNotTellTheLabel(documents: Int, longest: Int) throws {
    var hits: [Double] = []
    for seed in UInt64(1)...5 {
      let lengths = try randomLengths(documents: documents, longest: longest, seed: 34 + seed)
      hits.append(probe(try frames(lengths, seed: seed).0))
    }
    #expect(hits.reduce(0, +) / Double(hits.count) < 0.55, "hits \(hits)")
  }

  @Test func theProbeSeesTheLengthsOfPublishedPairs() throws {
    let lengths = try randomLengths(documents: 1500, seed: 35)
    #expect(probe(try frames(lengths, pairing: .putBack).0) > 0.55)
  }

  @Test func aSentenceLeftAloneTakesOneFromItsNeighbourOrJoinsIt() throws {
    let (three, framed) = try frames([[40, 40, 40], [5, 5]], maximum: 80, short: 0)
    #expect(three.count == 2)
    #expect(dropped(framed, .truncation) > 0)
    let (four, _) = try frames([[25, 25, 25, 25], [5, 5]], maximum: 80, short: 0)
    #expect(four.count == 3)
    // 75 and 25 would leave one alone; exchanges move second halves, not their sum.
    #expect(four.reduce(0) { $0 + $1.tokens.count } == 110)
  }

  @Test func oneDocumentAloneHasOnlyTruePairs() throws {
    let (frames, framed) = try frames([[Int](repeating: 10, count: 200)])
    #expect(frames.allSatisfy { $0.label == 0 })
    #expect(framed.report.count(of: .pairsWithoutPartner) > 0)
  }

  @Test func twoTokensAreTheShortestPair() throws {
    let (frames, framed) = try frames([[1, 1, 9], [3, 3]], maximum: 2)
    #expect(frames.allSatisfy { $0.tokens.count == 2 })
    #expect(coverage(of: framed.unit, in: frames).allSatisfy { $0 <= 1 })
  }

  @Test func putBackKeepsThePublishedDefects() throws {
    let lengths = try randomLengths(documents: 1000, seed: 36)
    let (frames, framed) = try frames(lengths, pairing: .putBack)
    let share = Double(frames.count { $0.label == 1 }) / Double(frames.count)
    #expect(share > 0.52 && share < 0.62)
    #expect(framed.report.count(of: .repeatedTokens) > 0)
    let served = coverage(of: framed.unit, in: frames)
    #expect(served.contains { $0 > 1 })
    #expect(frames.allSatisfy { $0.tokens.count <= 125 })
  }
}
