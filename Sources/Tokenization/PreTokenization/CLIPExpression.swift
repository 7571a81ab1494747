// SPDX-License-Identifier: Apache-2.0

/// The expression by which CLIP finds words: contractions, letters, single numbers, other characters
/// but white space.
enum CLIPExpression: String, Sendable, Hashable, CaseIterable {
  case plain = #"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#
  /// Special tokens in text are words.
  case withSpecials =
    #"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#

  private static let specials = ["<|startoftext|>", "<|endoftext|>"].map { Array($0.utf8) }

  init?(pattern: String) {
    guard let found = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(pattern.utf8) })
    else { return nil }
    self = found
  }

  /// The end of the match that begins at a position, or the position where none does.
  func end(_ text: TextBytes, _ start: Int) -> Int {
    let byte = text[start]
    if byte == 0x27 {
      let end = GPT2Pieces.contractionEnd(text, start)
      if end > start { return end }
    } else if byte == 0x3C, self == .withSpecials {
      let rest = UnsafeBufferPointer(start: text.base + start, count: text.count - start)
      for special in Self.specials where rest.starts(with: special) {
        return start + special.count
      }
    }
    let (kind, length) = text.classAndLength(start)
    switch kind {
    case PieceClass.space: return start
    case PieceClass.number: return start + length
    default: return text.runEnd(kind, start + length)
    }
  }
}
