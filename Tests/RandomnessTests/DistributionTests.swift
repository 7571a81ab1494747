// SPDX-License-Identifier: Apache-2.0

import Randomness
import Testing

/// Shapes of the distributions, with fixed seeds. Bounds: |x/N − p| < 4.5·√(p(1 − p)/N), which a
/// sound generator misses less than once in 10⁵.
@Suite struct DistributionTests {
  private func stream(_ seed: UInt64) throws -> RandomStream {
    try RandomStreams(key: StreamKey(seed: seed), unit: 0).stream(.mask)
  }

  private func expectShares(
    _ counts: [Int], of total: Int, _ expected: [Double],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (count, share) in zip(counts, expected) {
      let bound = 4.5 * (share * (1 - share) / Double(total)).squareRoot()
      #expect(abs(Double(count) / Double(total) - share) <= bound, sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [1, 2, 3, 7, 10])
  func boundedIntegersAreEquallyLikely(bound: Int) throws {
    var stream = try stream(11)
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<40_000 { counts[stream.uniform(below: bound)] += 1 }
    expectShares(counts, of: 40_000, counts.map { _ in 1 / Double(bound) })
  }

  @Test func rejectionRemovesTheBiasOfLargeBounds() throws {
    // Without rejection, results below 2³² mod bound of this bound come twice as often.
    let bound: UInt32 = 0xC000_0000
    var stream = try stream(12)
    var counts = [0, 0, 0]
    for _ in 0..<30_000 { counts[Int(stream.uniform(below: bound) % 3)] += 1 }
    expectShares(counts, of: 30_000, [1 / 3, 1 / 3, 1 / 3])
  }

  @Test func permutationsOfThreeAreEquallyLikely() throws {
    var stream = try stream(13)
    var counts: [[UInt32]: Int] = [:]
    for _ in 0..<24_000 { counts[stream.permutation(count: 3), default: 0] += 1 }
    #expect(counts.count == 6)
    expectShares(counts.values.sorted(), of: 24_000, counts.map { _ in 1 / 6 })
  }

  @Test func subsetsOfTwoInFiveAreEquallyLikely() throws {
    var stream = try stream(14)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<40_000 { counts[subset(2, of: 5, &stream), default: 0] += 1 }
    #expect(counts.count == 10)
    expectShares(counts.values.sorted(), of: 40_000, counts.map { _ in 0.1 })
  }

  @Test func compositionsOfFiveIntoThreeAreEquallyLikely() throws {
    var stream = try stream(15)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<24_000 { counts[composition(5, 3, &stream), default: 0] += 1 }
    #expect(counts.count == 6)
    #expect(counts.keys.allSatisfy { $0.reduce(0, +) == 5 && $0.allSatisfy { $0 > 0 } })
    expectShares(counts.values.sorted(), of: 24_000, counts.map { _ in 1 / 6 })
  }

  @Test func compositionsAreExactAtTheirEdges() throws {
    var stream = try stream(16)
    #expect(composition(1, 1, &stream) == [1])
    #expect(composition(9, 1, &stream) == [9])
    #expect(composition(6, 6, &stream) == [1, 1, 1, 1, 1, 1])
  }

  @Test func probabilitiesAreExactThresholds() {
    #expect(Probability(0).threshold == 0)
    #expect(Probability(-1).threshold == 0)
    #expect(Probability(1).threshold == 1 << 53)
    #expect(Probability(2).threshold == 1 << 53)
    #expect(Probability(.nan).threshold == 1 << 53)
    #expect(Probability(0.5).threshold == 1 << 52)
    #expect(Probability(0x1p-60).threshold == 1)
  }

  @Test func certainEventsHappenAndImpossibleOnesDoNot() throws {
    var stream = try stream(17)
    for _ in 0..<1000 {
      let certain = stream.bernoulli(Probability(1))
      let impossible = stream.bernoulli(Probability(0))
      #expect(certain && !impossible)
    }
  }

  @Test func theGeometricTableIsSpanBERTs() {
    let table = DiscreteDistribution.geometric(success: 0.2, maximum: 10)
    let published = [
      0.2241, 0.1792, 0.1434, 0.1147, 0.0918, 0.0734, 0.0587, 0.0470, 0.0376, 0.0301,
    ]
    for (index, share) in published.enumerated() {
      #expect(abs(table.probability(of: index + 1) - share) < 0.00006)
    }
    #expect(table.probability(of: 0) == 0)
    #expect(table.probability(of: 11) == 0)
  }

  @Test func tablesAreDrawnInProportion() throws {
    let poisson = DiscreteDistribution.poisson(mean: 3, maximum: 17)
    #expect(abs(poisson.probability(of: 0) - 0.0498) < 0.0001)
    var stream = try stream(18)
    var counts = [Int](repeating: 0, count: 18)
    for _ in 0..<40_000 { counts[stream.next(poisson)] += 1 }
    expectShares(
      Array(counts[0..<8]), of: 40_000, (0..<8).map { poisson.probability(of: $0) })
  }

  @Test func degenerateTablesDoNotTrap() throws {
    var stream = try stream(19)
    let none = DiscreteDistribution(first: 4, weights: [])
    let zero = DiscreteDistribution(first: 4, weights: [0, .nan, -1])
    #expect(stream.next(none) == 4)
    #expect((4...6).contains(stream.next(zero)))
  }
}
