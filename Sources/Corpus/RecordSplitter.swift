// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Finds where records end in a buffer that fills up step by step. No byte is looked at twice,
/// however long a record is.
struct RecordSplitter {
  /// A stretch of the buffer that is dealt with.
  struct Step {
    /// The record in it, if it holds one.
    var record: Range<Int>?
    /// Where the next stretch begins.
    var end: Int
    /// The line of the record's first byte, if lines are counted.
    var line: Int?
  }

  private let split: CorpusOptions.Split
  /// Where the search goes on after a call that found no end.
  private var searched = 0
  private var line = 1
  private var paragraph: (range: Range<Int>, line: Int)?
  private var isDone = false

  init(_ split: CorpusOptions.Split) { self.split = split }

  /// Gives the stretch that begins at `start`, or nil if its end is not in the buffer yet; once
  /// `isLast` says that nothing follows, every stretch ends.
  ///
  /// Calls go on where the last step ended, or repeat after nil with a longer buffer.
  @inline(__always)
  mutating func next(
    _ buffer: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool
  ) -> Step? {
    switch split {
    case .lines: return nextLine(buffer, from: start, isLast: isLast)
    case .document:
      guard isLast, !isDone else { return nil }
      isDone = true
      return Step(record: start..<buffer.count, end: buffer.count, line: 1)
    case .blankLines: return nextParagraph(buffer, from: start, isLast: isLast)
    case .separator(let separator):
      return nextPiece(buffer, separator, from: start, isLast: isLast)
    }
  }

  /// How many bytes can belong to the end of a record without being part of it, at most.
  var terminatorBytes: Int {
    if case .separator(let separator) = split { separator.count } else { 2 }
  }

  /// Where the record is that has no end yet, if it begins at this offset of the file.
  func openPlace(offset: Int) -> RawRecord.Place {
    if case .separator = split { .byte(offset) } else { .line(paragraph?.line ?? line) }
  }

  /// Tells that the first `count` bytes of the buffer are gone.
  mutating func drop(_ count: Int) {
    searched = max(0, searched - count)
    if let open = paragraph {
      paragraph = (open.range.lowerBound - count..<open.range.upperBound - count, open.line)
    }
  }

  private mutating func nextLine(
    _ buffer: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool
  ) -> Step? {
    guard let feed = Self.lineFeed(buffer, from: max(start, searched)) else {
      searched = buffer.count
      guard isLast, start < buffer.count else { return nil }
      let isRecord = !Self.isBlank(buffer, start..<buffer.count)
      return Step(record: isRecord ? start..<buffer.count : nil, end: buffer.count, line: line)
    }
    searched = 0
    line &+= 1
    let end = feed > start && buffer[feed &- 1] == 0x0D ? feed &- 1 : feed
    let isRecord = !Self.isBlank(buffer, start..<end)
    return Step(record: isRecord ? start..<end : nil, end: feed &+ 1, line: line &- 1)
  }

  private mutating func nextParagraph(
    _ buffer: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool
  ) -> Step? {
    var lineStart = max(start, paragraph?.range.upperBound ?? start)
    if paragraph != nil { lineStart = afterLineEnd(buffer, lineStart) }
    while true {
      let feed = Self.lineFeed(buffer, from: max(lineStart, searched))
      guard feed != nil || (isLast && lineStart < buffer.count) else {
        searched = buffer.count
        return endOfBuffer(buffer, from: start, lineStart: lineStart, isLast: isLast)
      }
      searched = 0
      let lineEnd = feed ?? buffer.count
      let next = min(lineEnd + 1, buffer.count)
      if Self.isBlank(buffer, lineStart..<lineEnd) {
        line &+= 1
        if let done = paragraph {
          paragraph = nil
          return Step(record: done.range, end: next, line: done.line)
        }
      } else {
        let end = buffer[lineEnd - 1] == 0x0D && feed != nil ? lineEnd - 1 : lineEnd
        paragraph = (
          (paragraph?.range.lowerBound ?? lineStart)..<end, paragraph?.line ?? line
        )
        line &+= 1
      }
      lineStart = next
    }
  }

  /// The stretch up to a line that is not whole yet: blank lines, or the last paragraph.
  private mutating func endOfBuffer(
    _ buffer: UnsafeBufferPointer<UInt8>, from start: Int, lineStart: Int, isLast: Bool
  ) -> Step? {
    if let done = paragraph {
      guard isLast else { return nil }
      paragraph = nil
      return Step(record: done.range, end: buffer.count, line: done.line)
    }
    return lineStart > start ? Step(record: nil, end: lineStart, line: nil) : nil
  }

  /// Passes the line end at `offset`, which is where the last line of an open paragraph ends.
  private func afterLineEnd(_ buffer: UnsafeBufferPointer<UInt8>, _ offset: Int) -> Int {
    var at = offset
    if at < buffer.count, buffer[at] == 0x0D { at += 1 }
    if at < buffer.count, buffer[at] == 0x0A { at += 1 }
    return at
  }

  private mutating func nextPiece(
    _ buffer: UnsafeBufferPointer<UInt8>, _ separator: [UInt8], from start: Int, isLast: Bool
  ) -> Step? {
    guard let found = Self.find(separator, buffer, from: max(start, searched)) else {
      searched = max(start, buffer.count - separator.count + 1)
      guard isLast, start < buffer.count else { return nil }
      let isRecord = !Self.isBlank(buffer, start..<buffer.count)
      return Step(record: isRecord ? start..<buffer.count : nil, end: buffer.count, line: nil)
    }
    searched = 0
    let isRecord = !Self.isBlank(buffer, start..<found)
    return Step(record: isRecord ? start..<found : nil, end: found + separator.count, line: nil)
  }

  @inline(__always)
  private static func lineFeed(_ buffer: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    guard start < buffer.count, let base = buffer.baseAddress else { return nil }
    guard let found = memchr(base + start, 0x0A, buffer.count &- start) else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(base)
  }

  private static func find(
    _ needle: [UInt8], _ buffer: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> Int? {
    guard let base = buffer.baseAddress, let first = needle.first else { return nil }
    let last = buffer.count - needle.count
    var at = start
    while at <= last {
      guard let hit = memchr(base + at, CInt(first), last - at + 1) else { return nil }
      at = UnsafeRawPointer(hit) - UnsafeRawPointer(base)
      if memcmp(hit, needle, needle.count) == 0 { return at }
      at += 1
    }
    return nil
  }

  /// Whether there is nothing but ASCII white space.
  @inline(__always)
  static func isBlank(_ buffer: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
    for index in range {
      let byte = buffer[index]
      guard byte == 0x20 || byte &- 0x09 < 5 else { return false }
    }
    return true
  }
}
