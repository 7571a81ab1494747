// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// WordPiece as BERT applies it (Devlin et al. 2019): the longest token that begins a word, then the
/// longest that continues it, and so on; a word for which that fails is one unknown token.
struct WordPieceModel: Sendable {
  /// Tokens as they may begin a word.
  let beginnings: PieceTrie
  /// Tokens that continue a word, without their prefix.
  let continuations: PieceTrie
  let unknown: UInt32
  /// A word with more characters is unknown.
  let longestWord: Int
  /// What marks a token that continues a word: `##`.
  let prefix: [UInt8]

  /// - Parameter tokens: the model's own tokens, without those that were only added.
  init(
    tokens: [(token: String, id: UInt32)], unknown: UInt32, longestWord: Int, prefix: String
  ) {
    let mark = Array(prefix.utf8)
    var beginnings: [(bytes: ArraySlice<UInt8>, id: UInt32)] = []
    var continuations: [(bytes: ArraySlice<UInt8>, id: UInt32)] = []
    for (token, id) in tokens {
      let bytes = Array(token.utf8)
      if bytes.isEmpty { continue }
      beginnings.append((bytes[...], id))
      if bytes.count > mark.count, bytes.starts(with: mark) {
        continuations.append((bytes[mark.count...], id))
      }
    }
    self.beginnings = PieceTrie(beginnings)
    self.continuations = PieceTrie(continuations)
    self.unknown = unknown
    self.longestWord = longestWord
    self.prefix = mark
  }
}

/// Applies a WordPiece model.
final class WordPieceEncoder: PieceModel {
  private let model: WordPieceModel
  private var found: [(id: UInt32, end: Int)] = []

  init(_ model: WordPieceModel) { self.model = model }

  func encode(
    _ text: TextBytes, _ piece: Range<Int>, into tokens: inout TokenBuffer
  ) throws(TokenizerError) {
    let word = TextBytes(base: text.base, count: piece.upperBound)
    found.removeAll(keepingCapacity: true)
    guard !isTooLong(word, piece.lowerBound), split(word, piece.lowerBound) else {
      tokens.append(model.unknown, end: piece.upperBound, startsWord: true)
      return
    }
    var start = piece.lowerBound
    for (id, end) in found {
      let isFirst = start == piece.lowerBound
      tokens.append(id, end: end, startsWord: isFirst || startsWordEach(word, start))
      start = end
    }
  }

  private func isTooLong(_ word: TextBytes, _ start: Int) -> Bool {
    if word.count &- start <= model.longestWord { return false }
    var characters = 0
    for at in start..<word.count where word[at] & 0xC0 != 0x80 { characters &+= 1 }
    return characters > model.longestWord
  }

  private func split(_ word: TextBytes, _ start: Int) -> Bool {
    var at = start
    while at < word.count {
      let trie = at == start ? model.beginnings : model.continuations
      guard let (id, length) = trie.longestPrefix(word, at) else { return false }
      at &+= length
      found.append((id, at))
    }
    return true
  }

  private func startsWordEach(_ text: TextBytes, _ at: Int) -> Bool {
    guard text[at] >= 0xE0 else { return false }
    let (scalar, _) = text.scalar(at)
    return scalar != .max && CharacterClasses.startsWordEach(scalar)
  }
}
