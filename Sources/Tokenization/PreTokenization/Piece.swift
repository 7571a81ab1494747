// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// A stretch of text on its way to the model, or an added token that was found.
struct Piece: Sendable, Hashable {
  /// Stands in `token` for a stretch of text.
  static let text = UInt32.max

  var start: Int
  var end: Int
  /// The id of the added token, or `text`.
  var token: UInt32 = Piece.text

  var range: Range<Int> { start..<end }
  var isText: Bool { token == Self.text }
}

/// A text and what is left of it in pieces. Steps of a pre-tokenizer split pieces, or rewrite the
/// text of them.
struct PieceList {
  var text: [UInt8] = []
  var pieces: [Piece] = []
  /// Whether the text begins with what the text that was given begins with: no added token stood
  /// before it, and the normalizer dropped nothing there.
  var isBeginning = true
  /// The way back from `text` to the given text, if it is wanted.
  var alignment: TextAlignment?
  /// The regular expressions that have been compiled for this thread.
  private var expressions: [String: RegularExpression] = [:]

  /// A regular expression, compiled.
  mutating func expression(
    _ pattern: SplitExpression.Translation
  ) throws(TokenizerError) -> RegularExpression {
    if let known = expressions[pattern.source] { return known }
    do {
      let made = try pattern.compiled()
      expressions[pattern.source] = made
      return made
    } catch {
      throw TokenizerError(.unsupported, at: "pre_tokenizer", error.description)
    }
  }

  /// Replaces each piece of text by what `body` appends for it.
  mutating func split(_ body: (TextBytes, Piece, inout [Piece]) -> Void) {
    let old = pieces
    pieces.removeAll(keepingCapacity: true)
    text.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let bytes = TextBytes(base: base, count: buffer.count)
      for piece in old {
        if piece.isText { body(bytes, piece, &pieces) } else { pieces.append(piece) }
      }
    }
  }

  /// Writes the text anew: each piece of text as `body` appends it, recording what it changed in
  /// positions of the old and the new text, where that is wanted.
  mutating func rewrite(
    _ body: (UnsafeBufferPointer<UInt8>, Piece, inout [UInt8], inout TextChanges?) -> Void
  ) {
    var output: [UInt8] = []
    output.reserveCapacity(text.count + text.count / 8)
    var changes = alignment == nil ? nil : TextChanges()
    text.withUnsafeBufferPointer { old in
      var copied = 0
      for index in pieces.indices {
        let piece = pieces[index]
        if copied < piece.start {
          // What no piece holds any more is left out.
          changes?.append(
            outputStart: output.count, outputEnd: output.count, originalEnd: piece.start)
        }
        let start = output.count
        if piece.isText {
          body(old, piece, &output, &changes)
        } else {
          output.append(contentsOf: UnsafeBufferPointer(rebasing: old[piece.range]))
        }
        pieces[index].start = start
        pieces[index].end = output.count
        copied = piece.end
      }
    }
    text = output
    if let changes { alignment?.append(changes, outputCount: text.count) }
  }
}
