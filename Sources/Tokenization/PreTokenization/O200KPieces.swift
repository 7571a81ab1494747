// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+C?`
/// `|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*C?`
/// `|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
/// where C is `(?i:'s|'t|'re|'ve|'m|'ll|'d)`.
enum O200KPieces: PieceRule {
  private static let upper: UInt8 = 1
  private static let lower: UInt8 = 2

  @inline(__always)
  static func end(_ text: TextBytes, _ start: Int) -> Int {
    let byte = text[start]
    let (kind, length) = text.classAndLength(start)
    if kind == PieceClass.number { return CL100KPieces.numberEnd(text, start &+ length, more: 2) }
    let after = start &+ length
    let canPrecede = kind != PieceClass.letter && byte != 0x0A && byte != 0x0D
    if canPrecede, let end = lowerWordEnd(text, after) { return end }
    if kind == PieceClass.letter || kind == PieceClass.symbol,
      let end = lowerWordEnd(text, start)
    {
      return end
    }
    if canPrecede, let end = upperWordEnd(text, after) { return end }
    if kind == PieceClass.letter, let end = upperWordEnd(text, start) { return end }
    if kind == PieceClass.symbol { return symbolEnd(text, after) }
    if byte == 0x20, after < text.count {
      let next = text.classAndLength(after)
      if next.kind == PieceClass.symbol { return symbolEnd(text, after &+ next.length) }
    }
    return CL100KPieces.spaceEnd(text, start)
  }

  /// The two sets that a scalar is in, as bits, and its length. Letters without case and marks are
  /// in both.
  @inline(__always)
  private static func cases(_ text: TextBytes, _ at: Int) -> (sets: UInt8, length: Int) {
    let byte = text[at]
    if byte < 0x80 {
      if byte &- 0x61 < 26 { return (lower, 1) }
      return (byte &- 0x41 < 26 ? upper : 0, 1)
    }
    return wideCases(text, at)
  }

  @inline(never)
  private static func wideCases(_ text: TextBytes, _ at: Int) -> (sets: UInt8, length: Int) {
    let (scalar, length) = text.scalar(at)
    if scalar == .max { return (0, 1) }
    let category = GeneralCategories(of: scalar)
    if category.isSubset(of: [.caseless, .mark]) { return (upper | lower, length) }
    if category == .lowercase { return (lower, length) }
    return (category.isSubset(of: [.uppercase, .titlecase]) ? upper : 0, length)
  }

  /// `U*L+C?`: where capitals run into no small letter, they give back as many as it takes for the
  /// last of the rest to be a letter without case.
  @inline(__always)
  private static func lowerWordEnd(_ text: TextBytes, _ start: Int) -> Int? {
    var at = start
    var lastLower: Int?
    while at < text.count {
      let (sets, length) = cases(text, at)
      if sets & upper == 0 {
        if sets == 0 { break }
        return contractionEnd(text, lowerEnd(text, at &+ length))
      }
      at &+= length
      if sets & lower != 0 { lastLower = at }
    }
    return lastLower.map { contractionEnd(text, $0) }
  }

  private static func lowerEnd(_ text: TextBytes, _ start: Int) -> Int {
    var at = start
    while at < text.count {
      let (sets, length) = cases(text, at)
      if sets & lower == 0 { break }
      at &+= length
    }
    return at
  }

  /// `U+C?`, where no small letter can follow.
  private static func upperWordEnd(_ text: TextBytes, _ start: Int) -> Int? {
    var at = start
    while at < text.count {
      let (sets, length) = cases(text, at)
      if sets & upper == 0 { break }
      at &+= length
    }
    return at == start ? nil : contractionEnd(text, at)
  }

  @inline(__always)
  private static func contractionEnd(_ text: TextBytes, _ at: Int) -> Int {
    guard at < text.count, text[at] == 0x27 else { return at }
    return CL100KPieces.contractionEnd(text, at)
  }

  private static func symbolEnd(_ text: TextBytes, _ start: Int) -> Int {
    var at = text.runEnd(PieceClass.symbol, start)
    while at < text.count, text[at] == 0x0A || text[at] == 0x0D || text[at] == 0x2F { at &+= 1 }
    return at
  }
}
