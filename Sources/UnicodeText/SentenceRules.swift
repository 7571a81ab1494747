// SPDX-License-Identifier: Apache-2.0

/// The sentence rules of UAX #29, over UTF-8.
///
/// A sentence can only end behind a separator of paragraphs (SB4) or behind a terminator, what
/// closes it, and blanks (SB9 to SB11). So the text is searched for those, many bytes at a time
/// where it is ASCII, and only around them classes are looked at one by one. No byte is
/// looked at more than a few times: a look ahead (SB8) never goes beyond the next terminator.
struct SentenceRules {
  private let text: UnsafeBufferPointer<UInt8>
  private let classes: SentenceClasses
  private var lines: JoinedLines

  /// - Parameters:
  ///   - text: well-formed UTF-8 (ill-formed text gives some boundaries).
  ///   - joinsLines: whether a single line end counts as a blank.
  init(_ text: UnsafeBufferPointer<UInt8>, classes: SentenceClasses, joinsLines: Bool) {
    self.text = text
    self.classes = classes
    lines = JoinedLines(isOn: joinsLines)
  }

  /// Where the sentence that starts at `start` ends.
  mutating func end(from start: Int) -> Int {
    var i = start
    while true {
      i = candidate(from: i)
      guard i < text.count else { return text.count }
      let (kind, length) = character(at: i)
      switch kind {
      case SentenceClasses.aTerm, SentenceClasses.sTerm:
        let (place, isEnd) = behindTerminator(at: i, kind, length: length, sentence: start)
        if isEnd { return place }
        i = place
      case SentenceClasses.sep, SentenceClasses.carriageReturn, SentenceClasses.lineFeed:
        return behindSeparator(at: i, kind, length: length)
      default:
        i &+= length
      }
    }
  }

  /// Whether the byte at `index` is a line end that counts as a blank.
  mutating func isJoinedLineEnd(at index: Int) -> Bool {
    (text[index] == 0x0A || text[index] == 0x0D) && lines.isJoined(text, at: index)
  }

  /// SB6 to SB11: where the sentence ends, or from where on its end is still to be found.
  private mutating func behindTerminator(
    at terminator: Int, _ kind: UInt8, length: Int, sentence start: Int
  ) -> (place: Int, isEnd: Bool) {
    var i = terminator &+ length
    var next = significant(at: &i)
    if kind == SentenceClasses.aTerm {
      if next.kind == SentenceClasses.numeric { return (i, false) }
      if next.kind == SentenceClasses.upper, followsCasedLetter(terminator, in: start) {
        return (i, false)
      }
    }
    while next.kind == SentenceClasses.close, next.length > 0 {
      i &+= next.length
      next = significant(at: &i)
    }
    while next.kind == SentenceClasses.space, next.length > 0 {
      i &+= next.length
      next = significant(at: &i)
    }
    switch next.kind {
    case SentenceClasses.sContinue, SentenceClasses.aTerm, SentenceClasses.sTerm:
      return (i, false)
    case SentenceClasses.sep, SentenceClasses.carriageReturn, SentenceClasses.lineFeed:
      return (behindSeparator(at: i, next.kind, length: next.length), true)
    default:
      if kind == SentenceClasses.aTerm, let small = smallLetter(from: i) { return (small, false) }
      return (i, true)
    }
  }

  /// SB8: the small letter that comes before any other letter, terminator and separator.
  private mutating func smallLetter(from start: Int) -> Int? {
    var i = start
    while i < text.count {
      let (kind, length) = character(at: i)
      switch kind {
      case SentenceClasses.lower: return i
      case SentenceClasses.upper, SentenceClasses.oLetter, SentenceClasses.aTerm,
        SentenceClasses.sTerm, SentenceClasses.sep, SentenceClasses.carriageReturn,
        SentenceClasses.lineFeed:
        return nil
      default: i &+= length
      }
    }
    return nil
  }

  /// SB7: whether a small or a capital letter stands before `index`, in the sentence.
  private func followsCasedLetter(_ index: Int, in start: Int) -> Bool {
    var i = index
    while i > start {
      i &-= 1
      while i > start, text[i] & 0xC0 == 0x80 { i &-= 1 }
      let kind = classes[UTF8Scalars.decode(text, at: i).scalar]
      if SentenceClasses.isIgnored(kind) { continue }
      return kind == SentenceClasses.lower || kind == SentenceClasses.upper
    }
    return false
  }

