// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// Makes tokens of the pieces of one text, and keeps them until they are taken. One for each
/// thread.
protocol ModelEncoder: AnyObject {
  /// Begins a text.
  func begin(parts: Encoding.Parts)
  /// Adds the tokens of pieces, which ascend.
  func encode(_ text: TextBytes, _ pieces: [Piece]) throws(TokenizerError)
  /// The ends of the tokens, where ends are wanted.
  var ends: [Int] { get }
  /// Appends the tokens to an encoding, in which the text begins at `offset`.
  func flush(into result: inout Encoding, offset: Int)
}

/// A model that sees characters: WordPiece and whatever else is not byte-level.
protocol PieceModel: AnyObject {
  /// Appends the tokens of a piece of well-formed text, with ends in `text`.
  func encode(
    _ text: TextBytes, _ piece: Range<Int>, into tokens: inout TokenBuffer
  ) throws(TokenizerError)
}

/// The tokens of a text.
struct TokenBuffer {
  struct Token {
    let id: UInt32
    /// Whether a word starts with it.
    let startsWord: Bool
    let end: Int
  }

  private(set) var tokens: [Token] = []

  /// Appends a token that ends at a byte.
  /// - Parameter startsWord: whether a word starts with it, whatever its script.
  mutating func append(_ id: UInt32, end: Int, startsWord: Bool) {
    tokens.append(Token(id: id, startsWord: startsWord, end: end))
  }

  mutating func removeAll() { tokens.removeAll(keepingCapacity: true) }
}

/// Runs a model that sees characters.
final class CharacterEncoder: ModelEncoder {
  private let model: any PieceModel
  private var buffer = TokenBuffer()
  private var parts: Encoding.Parts = []

  init(_ model: any PieceModel) { self.model = model }

  var ends: [Int] { buffer.tokens.map(\.end) }

  func begin(parts: Encoding.Parts) {
    self.parts = parts
    buffer.removeAll()
  }

  func encode(_ text: TextBytes, _ pieces: [Piece]) throws(TokenizerError) {
    // Held here, so that its exclusive use is not checked for each piece.
    var tokens = TokenBuffer()
    swap(&tokens, &buffer)
    defer { swap(&tokens, &buffer) }
    for piece in pieces {
      if piece.isText {
        try model.encode(text, piece.range, into: &tokens)
      } else {
        tokens.append(piece.token, end: piece.end, startsWord: true)
      }
    }
  }

  func flush(into result: inout Encoding, offset: Int) {
    let tokens = buffer.tokens
    result.ids.reserveCapacity(result.ids.count + tokens.count)
    for token in tokens { result.ids.append(token.id) }
    if parts.contains(.ends) {
      for token in tokens { result.ends.append(offset + token.end) }
    }
    if parts.contains(.wordStarts) {
      for token in tokens { result.wordStarts.append(token.startsWord) }
    }
  }
}
