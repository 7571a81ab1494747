// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Randomness

@Suite struct RandomStreamsTests {
  @Test func theCounterHasTheDocumentedWords() throws {
    let streams = try RandomStreams(
      key: StreamKey(seed: 0x0123_4567_89AB_CDEF), unit: 3, epoch: 2, component: 1)
    var stream = streams.stream(.frame, frame: 7)
    for block in UInt32(0)..<20 {
      let expected = Philox.block(
        counter: SIMD4(block, 7, 3, 2 << 16 | 1 << 8 | 3), key: SIMD2(0x89AB_CDEF, 0x0123_4567))
      for index in 0..<4 { #expect(stream.next32() == expected[index]) }
    }
  }

  @Test func purposesKeepTheirNumbers() {
    let table = Purpose.allCases.map { "\($0)=\($0.rawValue)" }
    #expect(
      table == [
        "documentOrder=1", "rowOrder=2", "frame=3", "pair=4", "mask=5", "replacement=6",
        "arrangement=7", "document=8", "measurement=9", "noise=10", "weights=11",
        "trainingOrder=12", "judgement=13", "repetition=14",
      ])
  }

  @Test func everyFieldOfTheAddressChangesTheStream() throws {
    func words(
      seed: UInt64 = 1, unit: Int = 1, epoch: Int = 1, component: Int = 1,
      purpose: Purpose = .mask, frame: UInt32 = 1
    ) throws -> [UInt32] {
      var stream = try RandomStreams(
        key: StreamKey(seed: seed), unit: unit, epoch: epoch, component: component
      ).stream(purpose, frame: frame)
      return (0..<4).map { _ in stream.next32() }
    }
    let all = try [
      words(), words(seed: 2), words(seed: 1 << 32), words(unit: 2), words(unit: 1 << 16),
      words(epoch: 2), words(component: 2), words(purpose: .pair), words(frame: 2),
      words(frame: 1 << 16),
    ]
    #expect(Set(all).count == all.count)
    #expect(try words() == words())
  }

  @Test func aNumberThatDoesNotFitItsFieldIsAnError() throws {
    let key = StreamKey(seed: 0)
    _ = try RandomStreams(key: key, unit: 0xFFFF_FFFF, epoch: 65535, component: 255)
    #expect(throws: RandomnessError(code: .unitOutOfRange, value: 1 << 32, limit: 0xFFFF_FFFF)) {
      try RandomStreams(key: key, unit: 1 << 32)
    }
    #expect(throws: RandomnessError(code: .epochOutOfRange, value: 65536, limit: 65535)) {
      try RandomStreams(key: key, unit: 0, epoch: 65536)
    }
    #expect(throws: RandomnessError(code: .componentOutOfRange, value: 256, limit: 255)) {
      try RandomStreams(key: key, unit: 0, component: 256)
    }
    #expect(throws: RandomnessError(code: .epochOutOfRange, value: -1, limit: 65535)) {
      try RandomStreams(key: key, unit: 0, epoch: -1)
    }
  }
}
