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
    let pairs = linePairs(UnsafeBufferPointer(rebasing: text.prefix(32 << 10)))
    guard pairs.count >= 4 else { return false }
    let widths = pairs.map(\.width).sorted()
    let width = widths[widths.count - 1 - widths.count / 20]
    guard (40...132).contains(width) else { return false }
    // A line may miss its width by a little: hyphenation, and words cut between two blanks.
    let wrapped = pairs.count { $0.width + 1 + $0.nextWord + 1 >= width }
    let open = pairs.count { !$0.endsSentence }
    let cased = pairs.count { $0.nextStart != .uncased }
    let capitals = pairs.count { $0.nextStart == .capital }
    return wrapped * 100 >= pairs.count * 85 && open * 100 >= pairs.count * 40
      && capitals * 100 <= cased * 70
  }

  private enum Start {
    case capital
    case small
    case uncased
  }

  private struct LinePair {
    /// Columns of the first line without blanks at its end.
    var width: Int
    /// Columns of the first word of the second line.
    var nextWord: Int
    /// How the second line begins.
    var nextStart: Start
    /// Whether the first line ends in a character that ends sentences.
    var endsSentence: Bool
  }

  private struct Line {
    var width = 0
    var firstWord = 0
    var first: UInt32 = 0
    var last: UInt32 = 0
  }

  private static func linePairs(_ text: UnsafeBufferPointer<UInt8>) -> [LinePair] {
    var pairs: [LinePair] = []
    var previous: Line?
    var start = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != 0x0A { end += 1 }
      let line = measure(text, start..<end)
      if let previous, previous.width > 0, line.width > 0 {
        pairs.append(
          LinePair(
            width: previous.width, nextWord: line.firstWord, nextStart: letterCase(line.first),
            endsSentence: endsSentence(previous.last)))
      }
      previous = line
      start = end + 1
    }
    return pairs
  }

  private static func measure(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Line {
    let bytes = UnsafeBufferPointer(rebasing: text[range])
    return ASCIIScan.isASCII(bytes) ? measureASCII(bytes) : measureAll(text, range)
  }

  /// The same for a line of ASCII alone, of which only the ends have to be looked at.
  private static func measureASCII(_ text: UnsafeBufferPointer<UInt8>) -> Line {
    func isBlank(_ byte: UInt8) -> Bool { CharacterClasses.isWhitespace(UInt32(byte)) }
    guard let first = text.firstIndex(where: { !isBlank($0) }),
      let last = text.lastIndex(where: { !isBlank($0) })
    else { return Line() }
    let word = text[first...].firstIndex(where: isBlank) ?? text.count
    return Line(
      width: last + 1, firstWord: word - first, first: UInt32(text[first]),
      last: UInt32(text[last]))
  }

  private static func measureAll(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Line {
    var line = Line()
    var column = 0
    var indent = 0
    var isInFirstWord = true
    var i = range.lowerBound
    while i < range.upperBound {
      let (scalar, length) = UTF8Scalars.decode(text, at: i)
      i += length
      if CharacterClasses.isWhitespace(scalar) {
        if line.width > 0 { isInFirstWord = false } else { indent += 1 }
        column += 1
        continue
      }
      let isWide = CharacterClasses.startsWordEach(scalar)
      if line.width == 0 {
        line.first = scalar
      } else if isWide {
        isInFirstWord = false
      }
      column += isWide ? 2 : 1
      if isInFirstWord { line.firstWord = column - indent }
      line.width = column
      line.last = scalar
    }
    return line
  }

  private static func letterCase(_ scalar: UInt32) -> Start {
    let category = UInt32(UInt8(bitPattern: cicu_general_category(Int32(bitPattern: scalar))))
    switch category {
    case U_UPPERCASE_LETTER.rawValue, U_TITLECASE_LETTER.rawValue: return .capital
    case U_LOWERCASE_LETTER.rawValue: return .small
    default: return .uncased
    }
  }

  private static func endsSentence(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x21, 0x22, 0x2E, 0x3A, 0x3B, 0x3F, 0x2019, 0x201D, 0x3002, 0xFF01, 0xFF1F, 0x964, 0x61F:
      true
    default: false
    }
  }
}
