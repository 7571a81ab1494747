// SPDX-License-Identifier: Apache-2.0

import CICUText

/// Lower-casing: of ASCII by itself, of everything else through ICU in the root locale.
enum LetterCase {
  /// Replaces `output` by the lower-cased ASCII text, or returns false if it has no capital letter.
  static func lowercaseASCII(
    _ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]
  ) -> Bool {
    guard hasCapital(text) else { return false }
    output.removeAll(keepingCapacity: true)
    output.append(addingCapacity: text.count) { span in
      span.withUnsafeMutableBufferPointer { buffer, initialized in
        guard let source = text.baseAddress, let target = buffer.baseAddress else { return }
        lowercase(UnsafeRawPointer(source), UnsafeMutableRawPointer(target), count: text.count)
        initialized = text.count
      }
    }
    return true
  }

  static func lowercase(
    _ text: UnsafeBufferPointer<UInt8>, finalSigma: Bool, into output: inout [UInt8],
    changes: inout ChangeList
  ) throws(TextError) {
    if !finalSigma, let small = withoutCapitalSigma(text) {
      return try small.withUnsafeBufferPointer { text throws(TextError) in
        try lowercase(text, finalSigma: true, into: &output, changes: &changes)
      }
    }
    try Normalization.transform(text, action: "lower-casing", into: &output, changes: &changes) {
      target, capacity, edits, status in
      cicut_lowercase(text.baseAddress, Int32(text.count), target, capacity, edits, &status)
    }
  }

  /// The text with every Σ (CE A3) made σ (CF 83), or nil if it has none. The capital sigma is the
  /// only letter whose lower case depends on its neighbours in the root locale.
  private static func withoutCapitalSigma(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var copy: [UInt8]?
    var i = ASCIIScan.endOfASCII(text, from: 0)
    while i + 1 < text.count {
      if text[i] == 0xCE && text[i + 1] == 0xA3 {
        if copy == nil { copy = Array(text) }
        copy?[i] = 0xCF
        copy?[i + 1] = 0x83
      }
      i += 1
    }
    return copy
  }

  private static func hasCapital(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = text.baseAddress else { return false }
    let raw = UnsafeRawPointer(base)
    var i = 0
    while i &+ 16 <= text.count {
      let bytes = raw.loadUnaligned(fromByteOffset: i, as: SIMD16<UInt8>.self)
      let distance: SIMD16<UInt8> = bytes &- SIMD16<UInt8>(repeating: 0x41)
      let isCapital = distance .< SIMD16<UInt8>(repeating: 26)
      let bits = unsafeBitCast(isCapital, to: SIMD2<UInt64>.self)
      if bits[0] | bits[1] != 0 { return true }
      i &+= 16
    }
    while i < text.count {
      if text[i] &- 0x41 < 26 { return true }
      i &+= 1
    }
    return false
  }

  private static func lowercase(
    _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, count: Int
  ) {
    var i = 0
    while i &+ 16 <= count {
      let bytes = source.loadUnaligned(fromByteOffset: i, as: SIMD16<UInt8>.self)
      let distance: SIMD16<UInt8> = bytes &- SIMD16<UInt8>(repeating: 0x41)
      let isCapital = distance .< SIMD16<UInt8>(repeating: 26)
      let small: SIMD16<UInt8> = bytes | SIMD16<UInt8>(repeating: 0x20)
      let result: SIMD16<UInt8> = bytes.replacing(with: small, where: isCapital)
      target.storeBytes(of: result, toByteOffset: i, as: SIMD16<UInt8>.self)
      i &+= 16
    }
    while i < count {
      let byte = source.load(fromByteOffset: i, as: UInt8.self)
      let result = byte &- 0x41 < 26 ? byte | 0x20 : byte
      target.storeBytes(of: result, toByteOffset: i, as: UInt8.self)
      i &+= 1
    }
  }
}
