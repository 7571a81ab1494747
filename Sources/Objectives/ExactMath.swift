// SPDX-License-Identifier: Apache-2.0

/// Functions made of IEEE 754 operations alone, which round the same everywhere: nothing of a
/// mathematical library decides a byte.
public enum ExactMath {
  /// `base` to the power of `exponent`, for positive bases and exponents of 0 to 4: the whole part
  /// by multiplication, 24 binary places by repeated square roots.
  public static func power(_ base: Double, _ exponent: Double) -> Double {
    var result = 1.0
    var whole = Int(exponent)
    while whole > 0 {
      result *= base
      whole -= 1
    }
    var fraction = exponent - exponent.rounded(.towardZero)
    var root = base
    for _ in 0..<24 {
      root = root.squareRoot()
      fraction *= 2
      if fraction >= 1 {
        result *= root
        fraction -= 1
      }
    }
    return result
  }

  /// The natural logarithm of a positive, finite number, to about 15 digits.
  ///
  /// x = m·2ᵉ with m in √½…√2; ln m = 2·artanh((m − 1)/(m + 1)) by its series.
  public static func logarithm(_ value: Double) -> Double {
    var exponent = Double(value.exponent)
    var significand = value.significand
    if significand > 1.414_213_562_373_095_1 {
      significand /= 2
      exponent += 1
    }
    let ratio = (significand - 1) / (significand + 1)
    let square = ratio * ratio
    var sum = 0.0
    var order = 31
    while order > 0 {
      sum = sum * square + 1 / Double(order)
      order -= 2
    }
    return exponent * 0.693_147_180_559_945_3 + 2 * ratio * sum
  }
}
