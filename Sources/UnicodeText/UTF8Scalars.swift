// SPDX-License-Identifier: Apache-2.0

/// Decoding and encoding of single scalars in well-formed UTF-8.
enum UTF8Scalars {
  /// The length of the sequence that starts with `lead`.
  @inline(__always)
  static func length(_ lead: UInt8) -> Int {
    lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
  }

  /// The scalar at `i` and its length; a sequence that runs over the end counts as one byte, so
  /// that ill-formed text cannot make a caller read or step out of bounds.
  @inline(__always)
  static func decode(
    _ text: UnsafeBufferPointer<UInt8>, at i: Int
  ) -> (scalar: UInt32, length: Int) {
    let lead = text[i]
    if lead < 0x80 { return (UInt32(lead), 1) }
    let size = length(lead)
    guard i &+ size <= text.count else { return (0xFFFD, 1) }
    let second = UInt32(text[i &+ 1] & 0x3F)
    if size == 2 { return (UInt32(lead & 0x1F) &<< 6 | second, 2) }
    let third = UInt32(text[i &+ 2] & 0x3F)
    if size == 3 { return (UInt32(lead & 0x0F) &<< 12 | second &<< 6 | third, 3) }
    let fourth = UInt32(text[i &+ 3] & 0x3F)
    return (UInt32(lead & 0x07) &<< 18 | second &<< 12 | third &<< 6 | fourth, 4)
  }

  /// The bytes that a scalar value takes.
  static func encodedLength(_ scalar: UInt32) -> Int {
    scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x1_0000 ? 3 : 4
  }

  /// Appends a scalar value.
  static func append(_ scalar: UInt32, to output: inout [UInt8]) {
    if scalar < 0x80 {
      output.append(UInt8(truncatingIfNeeded: scalar))
      return
    }
    if scalar < 0x800 {
      output.append(UInt8(truncatingIfNeeded: 0xC0 | scalar &>> 6))
    } else {
      if scalar < 0x1_0000 {
        output.append(UInt8(truncatingIfNeeded: 0xE0 | scalar &>> 12))
      } else {
        output.append(UInt8(truncatingIfNeeded: 0xF0 | scalar &>> 18))
        output.append(UInt8(truncatingIfNeeded: 0x80 | scalar &>> 12 & 0x3F))
      }
      output.append(UInt8(truncatingIfNeeded: 0x80 | scalar &>> 6 & 0x3F))
    }
    output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
  }
}
