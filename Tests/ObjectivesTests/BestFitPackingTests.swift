// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

@testable import Objectives

@Suite struct BestFitPackingTests {
  private func frames(
    _ lengths: [Int], capacity: Int, overhead: Int = 0, separator: TokenID? = nil,
    order: Framing.DocumentOrder = .corpus
  ) throws -> ([Frame], FramedUnit) {
    let unit = try syntheticUnit(documents: lengths.map { [$0] })
    let framing = Framing(
      .bestFit(BestFitPacking(capacity: capacity, overhead: overhead, separator: separator)),
      documentOrder: order)
    let framed = try framing.frames(of: unit, random: try streams())
    return (
      (0..<framed.count).map { index in
        var frame = Frame()
        framed.load(index, into: &frame)
        return frame
      }, framed
    )
  }

  /// Lengths whose logarithm is roughly normal, as those of web documents are.
  private func documentLengths(_ count: Int, seed: UInt64) throws -> [Int] {
    var stream = try streams(seed: seed).stream(.frame)
    return (0..<count).map { _ in
      var length = 8.0
      for _ in 0..<16 { length *= 1 + stream.fraction() * 0.6 }
      return Int(length)
    }
  }

  @Test func piecesGoToTheFullestRowThatHasRoom() throws {
    // From the longest: 7 | 6 | 6 4 | 7 3 | 2 | 2 2.
    let (frames, _) = try frames([2, 7, 4, 6, 2, 3], capacity: 10)
    #expect(frames.map { $0.pieces.map(\.document) } == [[0, 4], [1, 5], [2, 3]])
  }

  @Test func documentsAreCutOnlyIfTheyFitNoRow() throws {
    let (frames, framed) = try frames([25, 10, 3], capacity: 10)
    #expect(coverage(of: framed.unit, in: frames).allSatisfy { $0 == 1 })
    let long = frames.flatMap(\.pieces).filter { $0.document == 0 }
    #expect(long.map(\.length).sorted() == [5, 10, 10])
    #expect(frames.flatMap(\.pieces).filter { $0.document == 1 }.map(\.length) == [10])
    #expect(frames.count == 4)
  }

  @Test func aSeparatorFollowsEveryDocumentThatDoesNotFillItsRow() throws {
    let (frames, _) = try frames([3, 10, 4, 12], capacity: 10, separator: 1)
    for frame in frames {
      #expect(frame.tokens.count <= 10)
      for (index, piece) in frame.pieces.enumerated() {
        let next =
          index + 1 < frame.pieces.count ? frame.pieces[index + 1].start : frame.tokens.count
        let endsDocument = piece.offset + piece.length == [3, 10, 4, 12][piece.document]
        #expect(next - piece.end == (endsDocument && piece.length < 10 ? 1 : 0))
        if next > piece.end { #expect(frame.tokens[piece.end] == 1) }
      }
    }
  }

  @Test(arguments: [(0, false), (0, true), (2, false)])
  func realisticLengthsFillNinetyNinePercentAndNothingIsLost(
    overhead: Int, separated: Bool
  ) throws {
    let lengths = try documentLengths(6000, seed: 91)
    let (frames, framed) = try frames(
      lengths, capacity: 2048, overhead: overhead, separator: separated ? 1 : nil,
      order: .shuffled)
    #expect(coverage(of: framed.unit, in: frames).allSatisfy { $0 == 1 })
    var used = 0
    var pieces: [Int: Int] = [:]
    for frame in frames {
      let size = frame.tokens.count + overhead * frame.pieces.count
      #expect(size <= 2048)
      used += size
      for piece in frame.pieces { pieces[piece.document, default: 0] += 1 }
    }
    for (document, length) in lengths.enumerated() where length + overhead <= 2048 {
      #expect(pieces[document] == 1)
    }
    #expect(Double(used) / Double(2048 * frames.count) >= 0.99)
  }

  /// The naive rule: longest first, every row looked at.
  @Test func rowsAreAsFullAsThoseOfTheNaiveRule() throws {
    for seed in UInt64(1)...20 {
      var stream = try streams(seed: seed).stream(.frame)
      let lengths = (0..<200).map { _ in 1 + stream.uniform(below: 60) }
      var rooms: [Int] = []
      for length in lengths.sorted(by: >) {
        let fitting = rooms.indices.filter { rooms[$0] >= length }
        if let best = fitting.min(by: { rooms[$0] < rooms[$1] }) {
          rooms[best] -= length
        } else {
          rooms.append(64 - length)
        }
      }
      let (frames, _) = try frames(lengths, capacity: 64)
      #expect(frames.map { 64 - $0.tokens.count }.sorted() == rooms.sorted())
    }
  }

  @Test func rowsAndPiecesStandInDocumentOrder() throws {
    let lengths = try documentLengths(2000, seed: 92)
    let (frames, _) = try frames(lengths, capacity: 1024)
    var leaders: [Int] = []
    for frame in frames {
      let documents = frame.pieces.map(\.document)
      #expect(documents == documents.sorted())
      let longest = frame.pieces.map(\.length).max() ?? 0
      leaders.append(frame.pieces.first { $0.length == longest }?.document ?? 0)
    }
    #expect(leaders == leaders.sorted())
  }

  @Test func theNextMemberOfASetIsFound() throws {
    var stream = try streams(seed: 93).stream(.frame)
    for limit in [1, 63, 64, 65, 4096, 4097, 300_000] {
      var set = CapacitySet(limit: limit)
      var members: Set<Int> = []
      for _ in 0..<300 {
        let member = stream.uniform(below: limit)
        if stream.coin() {
          set.insert(member)
          members.insert(member)
        } else {
          set.remove(member)
          members.remove(member)
        }
        let bound = stream.uniform(below: limit + 1)
        #expect(set.first(atLeast: bound) == members.filter { $0 >= bound }.min())
      }
    }
  }

  @Test func oneDocumentARowOrItsWindows() throws {
    let unit = try syntheticUnit(documents: [[7], [], [4], [3]])
    func pieces(_ separator: TokenID?) throws -> [[TokenID]] {
      let framing = Framing(
        .documents(DocumentWindows(maximum: 4, separator: separator)), documentOrder: .corpus)
      let framed = try framing.frames(of: unit, random: try streams())
      #expect(framed.report.drops.map(\.reason) == [.emptyDocument])
      return (0..<framed.count).map { index in
        var frame = Frame()
        framed.load(index, into: &frame)
        return frame.tokens
      }
    }
    #expect(
      try pieces(nil) == [[10, 11, 12, 13], [14, 15, 16], [17, 18, 19, 20], [21, 22, 23]])
    #expect(
      try pieces(1) == [[10, 11, 12, 13], [14, 15, 16, 1], [17, 18, 19, 20], [21, 22, 23, 1]])
  }
}
