// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

/// What each distribution gives for one address, computed by an independent implementation of
/// docs/determinism.md. These values never change.
@Suite struct GoldenValueTests {
  private func stream() throws -> RandomStream {
    try RandomStreams(
      key: StreamKey(seed: 0x0123_4567_89AB_CDEF), unit: 3, epoch: 2, component: 1
    ).stream(.pair, frame: 7)
  }

  private func draw<Value>(
    _ count: Int, _ next: (inout RandomStream) -> Value
  ) throws -> [Value] {
    var stream = try stream()
    return (0..<count).map { _ in next(&stream) }
  }

  @Test func words() throws {
    #expect(
      try draw(6) { $0.next32() } == [
        0xD2C8_3C26, 0x2E04_E14A, 0x4A98_E786, 0x5B3B_9DC5, 0x4F02_6AFF, 0x2E85_BCBE,
      ])
    #expect(try draw(2) { $0.next64() } == [0x2E04_E14A_D2C8_3C26, 0x5B3B_9DC5_4A98_E786])
  }

  @Test func boundedIntegers() throws {
    #expect(
      try draw(12) { $0.uniform(below: 10) } == [8, 1, 2, 3, 3, 1, 6, 7, 7, 4, 9, 9])
    #expect(
      try draw(6) { $0.uniform(below: UInt32(3_000_000_000)) } == [
        2_470_103_528, 874_186_907, 545_184_506, 1_934_472_234, 2_122_058_315, 2_718_295_860,
      ])
    #expect(
      try draw(4) { $0.uniform(below: 1_000_000_000_000_000) } == [
        179_761_963_622_497, 356_378_422_419_399, 181_728_168_928_211, 743_344_608_844_449,
      ])
  }

  @Test func fractionsCoinsAndBernoulli() throws {
    #expect(
      try draw(3) { $0.fraction() } == [
        0.1797619636224973, 0.35637842241939977, 0.1817281689282112,
      ])
    #expect(
      try draw(12) { $0.coin() ? 1 : 0 } == [1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1])
    #expect(
      try draw(16) { $0.bernoulli(Probability(0.3)) ? 1 : 0 } == [
        1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0,
      ])
  }

  @Test func permutationsSubsetsAndCompositions() throws {
    var first = try stream()
    #expect(first.permutation(count: 10) == [4, 5, 3, 6, 0, 9, 7, 2, 1, 8])
    var second = try stream()
    #expect(subset(4, of: 12, &second) == [1, 3, 4, 7])
    var third = try stream()
    #expect(
      composition(85, 28, &third) == [
        1, 1, 6, 2, 1, 1, 6, 2, 2, 6, 2, 1, 4, 7, 5, 1, 1, 2, 11, 7, 1, 1, 2, 6, 3, 1, 1, 1,
      ])
  }

  @Test func tables() throws {
    let geometric = DiscreteDistribution.geometric(success: 0.2, maximum: 10)
    #expect(try draw(12) { $0.next(geometric) } == [6, 1, 2, 2, 2, 1, 4, 5, 5, 3, 8, 10])
    let poisson = DiscreteDistribution.poisson(mean: 3.5, maximum: 18)
    #expect(try draw(12) { $0.next(poisson) } == [5, 2, 2, 3, 2, 2, 4, 5, 4, 3, 6, 10])
  }
}

func subset(_ size: Int, of count: Int, _ stream: inout RandomStream) -> [Int] {
  var marks = [UInt8](repeating: 0, count: count)
  marks.withUnsafeMutableBufferPointer { stream.markSubset(ofSize: size, in: $0) }
  return marks.indices.filter { marks[$0] == 1 }
}

func composition(_ total: Int, _ parts: Int, _ stream: inout RandomStream) -> [Int] {
  var result = [Int](repeating: 0, count: parts)
  var scratch = [UInt8](repeating: 0, count: total)
  result.withUnsafeMutableBufferPointer { result in
    scratch.withUnsafeMutableBufferPointer { scratch in
      stream.composition(of: total, into: result, scratch: scratch)
    }
  }
  return result
}
