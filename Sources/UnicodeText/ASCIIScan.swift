// SPDX-License-Identifier: Apache-2.0

/// Kernels that look for the first byte of a kind, sixteen bytes at a time.
enum ASCIIScan {
  /// The index of the first byte ≥ 0x80 at or after `start`, or the end of the text.
  static func endOfASCII(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = text.baseAddress else { return start }
    let count = text.count
    var i = start
    let raw = UnsafeRawPointer(base)
    while i &+ 64 <= count {
      let a = raw.loadUnaligned(fromByteOffset: i, as: SIMD16<UInt8>.self)
      let b = raw.loadUnaligned(fromByteOffset: i &+ 16, as: SIMD16<UInt8>.self)
      let c = raw.loadUnaligned(fromByteOffset: i &+ 32, as: SIMD16<UInt8>.self)
      let d = raw.loadUnaligned(fromByteOffset: i &+ 48, as: SIMD16<UInt8>.self)
      let ab: SIMD16<UInt8> = a | b
      let cd: SIMD16<UInt8> = c | d
      let all = unsafeBitCast(ab | cd, to: SIMD2<UInt64>.self)
      if (all[0] | all[1]) & 0x8080_8080_8080_8080 != 0 { break }
      i &+= 64
    }
    while i &+ 8 <= count {
      let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: i, as: UInt64.self))
      let high = word & 0x8080_8080_8080_8080
      if high != 0 { return i &+ (high.trailingZeroBitCount &>> 3) }
      i &+= 8
    }
    while i < count, base[i] < 0x80 { i &+= 1 }
    return i
  }

  /// The index of the first line feed at or after `start`, or the end of the text.
  static func endOfLine(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = text.baseAddress else { return start }
    let raw = UnsafeRawPointer(base)
    var i = start
    while i &+ 16 <= text.count {
      let bytes = raw.loadUnaligned(fromByteOffset: i, as: SIMD16<UInt8>.self)
      let found = bytes .== SIMD16<UInt8>(repeating: 0x0A)
      let halves = unsafeBitCast(found, to: SIMD2<UInt64>.self)
      if halves[0] != 0 {
        return i &+ (UInt64(littleEndian: halves[0]).trailingZeroBitCount &>> 3)
      }
      if halves[1] != 0 {
        return i &+ 8 &+ (UInt64(littleEndian: halves[1]).trailingZeroBitCount &>> 3)
      }
      i &+= 16
    }
    while i < text.count, base[i] != 0x0A { i &+= 1 }
    return i
  }

  /// Whether every byte is ASCII.
  static func isASCII(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    endOfASCII(text, from: 0) == text.count
  }
}
