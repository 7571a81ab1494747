// SPDX-License-Identifier: Apache-2.0

extension ByteCursor {
  /// Passes the rest of a string, the opening quote being passed already, and checks its escapes.
  /// Afterwards the content is what lies before `at - 1`.
  /// - Returns: whether it holds an escape.
  @inline(__always)
  mutating func passString() throws(JSONError) -> Bool {
    var hasEscape = false
    while true {
      at = firstSpecial(from: at)
      guard at < count else { throw unexpectedEnd() }
      let byte = base[at]
      if byte == Self.quote {
        at &+= 1
        return hasEscape
      }
      guard byte == Self.backslash else { throw rawControl() }
      hasEscape = true
      _ = try passEscape()
    }
  }

  /// Decodes the rest of a string to `out`, the opening quote being passed already.
  ///
  /// Half of a surrogate pair gives the three bytes that UTF-8 would use for it if it were a
  /// scalar (ED A0 80 to ED BF BF): ill-formed on purpose, so that the reader's own policy for
  /// invalid UTF-8 sees it.
  /// - Parameter out: room for as many bytes as the text has left, and 16 more.
  /// - Returns: the number of bytes written.
  mutating func decodeString(into out: UnsafeMutablePointer<UInt8>) throws(JSONError) -> Int {
    let source = UnsafeRawPointer(base)
    let target = UnsafeMutableRawPointer(out)
    var written = 0
    while true {
      // Whole blocks are copied before it is known how much of each is text.
      while at &+ 16 <= count {
        let bytes = source.loadUnaligned(fromByteOffset: at, as: SIMD16<UInt8>.self)
        target.storeBytes(of: bytes, toByteOffset: written, as: SIMD16<UInt8>.self)
        let lane = Self.firstSpecialLane(bytes)
        at &+= lane
        written &+= lane
        if lane < 16 { break }
      }
      guard at < count else { throw unexpectedEnd() }
      let byte = base[at]
      if byte == Self.quote {
        at &+= 1
        return written
      }
      if byte == Self.backslash {
        written &+= Self.encode(try passScalarEscape(), to: out + written)
        continue
      }
      guard byte >= 0x20 else { throw rawControl() }
      out[written] = byte
      at &+= 1
      written &+= 1
    }
  }

  /// Passes one escape, or two that form a surrogate pair; gives the scalar or the lone half.
  private mutating func passScalarEscape() throws(JSONError) -> UInt32 {
    let first = try passEscape()
    guard first & 0xFC00 == 0xD800, at &+ 6 <= count, base[at] == Self.backslash,
      base[at &+ 1] == 0x75
    else { return first }
    let mark = at
    let second = try passEscape()
    guard second & 0xFC00 == 0xDC00 else {
      at = mark
      return first
    }
    return 0x1_0000 &+ ((first & 0x3FF) &<< 10) &+ (second & 0x3FF)
  }

  /// Passes one escape, backslash included; gives its UTF-16 code unit.
  private mutating func passEscape() throws(JSONError) -> UInt32 {
    guard at &+ 1 < count else { throw unexpectedEnd() }
    let letter = base[at &+ 1]
    switch letter {
    case Self.quote, Self.backslash, 0x2F:
      at &+= 2
      return UInt32(letter)
    case 0x6E: return passedTwo(0x0A)
    case 0x74: return passedTwo(0x09)
    case 0x72: return passedTwo(0x0D)
    case 0x62: return passedTwo(0x08)
    case 0x66: return passedTwo(0x0C)
    case 0x75:
      var unit: UInt32 = 0
      for index in 2..<6 {
        guard at &+ index < count else { throw unexpectedEnd() }
        let digit = Self.hexadecimal(base[at &+ index])
        guard digit < 16 else { throw badEscape() }
        unit = unit &<< 4 | digit
      }
      at &+= 6
      return unit
    default:
      throw badEscape()
    }
  }

  @inline(__always)
  private mutating func passedTwo(_ unit: UInt32) -> UInt32 {
    at &+= 2
    return unit
  }

  /// The value of a hexadecimal digit; 16 or more for anything else.
  @inline(__always)
  private static func hexadecimal(_ byte: UInt8) -> UInt32 {
    if isDigit(byte) { return UInt32(byte &- 0x30) }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? UInt32(letter) &+ 10 : 16
  }

  /// Writes a code point in UTF-8 form, surrogates included; gives the number of bytes.
  @inline(__always)
  private static func encode(_ code: UInt32, to out: UnsafeMutablePointer<UInt8>) -> Int {
    if code < 0x80 {
      out[0] = UInt8(truncatingIfNeeded: code)
      return 1
    }
    if code < 0x800 {
      out[0] = UInt8(truncatingIfNeeded: 0xC0 | code &>> 6)
      out[1] = UInt8(truncatingIfNeeded: 0x80 | code & 0x3F)
      return 2
    }
    if code < 0x1_0000 {
      out[0] = UInt8(truncatingIfNeeded: 0xE0 | code &>> 12)
      out[1] = UInt8(truncatingIfNeeded: 0x80 | code &>> 6 & 0x3F)
      out[2] = UInt8(truncatingIfNeeded: 0x80 | code & 0x3F)
      return 3
    }
    out[0] = UInt8(truncatingIfNeeded: 0xF0 | code &>> 18)
    out[1] = UInt8(truncatingIfNeeded: 0x80 | code &>> 12 & 0x3F)
    out[2] = UInt8(truncatingIfNeeded: 0x80 | code &>> 6 & 0x3F)
    out[3] = UInt8(truncatingIfNeeded: 0x80 | code & 0x3F)
    return 4
  }

  private func badEscape() -> JSONError {
    JSONError(.invalidEscape, offset: at, message: "a backslash that begins no JSON escape")
  }

  private func rawControl() -> JSONError {
    JSONError(
      .controlCharacter, offset: at,
      message: "a control character inside a string (it must be written as an escape)")
  }
}
