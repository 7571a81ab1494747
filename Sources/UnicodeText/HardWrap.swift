// SPDX-License-Identifier: Apache-2.0

import CICU

/// Recognizes text whose lines were broken to fit a width, so that a line end there means nothing.
public enum HardWrap {
  /// Whether the text looks hard-wrapped: a heuristic for `--unwrap auto`.
  ///
  /// In wrapped text a line ends because the next word did not fit. So, over pairs of neighbouring
  /// lines without an empty line between them, let W be the widest first line (the widest
  /// twentieth left out): nearly every first line plus a blank plus the next word must exceed W,
  /// W must be a plausible width (40 to 132 columns; characters of scripts without spaces count
  /// two), enough lines must end in mid-sentence, and most lines must not begin with a capital.
  /// Verse, code, lists and one paragraph a line fail one of these. At least four pairs are needed.
  /// Only the first 32 KiB are looked at.
  ///
  /// - Complexity: O(n).
  public static func isLikely(in text: UnsafeBufferPointer<UInt8>) -> Bool {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * columns) { memory in
      memory.initialize(repeating: 0)
      var pairs = LinePairs(
        widths: UnsafeMutableBufferPointer(rebasing: memory[..<columns]),
        reaches: UnsafeMutableBufferPointer(rebasing: memory[columns...]))
      pairs.count(UnsafeBufferPointer(rebasing: text.prefix(32 << 10)))
      return pairs.areWrapped
    }
  }

  /// Widths are told apart below this many columns: more than the widest that is plausible, by what
  /// a line may miss it.
  private static let columns = 136

  /// What is counted of the pairs of lines.
  private struct LinePairs {
    /// How many first lines have a width, in columns, without blanks at the end.
    var widths: UnsafeMutableBufferPointer<Int>
    /// How many would have a width with a blank and the first word of the second line.
    var reaches: UnsafeMutableBufferPointer<Int>
    private var all = 0
    /// First lines that end in a character that does not end sentences.
    private var open = 0
    /// Second lines that begin with a letter that has a case, and with a capital.
    private var cased = 0
    private var capitals = 0

    init(widths: UnsafeMutableBufferPointer<Int>, reaches: UnsafeMutableBufferPointer<Int>) {
      self.widths = widths
      self.reaches = reaches
    }

    mutating func count(_ text: UnsafeBufferPointer<UInt8>) {
      var previous = Line()
      var start = 0
      while start < text.count {
        let (end, isASCII) = ASCIIScan.line(text, from: start)
        let bytes = UnsafeBufferPointer(rebasing: text[start..<end])
        let line = isASCII ? HardWrap.measureASCII(bytes) : HardWrap.measureAll(bytes)
        if previous.width > 0, line.width > 0 { add(previous, line) }
        previous = line
        start = end + 1
      }
    }

    private mutating func add(_ first: Line, _ second: Line) {
      all += 1
      widths[min(first.width, columns - 1)] += 1
      // A line may miss its width by a little: hyphenation, and words cut between two blanks.
      reaches[min(first.width + 1 + second.firstWord + 1, columns - 1)] += 1
      // Sums instead of branches, which nothing could predict.
      open += HardWrap.endsSentence(first.last) ? 0 : 1
      let (isCased, isCapital) = HardWrap.letterCase(second.first)
      cased += isCased ? 1 : 0
      capitals += isCapital ? 1 : 0
    }

    var areWrapped: Bool {
      guard all >= 4 else { return false }
      var width = columns
      var wider = 0
      repeat {
        width -= 1
        wider += widths[width]
      } while wider <= all / 20
      guard (40...132).contains(width) else { return false }
      let wrapped = reaches[width...].reduce(0, +)
      return wrapped * 100 >= all * 85 && open * 100 >= all * 40 && capitals * 100 <= cased * 70
    }
  }

  private struct Line {
    /// Columns without blanks at the end; of wide lines some number that is too wide as well.
    var width = 0
    var firstWord = 0
    var first: UInt32 = 0
    var last: UInt32 = 0
  }

  /// A line of ASCII alone, of which only the ends have to be looked at.
  private static func measureASCII(_ text: UnsafeBufferPointer<UInt8>) -> Line {
    var first = 0
    var end = text.count
    while first < end, isBlank(text[first]) { first &+= 1 }
    while end > first, isBlank(text[end &- 1]) { end &-= 1 }
    if first == end { return Line() }
    var word = first
    let raw = UnsafeRawBufferPointer(text)
    while word &+ 8 <= end {
      let eight = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: word, as: UInt64.self))
      // Of bytes below 0x21 the first is found exactly.
      let low = (eight &- 0x2121_2121_2121_2121) & ~eight & 0x8080_8080_8080_8080
      if low != 0 {
        word &+= low.trailingZeroBitCount &>> 3
        break
      }
      word &+= 8
    }
    while word < end, !isBlank(text[word]) { word &+= 1 }
    return Line(
      width: end, firstWord: word &- first, first: UInt32(text[first]),
      last: UInt32(text[end &- 1]))
  }

  /// White space of ASCII.
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }

  private static func measureAll(_ text: UnsafeBufferPointer<UInt8>) -> Line {
    var line = Line()
    var column = 0
    var indent = 0
    var isInFirstWord = true
    var i = 0
    while i < text.count {
      let (scalar, length) = UTF8Scalars.decode(text, at: i)
      i += length
      let entry = CharacterClasses.entry(scalar)
      if entry & 3 == CharacterClasses.whitespace {
        if line.width > 0 { isInFirstWord = false } else { indent += 1 }
        column += 1
        continue
      }
      let isWide = entry & 4 != 0
      if line.width == 0 {
        line.first = scalar
      } else if isWide {
        isInFirstWord = false
      }
      column += isWide ? 2 : 1
      if isInFirstWord { line.firstWord = column - indent }
      line.width = column
      line.last = scalar
      let isTooWide = line.width >= columns && (!isInFirstWord || line.firstWord >= columns)
      if isTooWide, let last = lastNonBlank(text, from: i) {
        line.last = last
        break
      }
    }
    return line
  }

  /// The last scalar at or behind `start` that is not white space.
  private static func lastNonBlank(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> UInt32? {
    var i = text.count
    while i > start {
      i -= 1
      while i > start, text[i] & 0xC0 == 0x80 { i -= 1 }
      let scalar = UTF8Scalars.decode(text, at: i).scalar
      if !CharacterClasses.isWhitespace(scalar) { return scalar }
    }
    return nil
  }

  private static func letterCase(_ scalar: UInt32) -> (isCased: Bool, isCapital: Bool) {
    if scalar < 0x80 { return ((scalar | 0x20) &- 0x61 < 26, scalar &- 0x41 < 26) }
    let category = UInt32(UInt8(bitPattern: cicu_general_category(Int32(bitPattern: scalar))))
    switch category {
    case U_UPPERCASE_LETTER.rawValue, U_TITLECASE_LETTER.rawValue: return (true, true)
    case U_LOWERCASE_LETTER.rawValue: return (true, false)
    default: return (false, false)
    }
  }

  private static func endsSentence(_ scalar: UInt32) -> Bool {
    if scalar < 0x80 {
      // The bits of ! " . : ; ?
      let enders: UInt64 =
        1 << 0x21 | 1 << 0x22 | 1 << 0x2E | 1 << 0x3A | 1 << 0x3B | 1 << 0x3F
      return (enders &>> UInt64(scalar)) & (scalar < 0x40 ? 1 : 0) != 0
    }
    switch scalar {
    case 0x2019, 0x201D, 0x3002, 0xFF01, 0xFF1F, 0x964, 0x61F: return true
    default: return false
    }
  }
}
