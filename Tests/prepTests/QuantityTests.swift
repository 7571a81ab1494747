// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import prep

@Suite struct QuantityTests {
  @Test(
    arguments: [
      (0, "0"), (999, "999"), (1000, "1.0 k"), (1234, "1.2 k"), (999_949, "999.9 k"),
      (1_234_567, "1.2 M"), (3_000_000_000, "3.0 G"), (-5, "-5"),
    ] as [(Int, String)])
  func short(_ number: Int, _ text: String) {
    #expect(Quantity.short(number) == text)
  }

  @Test(
    arguments: [
      (0, "0"), (12, "12"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"),
      (-1, "-1"), (-123, "-123"), (-1234, "-1,234"), (-123_456, "-123,456"),
      (Int.max, "9,223,372,036,854,775,807"), (Int.min, "-9,223,372,036,854,775,808"),
    ] as [(Int, String)])
  func grouped(_ number: Int, _ text: String) {
    #expect(Quantity.grouped(number) == text)
  }

  @Test(
    arguments: [
      (0, "0 s"), (0.4, "0 s"), (42, "42 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"),
      (3599.6, "1 h 00 min"), (7800, "2 h 10 min"), (360_000, "100 h 00 min"),
    ] as [(Double, String)])
  func time(_ seconds: Double, _ text: String) {
    #expect(Quantity.time(seconds) == text)
  }

  @Test(
    arguments: [
      (0, 1, "0.0"), (1.25, 1, "1.3"), (1.04, 1, "1.0"), (9.96, 1, "10.0"), (0.0005, 3, "0.001"),
      (2, 3, "2.000"), (-1.5, 1, "-1.5"), (-0.01, 1, "0.0"), (7.5, 0, "8"), (12.034, 3, "12.034"),
    ] as [(Double, Int, String)])
  func decimal(_ number: Double, _ places: Int, _ text: String) {
    #expect(Quantity.decimal(number, places) == text)
  }

  @Test func numbersWithoutEndAreShownAsTheyAre() {
    #expect(Quantity.decimal(.infinity, 1) == "inf")
    #expect(Quantity.decimal(.nan, 1) == "nan")
    #expect(Quantity.decimal(1e300, 3) == "1e+300")
  }
}
