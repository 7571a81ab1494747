// SPDX-License-Identifier: Apache-2.0

/// A clean-up that replaces short stretches by one ASCII byte or by nothing. The candidates are
/// found sixteen bytes at a time; only they are looked at closely.
protocol ByteRewrite {
  /// Marks the bytes at which a stretch can start. May read the sixteen bytes at `bytes` and one
  /// more.
  static func candidates(_ bytes: UnsafeRawPointer) -> SIMDMask<SIMD16<Int8>>

  /// Whether a stretch can start with this byte.
  static func isCandidate(_ byte: UInt8) -> Bool

  /// The stretch that starts at `i`, if it is to be replaced: its length, and what stands for it.
  static func replacement(
    _ text: UnsafeBufferPointer<UInt8>, at i: Int
  ) -> (length: Int, byte: UInt8?)?
}

extension ByteRewrite {
  /// Replaces `output` by the rewritten text, or returns false if nothing has to change.
  static func run(
    _ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8], changes: inout ChangeList
  ) -> Bool {
    var isChanged = false
    var copied = 0
    var i = next(text, from: 0)
    while i < text.count {
      guard let (length, byte) = replacement(text, at: i) else {
        i = next(text, from: i + 1)
        continue
      }
      if !isChanged {
        isChanged = true
        output.removeAll(keepingCapacity: true)
        output.reserveCapacity(text.count)
      }
      output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<i]))
      let start = output.count
      if let byte { output.append(byte) }
      copied = i + length
      if byte == nil || length > 1 {
        changes.append(outputStart: start, outputEnd: output.count, originalEnd: copied)
      }
      i = next(text, from: copied)
    }
    if isChanged { output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...])) }
    return isChanged
  }

  /// The first candidate at or after `start`, or the end of the text.
  private static func next(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = text.baseAddress else { return start }
    let raw = UnsafeRawPointer(base)
    var i = start
    while i &+ 17 <= text.count {
      let mask = candidates(raw + i)
      let bits = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
      let low = UInt64(littleEndian: bits[0])
      if low != 0 { return i &+ (low.trailingZeroBitCount &>> 3) }
      let high = UInt64(littleEndian: bits[1])
      if high != 0 { return i &+ 8 &+ (high.trailingZeroBitCount &>> 3) }
      i &+= 16
    }
    while i < text.count, !isCandidate(text[i]) { i &+= 1 }
    return i
  }
}
