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

  /// The index of the first line feed at or after `start`, or the end of the text, and whether every
  /// byte before it is ASCII.
  static func line(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> (end: Int, isASCII: Bool) {
    guard let base = text.baseAddress else { return (start, true) }
    let raw = UnsafeRawPointer(base)
    let highBits: UInt64 = 0x8080_8080_8080_8080
    var high: UInt64 = 0
    var i = start
    while i &+ 16 <= text.count {
      let bytes = raw.loadUnaligned(fromByteOffset: i, as: SIMD16<UInt8>.self)
      let found = bytes .== SIMD16<UInt8>(repeating: 0x0A)
      let ends = unsafeBitCast(found, to: SIMD2<UInt64>.self)
      let halves = unsafeBitCast(bytes, to: SIMD2<UInt64>.self)
      if ends[0] | ends[1] != 0 {
        let isFirst = ends[0] != 0
        if !isFirst { high |= halves[0] }
        let end = UInt64(littleEndian: isFirst ? ends[0] : ends[1]).trailingZeroBitCount
        let before = UInt64(littleEndian: isFirst ? halves[0] : halves[1]) & ((1 &<< end) &- 1)
        return (i &+ (isFirst ? 0 : 8) &+ end &>> 3, (high | before) & highBits == 0)
      }
      high |= halves[0] | halves[1]
      i &+= 16
    }
    var rest: UInt8 = 0
    while i < text.count, base[i] != 0x0A {
      rest |= base[i]
      i &+= 1
    }
    return (i, high & highBits == 0 && rest < 0x80)
  }

  /// Whether every byte is ASCII.
  static func isASCII(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    endOfASCII(text, from: 0) == text.count
  }
}
