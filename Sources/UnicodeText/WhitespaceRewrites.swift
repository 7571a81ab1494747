// SPDX-License-Identifier: Apache-2.0

/// ``TextStep/unifyNewlines``: the line and paragraph ends of the Unicode Standard, §5.8.
enum NewlineRewrite: ByteRewrite {
  @inline(__always)
  static func candidates(_ bytes: UnsafeRawPointer) -> SIMDMask<SIMD16<Int8>> {
    let v = bytes.loadUnaligned(as: SIMD16<UInt8>.self)
    let distance: SIMD16<UInt8> = v &- SIMD16<UInt8>(repeating: 0x0B)
    let controls = distance .< SIMD16<UInt8>(repeating: 3)
    let nextLine = v .== SIMD16<UInt8>(repeating: 0xC2)
    let separators = v .== SIMD16<UInt8>(repeating: 0xE2)
    let wide = nextLine .| separators
    return controls .| wide
  }

  static func isCandidate(_ byte: UInt8) -> Bool {
    byte &- 0x0B < 3 || byte == 0xC2 || byte == 0xE2
  }

  static func replacement(
    _ text: UnsafeBufferPointer<UInt8>, at i: Int
  ) -> (length: Int, byte: UInt8?)? {
    let lineFeed: UInt8 = 0x0A
    switch text[i] {
    case 0x0D:
      return (i + 1 < text.count && text[i + 1] == lineFeed ? 2 : 1, lineFeed)
    case 0x0B, 0x0C:
      return (1, lineFeed)
    default:
      let (scalar, length) = UTF8Scalars.decode(text, at: i)
      return scalar == 0x85 || scalar == 0x2028 || scalar == 0x2029 ? (length, lineFeed) : nil
    }
  }
}

/// ``TextStep/removeControls``.
enum ControlRewrite: ByteRewrite {
  @inline(__always)
  static func candidates(_ bytes: UnsafeRawPointer) -> SIMDMask<SIMD16<Int8>> {
    let v = bytes.loadUnaligned(as: SIMD16<UInt8>.self)
    let c0 = v .< SIMD16<UInt8>(repeating: 0x20)
    let distance: SIMD16<UInt8> = v &- SIMD16<UInt8>(repeating: 0x09)
    let notSpace = distance .>= SIMD16<UInt8>(repeating: 5)
    let low = c0 .& notSpace
    let delete = v .== SIMD16<UInt8>(repeating: 0x7F)
    let c1 = v .== SIMD16<UInt8>(repeating: 0xC2)
    let others = delete .| c1
    return low .| others
  }

  static func isCandidate(_ byte: UInt8) -> Bool {
    (byte < 0x20 && byte &- 0x09 >= 5) || byte == 0x7F || byte == 0xC2
  }

  static func replacement(
    _ text: UnsafeBufferPointer<UInt8>, at i: Int
  ) -> (length: Int, byte: UInt8?)? {
    if text[i] < 0x80 { return (1, nil) }
    let (scalar, length) = UTF8Scalars.decode(text, at: i)
    return scalar >= 0x80 && scalar < 0xA0 && scalar != 0x85 ? (length, nil) : nil
  }
}

/// ``TextStep/unifySpaces``.
enum SpaceRewrite: ByteRewrite {
  @inline(__always)
  static func candidates(_ bytes: UnsafeRawPointer) -> SIMDMask<SIMD16<Int8>> {
    let v = bytes.loadUnaligned(as: SIMD16<UInt8>.self)
    let distance: SIMD16<UInt8> = v &- SIMD16<UInt8>(repeating: 0xE1)
    let threeBytes = distance .< SIMD16<UInt8>(repeating: 3)
    let twoBytes = v .== SIMD16<UInt8>(repeating: 0xC2)
    return threeBytes .| twoBytes
  }

  static func isCandidate(_ byte: UInt8) -> Bool { byte == 0xC2 || byte &- 0xE1 < 3 }

  static func replacement(
    _ text: UnsafeBufferPointer<UInt8>, at i: Int
  ) -> (length: Int, byte: UInt8?)? {
    let (scalar, length) = UTF8Scalars.decode(text, at: i)
    switch scalar {
    case 0xA0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: return (length, 0x20)
    default: return nil
    }
  }
}

/// ``TextStep/collapseBlanks``.
enum BlankRunRewrite: ByteRewrite {
  @inline(__always)
  static func candidates(_ bytes: UnsafeRawPointer) -> SIMDMask<SIMD16<Int8>> {
    let here = blanks(bytes.loadUnaligned(as: SIMD16<UInt8>.self))
    let after = blanks(bytes.loadUnaligned(fromByteOffset: 1, as: SIMD16<UInt8>.self))
    return here .& after
  }

  @inline(__always)
  private static func blanks(_ v: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
    let spaces = v .== SIMD16<UInt8>(repeating: 0x20)
    let tabs = v .== SIMD16<UInt8>(repeating: 0x09)
    return spaces .| tabs
  }

  static func isCandidate(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  static func replacement(
    _ text: UnsafeBufferPointer<UInt8>, at i: Int
  ) -> (length: Int, byte: UInt8?)? {
    var end = i
    while end < text.count, isCandidate(text[end]) { end += 1 }
    return end - i > 1 ? (end - i, 0x20) : nil
  }
}
