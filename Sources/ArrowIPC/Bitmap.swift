// SPDX-License-Identifier: Apache-2.0

/// Packed bits, lowest first.
enum Bitmap {
  static func byteCount(_ bits: Int) -> Int { bits >> 3 + (bits & 7 == 0 ? 0 : 1) }

  /// The bits of the last byte that belong to a bitmap of this many bits.
  static func lastMask(_ bits: Int) -> UInt8 {
    bits & 7 == 0 ? 0xFF : (1 << UInt8(truncatingIfNeeded: bits & 7)) - 1
  }

  /// Whether the bits behind the last one are zero.
  static func isClean(_ bytes: [UInt8], _ bits: Int) -> Bool {
    bytes.last.map { $0 & ~lastMask(bits) == 0 } ?? true
  }

  /// Bit `index`; the caller has checked that it is there.
  static func bit(_ bytes: [UInt8], _ index: Int) -> Bool {
    bytes[index >> 3] >> UInt8(truncatingIfNeeded: index & 7) & 1 != 0
  }

  /// How many of the first `bits` bits are set; `bytes` must be long enough.
  static func countOnes(_ bytes: [UInt8], _ bits: Int) -> Int {
    guard bits > 0 else { return 0 }
    let last = byteCount(bits) - 1
    var ones = 0
    for index in 0..<last { ones &+= bytes[index].nonzeroBitCount }
    return ones + (bytes[last] & lastMask(bits)).nonzeroBitCount
  }

  /// Bits packed, the rest of the last byte zero.
  static func packed(_ values: [Bool]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount(values.count))
    let whole = values.count / 8
    values.withUnsafeBytes { values in
      for index in 0..<whole {
        // Eight bytes of 0 or 1, of which multiplying gathers the bits at the top.
        let eight = UInt64(
          littleEndian: values.loadUnaligned(fromByteOffset: 8 &* index, as: UInt64.self))
        bytes[index] = UInt8(truncatingIfNeeded: (eight &* 0x0102_0408_1020_4080) &>> 56)
      }
    }
    for index in (8 * whole)..<values.count where values[index] {
      bytes[whole] |= 1 << UInt8(truncatingIfNeeded: index & 7)
    }
    return bytes
  }

  /// The bits in `runs` moved together, the rest of the last byte zero.
  static func packed(_ bytes: [UInt8], _ runs: [Range<Int>]) -> [UInt8] {
    let count = runs.reduce(0) { $0 + $1.count }
    var result = [UInt8](repeating: 0, count: byteCount(count))
    if runs.count == 1, let run = runs.first, run.lowerBound & 7 == 0, count > 0 {
      let start = run.lowerBound >> 3
      result.replaceSubrange(result.indices, with: bytes[start..<(start + result.count)])
      result[result.count - 1] &= lastMask(count)
      return result
    }
    var next = 0
    for run in runs {
      for index in run {
        if bit(bytes, index) { result[next >> 3] |= 1 << UInt8(truncatingIfNeeded: next & 7) }
        next += 1
      }
    }
    return result
  }

  /// The parts of `ranges` whose bits are set, as maximal runs.
  static func runs(_ bytes: [UInt8], in ranges: [Range<Int>]) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for range in ranges {
      var start: Int?
      for index in range {
        if bit(bytes, index) {
          start = start ?? index
        } else if let first = start {
          runs.append(first..<index)
          start = nil
        }
      }
      if let first = start { runs.append(first..<range.upperBound) }
    }
    return runs
  }
}
