// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

@Suite struct SentenceOrderTests {
  private func frames(
    _ lengths: [[Int]], maximum: Int = 125, pairing: SentencePairs.Pairing = .swapCounted,
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

  @Test func pairsAreNeighboursInOneDocumentAndTheLabelSaysWhetherTheyAreSwapped() throws {
    let (frames, _) = try frames(try randomLengths(documents: 400, seed: 41))
    for frame in frames {
      let first = frame.pieces[frame.label == 0 ? 0 : 1]
      let second = frame.pieces[frame.label == 0 ? 1 : 0]
      #expect(first.document == second.document && first.length > 0 && second.length > 0)
      // Only what was cut lies between them.
      #expect(first.offset + first.length <= second.offset)
      if frame.tokens.count < 125 { #expect(first.offset + first.length == second.offset) }
      #expect(frame.tokens.count <= 125)
    }
  }

  @Test func everyTokenIsServedOnceOrCounted() throws {
    let lengths = try randomLengths(documents: 400, seed: 42)
    let (frames, framed) = try frames(lengths)
    let served = coverage(of: framed.unit, in: frames)
    #expect(served.allSatisfy { $0 <= 1 })
    let dropped = framed.report.drops.reduce(0) { $0 + $1.tokens }
    #expect(served.count { $0 == 0 } == dropped)
    let single = lengths.filter { $0.count == 1 }.reduce(0) { $0 + $1[0] }
    #expect(
      framed.report.drops.first { $0.reason == .oneSentenceDocument }?.tokens == single)
  }

  @Test func theCoinIsFair() throws {
    let (frames, _) = try frames(try randomLengths(documents: 1500, seed: 43))
    expectShare(frames.count { $0.label == 1 }, of: frames.count, 0.5)
  }

  @Test func aLongSentenceIsCutIntoEqualParts() throws {
    let (frames, framed) = try frames([[100, 1]], maximum: 40, short: 0)
    #expect(framed.report.count(of: .cutSentences) == 1)
    #expect(frames.allSatisfy { $0.tokens.count <= 40 })
  }

  /// Learns from even pairs on which side of each length the order shows, and guesses the odd ones.
  private func probe(_ frames: [Frame]) -> Double {
    func key(_ frame: Frame) -> [Int] {
      [(frame.pieces[0].length - frame.pieces[1].length) / 6, frame.tokens.count / 24]
    }
    var votes: [[Int]: Int] = [:]
    for (index, frame) in frames.enumerated() where index % 2 == 0 {
      votes[key(frame), default: 0] += frame.label == 1 ? 1 : -1
    }
    let odd = frames.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    let right = odd.count { ((votes[key($0)] ?? 0) > 0) == ($0.label == 1) }
    return Double(right) / Double(odd.count)
  }

  /// Few sentences a chunk, of very different lengths: where filling shows most.
  private func unevenLengths(seed: UInt64) throws -> [[Int]] {
    var stream = try streams(seed: seed).stream(.frame)
    return (0..<3000).map { _ in
      (0..<(4 + stream.uniform(below: 12))).map { _ in
        stream.coin() ? 3 + stream.uniform(below: 5) : 40 + stream.uniform(below: 20)
      }
    }
  }

  @Test func countedChunksDoNotShowTheirOrderInLengthsAndGreedyOnesDo() throws {
    let counted = try frames(try unevenLengths(seed: 44)).0
    // Half of the pairs are guessed: 4.5 standard deviations are less than 0.05.
    #expect(counted.count > 4500 && abs(probe(counted) - 0.5) < 0.05)
    let greedy = try frames(
      try unevenLengths(seed: 44), pairing: .swapGreedy, short: 0
    ).0
    #expect(probe(greedy) > 0.55)
  }

  @Test func greedyChunksKeepThePublishedDefects() throws {
    let lengths = try randomLengths(documents: 1000, sentences: 6, seed: 45)
    let (frames, framed) = try frames(lengths, pairing: .swapGreedy)
    // Chunks of one sentence have a random document for a partner and label 1.
    let foreign = frames.filter { $0.pieces[0].document != $0.pieces[1].document }
    #expect(!foreign.isEmpty && foreign.allSatisfy { $0.label == 1 })
    #expect(framed.report.count(of: .repeatedTokens) > 0)
    let own = frames.filter { $0.pieces[0].document == $0.pieces[1].document && $0.label == 1 }
    #expect(own.contains { $0.pieces[0].offset > $0.pieces[1].offset })
    #expect(Double(frames.count { $0.label == 1 }) / Double(frames.count) > 0.52)
  }

  @Test func twoTokensAreTheShortestPair() throws {
    let (frames, framed) = try frames([[1, 1, 9], [3, 3]], maximum: 2)
    #expect(frames.allSatisfy { $0.tokens.count == 2 })
    #expect(coverage(of: framed.unit, in: frames).allSatisfy { $0 <= 1 })
  }
}
