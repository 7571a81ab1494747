// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct TemperatureSamplingTests {
  private let tokens = [900_000, 90_000, 9000]

  private func plan(_ exponent: Double, cap: Double = 1000) -> TemperatureSampling {
    TemperatureSampling(tokens: tokens, exponent: exponent, cap: cap)
  }

  @Test func sharesAreInProportionToPowersOfTheTokens() {
    // 0.3: 61.2, 30.7 and 15.4 of 107.2 (n^0.3).
    let shares = plan(0.3).shares
    #expect(abs(shares[0] - 0.5709) < 1e-3)
    #expect(abs(shares[1] / shares[0] - 0.5012) < 1e-3)
    #expect(abs(shares[2] / shares[1] - 0.5012) < 1e-3)
    #expect(plan(0).shares.allSatisfy { abs($0 - 1.0 / 3) < 1e-9 })
  }

  @Test func oneLeavesEverythingAsItIs() throws {
    let groups = (0..<300).map { $0 % 3 }
    for epoch in [0, 1, 65_535] {
      #expect(
        plan(1).copies(groups: groups, epoch: epoch, random: try streams())
          == Array(repeating: 1, count: 300))
    }
  }

  @Test func whatACappedGroupDoesNotTakeGoesToTheOthers() {
    let capped = plan(0, cap: 4)
    #expect(abs(capped.repeats(of: 2) - 4) < 1e-6)
    #expect(abs(capped.repeats(of: 1) - 4) < 1e-6)
    // 999,000 less 36,000 and 360,000.
    #expect(abs(capped.repeats(of: 0) - 603_000.0 / 900_000) < 1e-6)
    #expect(plan(0.5, cap: 0.25).repeats(of: 0) == 0.25)
  }

  @Test func documentsTakeTurnsOverTheEpochs() throws {
    let groups = (0..<120).map { $0 % 10 == 0 ? 1 : 0 }
    let plan = TemperatureSampling(tokens: [108, 12], exponent: 0.3, cap: 100)
    var totals = [Int](repeating: 0, count: groups.count)
    let epochs = 7
    for epoch in 0..<epochs {
      let copies = plan.copies(groups: groups, epoch: epoch, random: try streams())
      for group in 0...1 {
        let own = zip(groups, copies).filter { $0.0 == group }.map(\.1)
        let expected = plan.repeats(of: group) * Double(own.count)
        #expect(abs(Double(own.reduce(0, +)) - expected) <= 1)
      }
      for (index, count) in copies.enumerated() { totals[index] += count }
    }
    for (group, total) in zip(groups, totals) {
      let expected = plan.repeats(of: group) * Double(epochs)
      #expect(abs(Double(total) - expected) < 1)
    }
  }

  @Test func groupsWithoutTokensAreServedNever() throws {
    let plan = TemperatureSampling(tokens: [0, 10], exponent: 0.3, cap: 4)
    #expect(plan.repeats(of: 0) == 0 && abs(plan.repeats(of: 1) - 1) < 1e-9)
    #expect(TemperatureSampling(tokens: [], exponent: 0.3, cap: 4).shares.isEmpty)
  }
}
