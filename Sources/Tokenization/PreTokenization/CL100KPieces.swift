// SPDX-License-Identifier: Apache-2.0

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*`
/// `|\s*[\r\n]+|\s+(?!\S)|\s+`
enum CL100KPieces: PieceRule {
  @inline(__always)
  static func end(_ text: TextBytes, _ start: Int) -> Int { end(text, start, moreNumbers: 2) }

  /// - Parameter moreNumbers: how many numbers may follow the first in a piece.
  @inline(__always)
  static func end(_ text: TextBytes, _ start: Int, moreNumbers: Int) -> Int {
    let byte = text[start]
    if byte == 0x27 {
      let contraction = contractionEnd(text, start)
      if contraction > start { return contraction }
    }
    let (kind, length) = text.classAndLength(start)
    let after = start &+ length
    if kind == PieceClass.letter { return text.runEnd(kind, after) }
    if kind == PieceClass.number { return numberEnd(text, after, more: moreNumbers) }
    if after < text.count, byte != 0x0A, byte != 0x0D {
      let next = text.classAndLength(after)
      if next.kind == PieceClass.letter {
        return text.runEnd(PieceClass.letter, after &+ next.length)
      }
      if byte == 0x20, next.kind == PieceClass.symbol {
        return symbolEnd(text, after &+ next.length)
      }
    }
    if kind == PieceClass.symbol { return symbolEnd(text, after) }
    return spaceEnd(text, start)
  }

  /// Up to so many more numbers.
  @inline(__always)
  static func numberEnd(_ text: TextBytes, _ start: Int, more: Int) -> Int {
    var at = start
    for _ in 0..<more where at < text.count {
      let next = text.classAndLength(at)
      if next.kind != PieceClass.number { return at }
      at &+= next.length
    }
    return at
  }

  @inline(__always)
  private static func symbolEnd(_ text: TextBytes, _ start: Int) -> Int {
    var at = text.runEnd(PieceClass.symbol, start)
    while at < text.count, text[at] == 0x0A || text[at] == 0x0D { at &+= 1 }
    return at
  }

  /// Up to the last line end of the run if it has one, else as everywhere.
  static func spaceEnd(_ text: TextBytes, _ start: Int) -> Int {
    var at = start
    var last = start
    var lineEnd = start
    while at < text.count {
      let next = text.classAndLength(at)
      if next.kind != PieceClass.space {
        if lineEnd > start { return lineEnd }
        return last == start ? at : last
      }
      last = at
      if text[at] == 0x0A || text[at] == 0x0D { lineEnd = at &+ 1 }
      at &+= next.length
    }
    return lineEnd > start ? lineEnd : at
  }

  /// The end of a contraction in any case, or `start`. `ſ` (U+017F) is an `s` without case.
  @inline(__always)
  static func contractionEnd(_ text: TextBytes, _ start: Int) -> Int {
    let left = text.count &- start
    guard left >= 2 else { return start }
    let second = text[start &+ 1] | 0x20
    switch second {
    case 0x73, 0x74, 0x6D, 0x64:
      // Of the bytes that fold to these letters, all are letters.
      return start &+ 2
    case 0x72, 0x76: return left >= 3 && text[start &+ 2] | 0x20 == 0x65 ? start &+ 3 : start
    case 0x6C: return left >= 3 && text[start &+ 2] | 0x20 == 0x6C ? start &+ 3 : start
    default:
      let isLongS = text[start &+ 1] == 0xC5 && left >= 3 && text[start &+ 2] == 0xBF
      return isLongS ? start &+ 3 : start
    }
  }
}

/// That of `cl100k_base`, but each number is a piece.
enum Qwen2Pieces: PieceRule {
  @inline(__always)
  static func end(_ text: TextBytes, _ start: Int) -> Int {
    CL100KPieces.end(text, start, moreNumbers: 0)
  }
}
