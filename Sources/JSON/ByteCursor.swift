// SPDX-License-Identifier: Apache-2.0

/// A position in JSON text and the lexical rules of RFC 8259. Owns nothing; the text outlives it.
struct ByteCursor {
  let base: UnsafePointer<UInt8>
  let count: Int
  var at = 0

  static let quote: UInt8 = 0x22
  static let backslash: UInt8 = 0x5C

  @inline(__always)
  mutating func skipWhitespace() {
    while at < count {
      let byte = base[at]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      at &+= 1
    }
  }

  /// The next byte after white space, without passing it.
  @inline(__always)
  mutating func nextToken() throws(JSONError) -> UInt8 {
    skipWhitespace()
    guard at < count else { throw unexpectedEnd() }
    return base[at]
  }

  /// Passes `byte`, which must come next after white space.
  @inline(__always)
  mutating func expect(_ byte: UInt8, _ what: StaticString) throws(JSONError) {
    guard try nextToken() == byte else { throw unexpected(what) }
    at &+= 1
  }

  /// The first quote, backslash or control character at or after `start`; `count` if none.
  @inline(__always)
  func firstSpecial(from start: Int) -> Int {
    var index = start
    let raw = UnsafeRawPointer(base)
    while index &+ 16 <= count {
      let bytes = raw.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
      let lane = Self.firstSpecialLane(bytes)
      if lane < 16 { return index &+ lane }
      index &+= 16
    }
    while index < count {
      let byte = base[index]
      if byte == Self.quote || byte == Self.backslash || byte < 0x20 { break }
      index &+= 1
    }
    return index
  }

  /// The first lane that holds a quote, a backslash or a control character; 16 if none does.
  @inline(__always)
  static func firstSpecialLane(_ bytes: SIMD16<UInt8>) -> Int {
    // Vectors on both sides: the operators that take a scalar are not single instructions.
    let quotes = bytes .== SIMD16<UInt8>(repeating: quote)
    let backslashes = bytes .== SIMD16<UInt8>(repeating: backslash)
    let controls = bytes .< SIMD16<UInt8>(repeating: 0x20)
    let mask = quotes .| backslashes .| controls
    // A mask lane is all ones or all zeros, so the zero bits before the first one count lanes.
    let words = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
    if words[0] != 0 { return UInt64(littleEndian: words[0]).trailingZeroBitCount &>> 3 }
    if words[1] != 0 { return 8 &+ UInt64(littleEndian: words[1]).trailingZeroBitCount &>> 3 }
    return 16
  }

  /// Passes `true`, `false` or `null`.
  mutating func passLiteral(_ literal: StaticString) throws(JSONError) {
    let length = literal.utf8CodeUnitCount
    let start = at
    while at &- start < length {
      guard at < count else { throw unexpectedEnd() }
      guard base[at] == literal.utf8Start[at &- start] else { throw unexpected("a value") }
      at &+= 1
    }
  }

  /// Passes a number; tells whether it has neither fraction nor exponent.
  mutating func passNumber() throws(JSONError) -> Bool {
    let start = at
    if at < count, base[at] == 0x2D { at &+= 1 }
    guard at < count else { throw unexpectedEnd() }
    if base[at] == 0x30 {
      at &+= 1
      if at < count, Self.isDigit(base[at]) {
        throw JSONError(.invalidNumber, offset: start, message: "a number with a leading zero")
      }
    } else {
      try passDigits()
    }
    var isInteger = true
    if at < count, base[at] == 0x2E {
      isInteger = false
      at &+= 1
      try passDigits()
    }
    if at < count, base[at] | 0x20 == 0x65 {
      isInteger = false
      at &+= 1
      if at < count, base[at] == 0x2B || base[at] == 0x2D { at &+= 1 }
      try passDigits()
    }
    return isInteger
  }

  private mutating func passDigits() throws(JSONError) {
    guard at < count else { throw unexpectedEnd() }
    guard Self.isDigit(base[at]) else {
      throw JSONError(.invalidNumber, offset: at, message: "a digit was expected in a number")
    }
    while at < count, Self.isDigit(base[at]) { at &+= 1 }
  }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  func unexpectedEnd() -> JSONError {
    JSONError(.unexpectedEnd, offset: count, message: "the text ends in the middle of a value")
  }

  func unexpected(_ wanted: StaticString) -> JSONError {
    guard at < count else { return unexpectedEnd() }
    let byte = base[at]
    let digits = Array("0123456789abcdef")
    let found =
      byte > 0x20 && byte < 0x7F
      ? "'\(Character(Unicode.Scalar(byte)))'"
      : "byte 0x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    return JSONError(.unexpectedByte, offset: at, message: "\(wanted) was expected, not \(found)")
  }
}
