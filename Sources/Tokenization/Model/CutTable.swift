// SPDX-License-Identifier: Apache-2.0

/// Between which characters of two or of three bytes no token reaches over, so that a piece can be
/// merged in parts.
///
/// Every merge gives a token of the vocabulary. If no token has the bytes on both sides of a boundary
/// beside one another, no merge crosses it, and what is before and after is merged by itself. In
/// scripts of which a vocabulary knows little, that divides words and whole sentences into few
/// characters, most of which have been seen before.
///
/// A bit for each pair of the twelve last bits of a character and the ten first of the next (three
/// bytes), or of all eleven bits of both (two bytes); tokens that end or begin within a character
/// stand for all that it may be.
final class CutTable: @unchecked Sendable {
  // Unchecked: the memory is written before the value is made, and then only read.

  private let wide: UnsafeMutablePointer<UInt64>
  private let narrow: UnsafeMutablePointer<UInt64>
  private static let words = 1 << 16

  init(tokens: ByteStrings) {
    wide = .allocate(capacity: Self.words)
    wide.initialize(repeating: 0, count: Self.words)
    narrow = .allocate(capacity: Self.words)
    narrow.initialize(repeating: 0, count: Self.words)
    for id in 0..<tokens.count {
      tokens[id].withUnsafeBufferPointer { bytes in
        guard bytes.count >= 2 else { return }
        for at in 1..<bytes.count where bytes[at] >= 0xC0 { join(bytes, at) }
      }
    }
  }

  deinit {
    wide.deallocate()
    narrow.deallocate()
  }

  /// Notes that a token reaches over a boundary.
  private func join(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) {
    let isWide = bytes[at] >= 0xE0
    let last = bytes[at - 1]
    guard last & 0xC0 == 0x80, bytes[at] < 0xF0 else { return }
    var before: [UInt8]
    if at >= 2 {
      let first = bytes[at - 2]
      guard isWide ? first & 0xC0 == 0x80 : first & 0xE0 == 0xC0 else { return }
      before = [first]
    } else {
      before = isWide ? Array(0x80...0xBF) : Array(0xC0...0xDF)
    }
    let after: [UInt8] = at + 1 < bytes.count ? [bytes[at + 1]] : Array(0x80...0xBF)
    for first in before {
      for second in after {
        let bit =
          isWide
          ? Self.wideBit(first, last, bytes[at], second)
          : Self.narrowBit(first, last, bytes[at], second)
        (isWide ? wide : narrow)[bit >> 6] |= 1 << UInt64(bit & 63)
      }
    }
  }

  @inline(__always)
  private static func wideBit(
    _ first: UInt8, _ last: UInt8, _ lead: UInt8, _ second: UInt8
  ) -> Int {
    Int(first & 63) &<< 16 | Int(last & 63) &<< 10 | Int(lead & 15) &<< 6 | Int(second & 63)
  }

  @inline(__always)
  private static func narrowBit(
    _ first: UInt8, _ last: UInt8, _ lead: UInt8, _ second: UInt8
  ) -> Int {
    Int(first & 31) &<< 17 | Int(last & 63) &<< 11 | Int(lead & 31) &<< 6 | Int(second & 63)
  }

  /// The first boundary after a position that no token reaches over, or `count`.
  @inline(__always)
  func nextCut(_ piece: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
    var at = start &+ 2
    while at &+ 1 < count {
      let lead = piece[at]
      if lead >= 0xC0 {
        let first = piece[at &- 2]
        let last = piece[at &- 1]
        let second = piece[at &+ 1]
        if lead >= 0xE0 {
          if lead < 0xF0, first & 0xC0 == 0x80, last & 0xC0 == 0x80, second & 0xC0 == 0x80 {
            let bit = Self.wideBit(first, last, lead, second)
            if wide[bit &>> 6] &>> UInt64(truncatingIfNeeded: bit & 63) & 1 == 0 { return at }
          }
          at &+= 2
        } else if first & 0xE0 == 0xC0, last & 0xC0 == 0x80, second & 0xC0 == 0x80 {
          let bit = Self.narrowBit(first, last, lead, second)
          if narrow[bit &>> 6] &>> UInt64(truncatingIfNeeded: bit & 63) & 1 == 0 { return at }
        }
      }
      at &+= 1
    }
    return count
  }
}
