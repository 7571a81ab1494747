// SPDX-License-Identifier: Apache-2.0

import JSON

/// The numbers that `tokenizers` reads: its JSON reader divides the digits by a power of ten, which
/// may miss the nearest double by one place, and such a place decides between sequences of tokens
/// with nearly the same score.
enum JSONScore {
  /// The number of a value, or nil if it is none that is finite. The digits are the shortest that
  /// stand for it, as all writers of such files give them.
  static func value(_ value: JSONValue) -> Double? {
    guard case .double(let number) = value else {
      return value.doubleValue
    }
    guard number.isFinite else { return nil }
    var digits: UInt64 = 0
    var exponent = 0
    var isAfterPoint = false
    let text = Array(number.magnitude.description.utf8)
    for (index, byte) in text.enumerated() {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits = digits &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
        if isAfterPoint { exponent -= 1 }
      case UInt8(ascii: "."): isAfterPoint = true
      default:
        exponent += Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0
        return quotient(digits, exponent, of: number)
      }
    }
    return quotient(digits, exponent, of: number)
  }

  private static func quotient(_ digits: UInt64, _ exponent: Int, of number: Double) -> Double {
    guard abs(exponent) <= 308, let power = Double("1e\(abs(exponent))") else { return number }
    let result = exponent < 0 ? Double(digits) / power : Double(digits) * power
    return number < 0 ? -result : result
  }
}
