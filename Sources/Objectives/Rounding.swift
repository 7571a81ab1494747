// SPDX-License-Identifier: Apache-2.0

/// Rounding as Python, NumPy and TensorFlow do it, by the adder alone: no library decides a count.
enum Rounding {
  /// The nearest whole number, the even one of two that are equally near; for 0 ≤ x < 2⁵¹.
  static func halfEven(_ value: Double) -> Int {
    Int((value + 0x1p52) - 0x1p52)
  }

  /// The same in single precision; for 0 ≤ x < 2²².
  static func halfEven(_ value: Float) -> Int {
    Int((value + 0x1p23) - 0x1p23)
  }
}
