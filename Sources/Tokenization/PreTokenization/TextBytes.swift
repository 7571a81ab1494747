// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// What the rules distinguish.
enum PieceClass {
  static let symbol: UInt8 = 0
  static let letter: UInt8 = 1
  static let number: UInt8 = 2
  static let space: UInt8 = 3
}

/// A text in memory that somebody else owns, read scalar by scalar.
struct TextBytes {
  let base: UnsafePointer<UInt8>
  let count: Int

  @inline(__always)
  subscript(at: Int) -> UInt8 { base[at] }

  /// Class and length of the scalar at a position below `count`. A byte that does not begin a
  /// well-formed sequence (Unicode 15.0, table 3-7) is a symbol of length 1.
  @inline(__always)
  func classAndLength(_ at: Int) -> (kind: UInt8, length: Int) {
    let byte = base[at]
    if byte < 0x80 { return (Self.asciiClass(byte), 1) }
    return wideClassAndLength(at)
  }

  @inline(__always)
  static func asciiClass(_ byte: UInt8) -> UInt8 {
    if (byte | 0x20) &- 0x61 < 26 { return PieceClass.letter }
    if byte == 0x20 || byte &- 9 < 5 { return PieceClass.space }
    if byte &- 0x30 < 10 { return PieceClass.number }
    return PieceClass.symbol
  }

  @inline(never)
  func wideClassAndLength(_ at: Int) -> (kind: UInt8, length: Int) {
    let (scalar, length) = scalar(at)
    return scalar == .max ? (PieceClass.symbol, 1) : (scalarClass(scalar), length)
  }

  /// The scalar at a position and its length, or `UInt32.max` and 1 where there is none.
  func scalar(_ at: Int) -> (scalar: UInt32, length: Int) {
    let ill = (UInt32.max, 1)
    let first = base[at]
    if first < 0x80 { return (UInt32(first), 1) }
    let left = count &- at
    guard first >= 0xC2, first <= 0xF4, left >= 2 else { return ill }
    let second = base[at &+ 1]
    if first < 0xE0 {
      guard second & 0xC0 == 0x80 else { return ill }
      return (UInt32(first & 0x1F) << 6 | UInt32(second & 0x3F), 2)
    }
    let lowest: UInt8 = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80
    let highest: UInt8 = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF
    guard second >= lowest, second <= highest, left >= 3 else { return ill }
    let third = base[at &+ 2]
    guard third & 0xC0 == 0x80 else { return ill }
    let head = UInt32(second & 0x3F) << 6 | UInt32(third & 0x3F)
    if first < 0xF0 { return (UInt32(first & 0x0F) << 12 | head, 3) }
    guard left >= 4, base[at &+ 3] & 0xC0 == 0x80 else { return ill }
    return (UInt32(first & 0x07) << 18 | head << 6 | UInt32(base[at &+ 3] & 0x3F), 4)
  }

  @inline(__always)
  private func scalarClass(_ scalar: UInt32) -> UInt8 {
    CharacterClasses.classOf(scalar)
  }

  /// The end of the ASCII letters that go on at a position, eight at a time.
  @inline(__always)
  private func asciiLettersEnd(_ start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let high = ones &* 0x80
    let raw = UnsafeRawPointer(base)
    var at = start
    while at &+ 8 <= count {
      let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian
      let lower = (word | ones &* 0x20) & ~high
      let fromA = lower &+ ones &* (0x80 - 0x61)
      let afterZ = lower &+ ones &* (0x80 - 0x7B)
      let others = ~(fromA & ~afterZ & ~word) & high
      if others != 0 { return at &+ (others.trailingZeroBitCount &>> 3) }
      at &+= 8
    }
    while at < count, (base[at] | 0x20) &- 0x61 < 26 { at &+= 1 }
    return at
  }

  /// The end of the run of one class that goes on at a position.
  @inline(__always)
  func runEnd(_ kind: UInt8, _ start: Int) -> Int {
    var at = start
    if kind == PieceClass.letter {
      at = asciiLettersEnd(start)
      if at < count, base[at] < 0x80 { return at }
    }
    while at < count {
      let next = classAndLength(at)
      if next.kind != kind { break }
      at &+= next.length
    }
    return at
  }

  /// The end of a piece of white space: `\s+(?!\S)|\s+`. The last scalar of a run goes with what
  /// follows, unless it is the only one.
  @inline(__always)
  func spaceEnd(_ start: Int) -> Int {
    var at = start
    var last = start
    while at < count {
      let next = classAndLength(at)
      if next.kind != PieceClass.space { return last == start ? at : last }
      last = at
      at &+= next.length
    }
    return at
  }
}

/// A splitting rule, for code that is specialised for each.
protocol PieceRule {
  /// The end of the piece that begins at a position below `count`; always further on.
  static func end(_ text: TextBytes, _ start: Int) -> Int
}

/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
enum GPT2Pieces: PieceRule {
  @inline(__always)
  static func end(_ text: TextBytes, _ start: Int) -> Int {
    var first = start
    let byte = text[start]
    if byte == 0x20, start &+ 1 < text.count {
      first = start &+ 1
    } else if byte == 0x27 {
      let contraction = contractionEnd(text, start)
      if contraction > start { return contraction }
    }
    let (kind, length) = text.classAndLength(first)
    if kind == PieceClass.space { return text.spaceEnd(start) }
    return text.runEnd(kind, first &+ length)
  }

  /// The end of `'s 't 'm 'd 're 've 'll`, or `start`.
  @inline(__always)
  static func contractionEnd(_ text: TextBytes, _ start: Int) -> Int {
    let left = text.count &- start
    guard left >= 2 else { return start }
    let second = text[start &+ 1]
    switch second {
    case 0x73, 0x74, 0x6D, 0x64: return start &+ 2
    case 0x72, 0x76: return left >= 3 && text[start &+ 2] == 0x65 ? start &+ 3 : start
    case 0x6C: return left >= 3 && text[start &+ 2] == 0x6C ? start &+ 3 : start
    default: return start
    }
  }
}

/// ` ?\S+|\s+(?!\S)|\s+`
enum WhitespacePieces: PieceRule {
  @inline(__always)
  static func end(_ text: TextBytes, _ start: Int) -> Int {
    var first = start
    if text[start] == 0x20, start &+ 1 < text.count { first = start &+ 1 }
    let (kind, length) = text.classAndLength(first)
    if kind == PieceClass.space { return text.spaceEnd(start) }
    var at = first &+ length
    while at < text.count {
      let next = text.classAndLength(at)
      if next.kind == PieceClass.space { break }
      at &+= next.length
    }
    return at
  }
}

/// The whole text is one piece.
enum WholePieces: PieceRule {
  @inline(__always)
  static func end(_ text: TextBytes, _ start: Int) -> Int { text.count }
}
