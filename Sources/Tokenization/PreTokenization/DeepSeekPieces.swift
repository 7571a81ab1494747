// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// First `\p{N}{1,3}` and then `[一-龥぀-ゟ゠-ヿ]+` are cut out, and what lies between is split by
/// `[!-/:-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+`
/// `|\s+(?!\S)|\s+`, where `[!-/:-~]` is ASCII punctuation. What none of it matches (control
/// characters) is a piece of its own.
enum DeepSeekPieces: PieceRule {
  private enum Kind {
    /// Also the end of the text, and the beginning of what is cut out.
    case end
    case word, mark, space, other
  }

  @inline(__always)
  static func end(_ text: TextBytes, _ start: Int) -> Int {
    let (first, length) = kind(text, start)
    let after = start &+ length
    switch first {
    case .end: return cutOutEnd(text, start)
    case .word: return wordEnd(text, after)
    case .mark:
      if isASCIILetter(text, after), text[start] < 0x80 { return asciiLettersEnd(text, after) }
      return markEnd(text, after)
    case .space:
      let isLineEnd = text[start] == 0x0A || text[start] == 0x0D
      let (next, nextLength) = kind(text, after)
      if !isLineEnd, next == .word { return wordEnd(text, after &+ nextLength) }
      if text[start] == 0x20, next == .mark { return markEnd(text, after &+ nextLength) }
      return spaceEnd(text, start)
    case .other:
      // The last of a run of these goes with the letters that follow it.
      var at = start
      var end = after
      while true {
        let (next, nextLength) = kind(text, end)
        if next == .word { return at == start ? wordEnd(text, end &+ nextLength) : at }
        if next != .other { return end }
        at = end
        end &+= nextLength
      }
    }
  }

  private static func kind(_ text: TextBytes, _ at: Int) -> (Kind, length: Int) {
    guard at < text.count else { return (.end, 0) }
    let byte = text[at]
    if byte < 0x80 {
      switch TextBytes.asciiClass(byte) {
      case PieceClass.letter: return (.word, 1)
      case PieceClass.number: return (.end, 1)
      case PieceClass.space: return (.space, 1)
      default: return (byte > 0x20 && byte < 0x7F ? .mark : .other, 1)
      }
    }
    let (scalar, length) = text.scalar(at)
    if scalar == .max { return (.other, 1) }
    if isEastAsian(scalar) { return (.end, length) }
    if CharacterClasses.isWhitespace(scalar) { return (.space, length) }
    let category = GeneralCategories(of: scalar)
    if category.isSubset(of: [.letter, .mark]) { return (.word, length) }
    if category.isSubset(of: .number) { return (.end, length) }
    return (category.isSubset(of: [.punctuation, .symbol]) ? .mark : .other, length)
  }

  private static func isEastAsian(_ scalar: UInt32) -> Bool {
    (0x3040...0x30FF).contains(scalar) || (0x4E00...0x9FA5).contains(scalar)
  }

  /// The end of up to three numbers, or of a run of ideographs and kana. The last expression cuts
  /// punctuation (`・`) and symbols (`゛`) out of such a run.
  private static func cutOutEnd(_ text: TextBytes, _ start: Int) -> Int {
    var at = start
    if text.classAndLength(start).kind == PieceClass.number {
      for _ in 0..<3 where at < text.count {
        let (kind, length) = text.classAndLength(at)
        if kind != PieceClass.number { return at }
        at &+= length
      }
      return at
    }
    let isMark = isEastAsianMark(text.scalar(start).scalar)
    while at < text.count {
      let (scalar, length) = text.scalar(at)
      if !isEastAsian(scalar) || isEastAsianMark(scalar) != isMark { return at }
      at &+= length
    }
    return at
  }

  private static func isEastAsianMark(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x309B, 0x309C, 0x30A0, 0x30FB: true
    default: false
    }
  }

  private static func wordEnd(_ text: TextBytes, _ start: Int) -> Int {
    var at = start
    while true {
      let (next, length) = kind(text, at)
      if next != .word { return at }
      at &+= length
    }
  }

  private static func markEnd(_ text: TextBytes, _ start: Int) -> Int {
    var at = start
    while true {
      let (next, length) = kind(text, at)
      if next != .mark { break }
      at &+= length
    }
    while at < text.count, text[at] == 0x0A || text[at] == 0x0D { at &+= 1 }
    return at
  }

  private static func isASCIILetter(_ text: TextBytes, _ at: Int) -> Bool {
    at < text.count && (text[at] | 0x20) &- 0x61 < 26
  }

  private static func asciiLettersEnd(_ text: TextBytes, _ start: Int) -> Int {
    var at = start
    while isASCIILetter(text, at) { at &+= 1 }
    return at
  }

  private static func spaceEnd(_ text: TextBytes, _ start: Int) -> Int {
    var at = start
    var last = start
    var lineEnd = start
    while true {
      let (next, length) = kind(text, at)
      if next != .space {
        if lineEnd > start { return lineEnd }
        return next == .end || last == start ? at : last
      }
      last = at
      if text[at] == 0x0A || text[at] == 0x0D { lineEnd = at &+ 1 }
      at &+= length
    }
  }
}
