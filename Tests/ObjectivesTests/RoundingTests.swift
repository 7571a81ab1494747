// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Objectives

@Suite struct RoundingTests {
  @Test func halvesGoToTheEvenNeighbour() {
    #expect([0.5, 1.5, 2.5, 3.5, 4.5].map { Rounding.halfEven($0) } == [0, 2, 2, 4, 4])
    #expect([Float(0.5), 1.5, 2.5, 3.5].map { Rounding.halfEven($0) } == [0, 2, 2, 4])
  }

  @Test func agreesWithTheLanguage() {
    for index in 0..<20_000 {
      let value = Double(index) * 0.15
      #expect(Rounding.halfEven(value) == Int(value.rounded(.toNearestOrEven)))
    }
  }

  /// Selected counts of BERT (reference: `round` of Python 3).
  @Test(arguments: [(128, 19), (512, 77), (10, 2), (30, 4), (3, 0)])
  func countsAreThoseOfBERT(length: Int, expected: Int) {
    #expect(Rounding.halfEven(0.15 * Double(length)) == expected)
  }
}
