// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct SentencePackingTests {
  private func frames(_ lengths: [[Int]], maximum: Int) throws -> ([Frame], FramedUnit) {
    let unit = try syntheticUnit(documents: lengths)
    let framing = Framing(
      .sentences(SentencePacking(maximum: maximum)), documentOrder: .corpus)
    let framed = try framing.frames(of: unit, random: try streams())
    return (
      (0..<framed.count).map { index in
        var frame = Frame()
        framed.load(index, into: &frame)
        return frame
      }, framed
    )
  }

  @Test func wholeSentencesOfOneDocumentArePackedWhileTheyFit() throws {
    let (frames, _) = try frames([[3, 4, 2, 5], [1]], maximum: 8)
    #expect(frames.map { $0.pieces.map(\.length) } == [[7], [7], [1]])
    #expect(frames.map { $0.pieces[0].document } == [0, 0, 1])
  }

  @Test func aSentenceLongerThanTheWindowIsCutAndCounted() throws {
    let (frames, framed) = try frames([[2, 11, 1, 4]], maximum: 5)
    #expect(frames.map { $0.pieces[0].length } == [2, 5, 5, 2, 4])
    #expect(framed.report.count(of: .cutSentences) == 1)
  }

  @Test func everyTokenIsServedOnceAndFramesEndAtSentences() throws {
    let lengths = try randomLengths(documents: 200, seed: 21)
    let (frames, framed) = try frames(lengths, maximum: 60)
    #expect(coverage(of: framed.unit, in: frames).allSatisfy { $0 == 1 })
    for frame in frames {
      #expect(frame.pieces.count == 1 && frame.tokens.count <= 60)
      let piece = frame.pieces[0]
      var ends: Set<Int> = []
      var end = 0
      for sentence in lengths[piece.document] {
        end += sentence
        ends.insert(end)
      }
      #expect(ends.contains(piece.offset + piece.length))
    }
  }

  @Test func emptyDocumentsAreCounted() throws {
    let (frames, framed) = try frames([[], [3], []], maximum: 8)
    #expect(frames.count == 1)
    #expect(
      framed.report.drops
        == [FramingReport.Drop(reason: .emptyDocument, documents: 2, tokens: 0)])
  }

  @Test func withoutSentenceStartsTheRemedyIsNamed() throws {
    let unit = try TokenizedUnit(
      ordinal: 0, documentIDs: ["a"], tokens: [10], documentOffsets: [0, 1])
    let error = #expect(throws: ObjectiveError.self) {
      try build(try make("mlm"), unit)
    }
    #expect(error?.code == .missingInput)
    #expect(error?.message.contains("--sentences") == true)
  }
}
