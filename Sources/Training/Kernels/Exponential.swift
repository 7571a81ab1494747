// SPDX-License-Identifier: Apache-2.0

/// Elementary functions on four values, of multiplications and additions alone: they give the same
/// bits on every machine, and cost a few cycles a value.
enum Elementary {
  /// exp(x) for x ≤ 0, relative error below 3·10⁻⁷; 0 below −87.
  ///
  /// x = n ln 2 + r with |r| ≤ ½ ln 2; exp(r) by its series to r⁶, times 2ⁿ by adding n to the
  /// exponent's bits. Adding 1.5·2²³ rounds to a whole number, which then stands in the low bits.
  @inline(__always)
  static func exponential(_ x: SIMD4<Float>) -> SIMD4<Float> {
    let rounder = SIMD4<Float>(repeating: 12_582_912)
    let isTiny = x .< SIMD4<Float>(repeating: -87)
    let clamped: SIMD4<Float> = x.replacing(with: -87, where: isTiny)
    let shifted: SIMD4<Float> = clamped * 1.442_695_04 + rounder
    let whole: SIMD4<Float> = shifted - rounder
    // ln 2 in two parts, the first of which has few bits: its multiples are exact.
    let high: SIMD4<Float> = clamped - whole * 0.693_359_375
    let r: SIMD4<Float> = high + whole * 2.121_944_4e-4
    var sum: SIMD4<Float> = r * 0.001_388_888_9 + 0.008_333_333_3
    sum = sum * r + 0.041_666_667
    sum = sum * r + 0.166_666_67
    sum = sum * r + 0.5
    sum = sum * r + 1
    sum = sum * r + 1
    let exponent = unsafeBitCast(shifted, to: SIMD4<Int32>.self) &<< 23
    let bits = unsafeBitCast(sum, to: SIMD4<Int32>.self) &+ exponent
    let scaled = unsafeBitCast(bits, to: SIMD4<Float>.self)
    return scaled.replacing(with: 0, where: isTiny)
  }

  /// tanh(x), absolute error below 3·10⁻⁷.
  @inline(__always)
  static func hyperbolicTangent(_ x: SIMD4<Float>) -> SIMD4<Float> {
    let isNegative = x .< SIMD4<Float>.zero
    let magnitude: SIMD4<Float> = x.replacing(with: SIMD4<Float>.zero - x, where: isNegative)
    let q = exponential(magnitude * -2)
    let positive: SIMD4<Float> = (1 - q) / (1 + q)
    return positive.replacing(with: SIMD4<Float>.zero - positive, where: isNegative)
  }

  /// Φ(x), the normal distribution's share below x, and exp(−x²/2).
  ///
  /// The complementary error function by formula 7.1.26 of Abramowitz and Stegun (1964): absolute
  /// error below 1.5·10⁻⁷.
  @inline(__always)
  static func normalShare(
    _ x: SIMD4<Float>
  ) -> (share: SIMD4<Float>, bell: SIMD4<Float>) {
    let isNegative = x .< SIMD4<Float>.zero
    let magnitude: SIMD4<Float> = x.replacing(with: SIMD4<Float>.zero - x, where: isNegative)
    let bell = exponential(x * x * -0.5)
    // 0.3275911 / √2
    let t: SIMD4<Float> = 1 / (1 + magnitude * 0.231_641_888)
    var sum: SIMD4<Float> = t * 1.061_405_429 - 1.453_152_027
    sum = sum * t + 1.421_413_741
    sum = sum * t - 0.284_496_736
    sum = sum * t + 0.254_829_592
    let tail: SIMD4<Float> = sum * t * bell * 0.5
    let share: SIMD4<Float> = (1 - tail).replacing(with: tail, where: isNegative)
    return (share, bell)
  }
}
