// SPDX-License-Identifier: Apache-2.0

/// A copy of a text in UTF-16 at a fixed address, as ICU's iterators want it.
struct UTF16Buffer: ~Copyable {
  private(set) var start: UnsafeMutablePointer<UInt16>
  private(set) var count = 0
  private var capacity = 16

  /// The units, valid until the next change.
  var content: UnsafeBufferPointer<UInt16> { UnsafeBufferPointer(start: start, count: count) }

  init() { start = .allocate(capacity: 16) }

  deinit { start.deallocate() }

  /// Replaces the content by the text. A scalar of four bytes becomes two units, any other one.
  mutating func fill(_ text: UnsafeBufferPointer<UInt8>) {
    if text.count > capacity { reallocate(text.count) }
    guard let source = text.baseAddress else {
      count = 0
      return
    }
    let target = start
    var written = 0
    var i = 0
    while i < text.count {
      let lead = text[i]
      if lead < 0x80 {
        if i &+ 16 <= text.count {
          let bytes = UnsafeRawPointer(source + i).loadUnaligned(as: SIMD16<UInt8>.self)
          let halves = unsafeBitCast(bytes, to: SIMD2<UInt64>.self)
          if (halves[0] | halves[1]) & 0x8080_8080_8080_8080 == 0 {
            let wide = SIMD16<UInt16>(truncatingIfNeeded: bytes)
            UnsafeMutableRawPointer(target + written).storeBytes(of: wide, as: SIMD16<UInt16>.self)
            written &+= 16
            i &+= 16
            continue
          }
        }
        target[written] = UInt16(lead)
        written &+= 1
        i &+= 1
        continue
      }
      let (scalar, length) = UTF8Scalars.decode(text, at: i)
      i &+= length
      if length == 4 {
        let rest = scalar &- 0x1_0000
        target[written] = UInt16(truncatingIfNeeded: 0xD800 | rest &>> 10 & 0x3FF)
        target[written &+ 1] = UInt16(truncatingIfNeeded: 0xDC00 | rest & 0x3FF)
        written &+= 2
      } else {
        target[written] = UInt16(truncatingIfNeeded: scalar)
        written &+= 1
      }
    }
    count = written
  }

  /// Makes every line end that stands alone a blank: one with text before and after it, or blanks.
  /// Two or more line ends with nothing but blanks between them stay.
  mutating func joinSingleLines() {
    var i = 0
    while i < count {
      guard isLineEnd(start[i]) else {
        i += 1
        continue
      }
      var end = i
      var lines = 0
      while end < count, isLineEnd(start[end]) || isBlank(start[end]) {
        let isPair = start[end] == 0x0D && end + 1 < count && start[end + 1] == 0x0A
        if isLineEnd(start[end]) { lines += 1 }
        end += isPair ? 2 : 1
      }
      if lines == 1 {
        for unit in i..<end where isLineEnd(start[unit]) { start[unit] = 0x20 }
      }
      i = end
    }
  }

  /// Gives memory back after an unusually long text.
  mutating func release(above limit: Int) {
    if capacity > max(limit, 16) { reallocate(16) }
  }

  private mutating func reallocate(_ size: Int) {
    start.deallocate()
    start = .allocate(capacity: size)
    capacity = size
    count = 0
  }

  private func isLineEnd(_ unit: UInt16) -> Bool { unit == 0x0A || unit == 0x0D }

  private func isBlank(_ unit: UInt16) -> Bool { unit == 0x20 || unit == 0x09 }
}

/// Where a text may be cut without changing its sentences.
enum PieceEnd {
  /// The end of a piece of about `length` bytes: after a line feed, in text to be unwrapped after an
  /// empty line. The last one before the length is reached, else the first one after it.
  static func find(
    in text: UnsafeBufferPointer<UInt8>, from start: Int, length: Int, unwrap: Bool
  ) -> Int {
    guard text.count - start > length else { return text.count }
    let limit = start + length
    var i = limit - 1
    while i > start {
      if text[i] == 0x0A, !unwrap || followsLineEnd(text, at: i, from: start) { return i + 1 }
      i -= 1
    }
    i = limit
    while i < text.count {
      if text[i] == 0x0A, !unwrap || followsLineEnd(text, at: i, from: start) { return i + 1 }
      i += 1
    }
    return text.count
  }

  /// Whether only blanks stand between the line feed at `i` and one before it.
  private static func followsLineEnd(
    _ text: UnsafeBufferPointer<UInt8>, at i: Int, from start: Int
  ) -> Bool {
    var j = i - 1
    while j >= start, text[j] == 0x20 || text[j] == 0x09 || text[j] == 0x0D { j -= 1 }
    return j >= start && text[j] == 0x0A
  }
}
