// SPDX-License-Identifier: Apache-2.0

/// A token that is matched as a whole, before any splitting: specials and the like.
public struct AddedToken: Sendable, Hashable {
  /// Its id.
  public let id: UInt32
  /// Its text.
  public let content: String
  /// Whether it controls a model rather than being text; left out by `decode` on request.
  public let isSpecial: Bool
  /// Whether it is looked for in normalized text, instead of before normalization.
  public let isNormalized: Bool
  /// Whether it swallows the white space before it.
  public let stripsLeft: Bool
  /// Whether it swallows the white space after it.
  public let stripsRight: Bool
  /// Whether it is found only where no letter, number or the like stands beside it.
  public let isSingleWord: Bool

  init(
    id: UInt32, content: String, isSpecial: Bool = true, isNormalized: Bool = false,
    stripsLeft: Bool = false, stripsRight: Bool = false, isSingleWord: Bool = false
  ) {
    self.id = id
    self.content = content
    self.isSpecial = isSpecial
    self.isNormalized = isNormalized
    self.stripsLeft = stripsLeft
    self.stripsRight = stripsRight
    self.isSingleWord = isSingleWord
  }
}

/// What an encoder makes of text that spells an added token.
public enum AddedTokenMode: String, Sendable, Hashable, CaseIterable {
  /// It is text like any other: nothing in a corpus can become a special token.
  case never
  /// It becomes that token, as Hugging Face `tokenizers` does.
  case matched
}
