// SPDX-License-Identifier: Apache-2.0
public import Objectives

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// One expected statistic against what was counted.
///
/// It fails only if the deviation is larger than the stated tolerance *and* chance gives one so
/// large with a probability below 1e-5 over all tests of the dataset. Chance is bounded by
/// Chernoff where draws are independent, and where the draws of one row hang together by a
/// self-normalized sum over at least 50 rows.
public struct StatisticalTest: Sendable, Hashable, CustomStringConvertible {
  /// The chance of a false alarm over all tests of a dataset.
  public static let significance = 1e-5

  /// What was expected.
  public let statistic: ExpectedStatistic
  /// Draws that were counted.
  public let draws: Int
  /// The observed rate, or for a shape 0.
  public let observed: Double
  /// The expected rate, or for a shape 0.
  public let expected: Double
  /// How far off: the absolute difference of rates, or the total variation of a shape.
  public let deviation: Double
  /// The natural logarithm of a bound on the chance of this deviation.
  let logProbability: Double

  /// Compares counts with what is expected; nil without draws.
  ///
  /// - Parameter knownMisses: draws that were made misses for a known reason.
  init?(_ statistic: ExpectedStatistic, _ series: Observations.Series, knownMisses: Int = 0) {
    guard series.draws > 0, !series.bins.isEmpty else { return nil }
    self.statistic = statistic
    draws = series.draws
    let count = Double(series.draws)
    switch statistic.kind {
    case .rate:
      let bin = series.bins[0]
      observed = Double(bin.observed) / count
      expected = (bin.expected - Double(knownMisses)) / count
      let low = expected * statistic.leastShare - statistic.legroom
      let nearest = min(max(observed, low), bin.expected / count + statistic.headroom)
      deviation = abs(observed - nearest)
      logProbability = Self.logChance(
        of: observed, expected: nearest, squares: bin.squares, series, statistic.unit)
    case .shape:
      observed = 0
      expected = 0
      deviation =
        series.bins.reduce(0) { $0 + abs(Double($1.observed) - $1.expected) } / (2 * count)
      let least =
        series.bins.map { bin in
          Self.logChance(
            of: Double(bin.observed) / count, expected: bin.expected / count,
            squares: bin.squares, series, statistic.unit)
        }.min() ?? 0
      logProbability = min(0, least + log(Double(series.bins.count)))
    }
  }

  /// Whether chance cannot explain what was counted.
  func fails(among tests: Int) -> Bool {
    deviation > statistic.tolerance
      && logProbability < log(Self.significance / Double(max(1, tests)))
  }

  private static func logChance(
    of observed: Double, expected: Double, squares: Double, _ series: Observations.Series,
    _ unit: ExpectedStatistic.Unit
  ) -> Double {
    guard observed != expected else { return 0 }
    let draws = Double(series.draws)
    switch unit {
    case .draw:
      return min(0, log(2) - draws * divergence(observed, min(max(expected, 0), 1)))
    case .row:
      // Few rows say nothing about how rows differ.
      guard series.rows >= 50 else { return 0 }
      // At least the variance of independent draws, so that a bin that is always empty counts too.
      let share = min(max(expected, 0), 1)
      let variance = max(squares, draws * share * (1 - share))
      guard variance > 0 else { return -.infinity }
      let difference = (observed - expected) * draws
      return min(0, log(2) - difference * difference / (2 * variance))
    }
  }

  /// The Kullback–Leibler divergence of one coin from another.
  private static func divergence(_ observed: Double, _ expected: Double) -> Double {
    func term(_ a: Double, _ b: Double) -> Double {
      if a <= 0 { return 0 }
      return b <= 0 ? .infinity : a * log(a / b)
    }
    return term(observed, expected) + term(1 - observed, 1 - expected)
  }

  /// Whether it is about a rate rather than a shape.
  public var isRate: Bool { statistic.kind == .rate }

  /// The name and what was found.
  public var description: String {
    isRate
      ? "\(statistic.name) \(Self.text(observed)) (\(Self.text(expected)))"
      : "\(statistic.name) within \(Self.text(deviation))"
  }

  /// The finding if the test fails.
  func finding(among tests: Int) -> Finding? {
    guard fails(among: tests) else { return nil }
    let numbers =
      statistic.kind == .rate
      ? "\(Self.text(observed)) where \(Self.text(expected)) is expected"
      : "\(Self.text(deviation)) total variation from the expected distribution"
    return Finding(rule: statistic.name, "\(statistic.meaning): \(numbers), of \(draws) draws")
  }

  /// Four digits after the point.
  static func text(_ value: Double) -> String {
    let scaled = Int((abs(value) * 10_000).rounded())
    let digits = String(scaled % 10_000)
    return (value < 0 ? "-" : "") + "\(scaled / 10_000)."
      + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
