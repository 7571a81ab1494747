// SPDX-License-Identifier: Apache-2.0

/// A distribution over `first, first + 1, …` by a table of integers that sum to 2³².
///
/// The table is made with additions, multiplications and divisions of doubles alone, which IEEE 754
/// rounds the same everywhere; no exponential or logarithm takes part. A draw is one 32-bit word
/// and a search for the first cumulative weight above it.
public struct DiscreteDistribution: Sendable, Hashable {
  /// The smallest value.
  public let first: Int
  /// Cumulative weights without the last, which is 2³².
  @usableFromInline let cumulative: [UInt32]

  /// The weights of `first, first + 1, …`, each rounded down to a multiple of 2⁻³² of their sum
  /// cumulatively, so that the last value takes what rounding leaves.
  ///
  /// Weights that are negative or not finite count as 0.
  public init(first: Int, weights: [Double]) {
    self.first = first
    let usable = weights.map { $0.isFinite && $0 > 0 ? $0 : 0 }
    var total = 0.0
    for weight in usable { total += weight }
    var sum = 0.0
    cumulative = usable.dropLast().map { weight in
      sum += weight
      guard total > 0 else { return 0 }
      let scaled = sum / total * 0x1p32
      return scaled < 0x1p32 ? UInt32(scaled) : UInt32.max
    }
  }

  /// Trials up to the first success, `1...maximum`, truncated and renormalised:
  /// P(k) ∝ (1 − p)ᵏ⁻¹.
  public static func geometric(success: Double, maximum: Int) -> DiscreteDistribution {
    var weights: [Double] = []
    var weight = 1.0
    for _ in 0..<max(1, maximum) {
      weights.append(weight)
      weight *= 1 - success
    }
    return DiscreteDistribution(first: 1, weights: weights)
  }

  /// Poisson, `0...maximum`, truncated and renormalised: P(k) ∝ λᵏ / k!.
  public static func poisson(mean: Double, maximum: Int) -> DiscreteDistribution {
    var weights: [Double] = []
    var weight = 1.0
    for value in 0...max(0, maximum) {
      weights.append(weight)
      weight = weight * mean / Double(value + 1)
    }
    return DiscreteDistribution(first: 0, weights: weights)
  }

  /// The probability of a value, as the table has it.
  public func probability(of value: Int) -> Double {
    let index = value - first
    guard index >= 0, index <= cumulative.count else { return 0 }
    let low = index == 0 ? 0 : Double(cumulative[index - 1])
    let high = index == cumulative.count ? 0x1p32 : Double(cumulative[index])
    return (high - low) * 0x1p-32
  }
}

extension RandomStream {
  /// The next value of a tabulated distribution: one 32-bit word.
  @inlinable
  public mutating func next(_ distribution: DiscreteDistribution) -> Int {
    let word = next32()
    var low = 0
    var high = distribution.cumulative.count
    while low < high {
      let middle = (low &+ high) >> 1
      if word < distribution.cumulative[middle] { high = middle } else { low = middle &+ 1 }
    }
    return distribution.first &+ low
  }
}
