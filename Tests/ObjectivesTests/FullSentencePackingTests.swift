// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct FullSentencePackingTests {
  private func frames(
    _ lengths: [[Int]], maximum: Int, separator: TokenID? = 5
  ) throws -> ([Frame], FramedUnit) {
    let unit = try syntheticUnit(documents: lengths)
    let framing = Framing(
      .fullSentences(FullSentencePacking(maximum: maximum, separator: separator)),
      documentOrder: .corpus)
    let framed = try framing.frames(of: unit, random: try streams())
    return (
      (0..<framed.count).map { index in
        var frame = Frame()
        framed.load(index, into: &frame)
        return frame
      }, framed
    )
  }

  @Test func rowsCrossDocumentsWithASeparatorBetween() throws {
    let (frames, _) = try frames([[2, 1], [2, 3]], maximum: 6)
    #expect(frames.map(\.tokens) == [[10, 11, 12, 5, 13, 14], [15, 16, 17]])
    #expect(frames.map { $0.pieces.map(\.document) } == [[0, 1], [1]])
  }

  @Test func aSeparatorTakesRoomAndNoneStandsAtTheEndOfARow() throws {
    let (frames, _) = try frames([[3], [3], [3]], maximum: 6)
    #expect(frames.map { $0.tokens.count } == [3, 3, 3])
    let (without, _) = try self.frames([[3], [3], [3]], maximum: 6, separator: nil)
    #expect(without.map { $0.tokens.count } == [6, 3])
    #expect(without[0].pieces.map(\.start) == [0, 3])
  }

  @Test func aLongSentenceIsCutAndCounted() throws {
    let (frames, framed) = try frames([[2, 11], [4]], maximum: 5)
    #expect(frames.map { $0.pieces.map(\.length) } == [[2], [5], [5], [1], [4]])
    #expect(framed.report.count(of: .cutSentences) == 1)
    let (joined, _) = try self.frames([[2, 11], [3]], maximum: 5)
    #expect(joined.map { $0.pieces.map(\.length) } == [[2], [5], [5], [1, 3]])
  }

  @Test func everyTokenIsServedOnceInWholeSentencesAndNoRowCouldTakeTheNext() throws {
    let lengths = try randomLengths(documents: 200, sentences: 6, seed: 22)
    let (frames, framed) = try frames(lengths, maximum: 60)
    #expect(coverage(of: framed.unit, in: frames).allSatisfy { $0 == 1 })
    #expect(frames.contains { $0.pieces.count > 1 })
    let starts = try #require(framed.unit.sentenceStarts)
    for (frame, next) in zip(frames, frames.dropFirst()) {
      #expect(frame.tokens.count <= 60)
      let piece = next.pieces[0]
      let document = starts.starts[
        starts.offsets[piece.document]..<starts.offsets[piece.document + 1]
      ].map { Int($0) }
      #expect(document.contains(piece.offset))
      let end = document.first { $0 > piece.offset } ?? lengths[piece.document].reduce(0, +)
      let separator = piece.offset == 0 ? 1 : 0
      #expect(frame.tokens.count + separator + end - piece.offset > 60)
    }
  }
}