  /// SB3 and SB4.
  private func behindSeparator(at index: Int, _ kind: UInt8, length: Int) -> Int {
    let end = index &+ length
    let isPair = kind == SentenceClasses.carriageReturn && end < text.count && text[end] == 0x0A
    return isPair ? end &+ 1 : end
  }

  /// The class and length of the first character at or behind `i` that the rules do not look
  /// through, to which `i` moves; the length is 0 at the end of the text.
  @inline(__always)
  private mutating func significant(at i: inout Int) -> (kind: UInt8, length: Int) {
    while i < text.count {
      let found = character(at: i)
      if !SentenceClasses.isIgnored(found.kind) { return found }
      i &+= found.length
    }
    return (SentenceClasses.other, 0)
  }

  @inline(__always)
  private mutating func character(at i: Int) -> (kind: UInt8, length: Int) {
    let byte = text[i]
    if byte < 0x80 {
      if byte == 0x0A || byte == 0x0D, lines.isJoined(text, at: i) {
        return (SentenceClasses.space, 1)
      }
      return (classes[ascii: byte], 1)
    }
    let (scalar, length) = UTF8Scalars.decode(text, at: i)
    return (classes[scalar], length)
  }

  /// The first place at or behind `start` where a terminator or a separator stands.
  private func candidate(from start: Int) -> Int {
    guard let base = text.baseAddress else { return start }
    let raw = UnsafeRawPointer(base)
    let count = text.count
    let furtherEnd = classes.furtherEnd
    let joinsLines = lines.isOn
    var i = start
    while i < count {
      // With one byte to look at on either side.
      while i > 0, i &+ 17 <= count {
        let bytes = raw.loadUnaligned(fromByteOffset: i, as: SIMD16<UInt8>.self)
        let allFeeds = bytes .== SIMD16<UInt8>(repeating: 0x0A)
        // A line feed between two characters that are no blanks is joined.
        let feeds = joinsLines ? allFeeds .& Self.areBesideBlanks(raw + i) : allFeeds
        let halves = Self.maybeEnds(bytes, feeds, furtherEnd)
        if halves[0] != 0 {
          i &+= UInt64(littleEndian: halves[0]).trailingZeroBitCount &>> 3
          break
        }
        if halves[1] != 0 {
          i &+= 8 &+ UInt64(littleEndian: halves[1]).trailingZeroBitCount &>> 3
          break
        }
        i &+= 16
      }
      // One by one through other scripts with their single blanks, and at the end of the text.
      while i < count {
        let byte = base[i]
        if byte < 0x80 {
          if SentenceClasses.mayEnd(classes[ascii: byte]) { return i }
          i &+= 1
          if i &+ 17 <= count, base[i] < 0x80 { break }
        } else {
          let (scalar, length) = UTF8Scalars.decode(text, at: i)
          if SentenceClasses.mayEnd(classes[scalar]) { return i }
          i &+= length
        }
      }
    }
    return count
  }

  /// All ones where there is a blank or a control on one side of a byte.
  @inline(__always)
  private static func areBesideBlanks(_ bytes: UnsafeRawPointer) -> SIMDMask<SIMD16<Int8>> {
    let visible = SIMD16<UInt8>(repeating: 0x21)
    let before = (bytes - 1).loadUnaligned(as: SIMD16<UInt8>.self)
    let behind = (bytes + 1).loadUnaligned(as: SIMD16<UInt8>.self)
    return (before .< visible) .| (behind .< visible)
  }

  /// All ones where a byte is a terminator or separator of ASCII, or no ASCII.
  @inline(__always)
  private static func maybeEnds(
    _ bytes: SIMD16<UInt8>, _ feeds: SIMDMask<SIMD16<Int8>>, _ furtherEnd: UInt8
  ) -> SIMD2<UInt64> {
    let stops = bytes .== SIMD16<UInt8>(repeating: 0x2E)
    let exclamations = bytes .== SIMD16<UInt8>(repeating: 0x21)
    let questions = bytes .== SIMD16<UInt8>(repeating: 0x3F)
    let others = bytes .== SIMD16<UInt8>(repeating: furtherEnd)
    let returns = bytes .== SIMD16<UInt8>(repeating: 0x0D)
    let high = bytes .>= SIMD16<UInt8>(repeating: 0x80)
    let marks = stops .| exclamations .| questions .| others
    return unsafeBitCast(marks .| feeds .| returns .| high, to: SIMD2<UInt64>.self)
  }
}
