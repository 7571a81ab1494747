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
  private(set) var ids: [UInt32] = []
  private(set) var ends: [Int] = []
  private(set) var wordStarts: [Bool] = []

  /// Appends a token that ends at a byte.
  /// - Parameter startsWord: whether a word starts with it, whatever its script.
  mutating func append(_ id: UInt32, end: Int, startsWord: Bool) {
    ids.append(id)
    ends.append(end)
    wordStarts.append(startsWord)
  }

  mutating func removeAll() {
    ids.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    wordStarts.removeAll(keepingCapacity: true)
  }
}

/// Runs a model that sees characters.
final class CharacterEncoder: ModelEncoder {
  private let model: any PieceModel
  private var tokens = TokenBuffer()
  private var parts: Encoding.Parts = []

  init(_ model: any PieceModel) { self.model = model }

  var ends: [Int] { tokens.ends }

  func begin(parts: Encoding.Parts) {
    self.parts = parts
    tokens.removeAll()
  }

  func encode(_ text: TextBytes, _ pieces: [Piece]) throws(TokenizerError) {
    for piece in pieces {
      if piece.isText {
        try model.encode(text, piece.range, into: &tokens)
      } else {
        tokens.append(piece.token, end: piece.end, startsWord: true)
      }
    }
  }

  func flush(into result: inout Encoding, offset: Int) {
    result.ids.append(contentsOf: tokens.ids)
    if parts.contains(.ends) {
      for end in tokens.ends { result.ends.append(offset + end) }
    }
    if parts.contains(.wordStarts) { result.wordStarts.append(contentsOf: tokens.wordStarts) }
  }
}
