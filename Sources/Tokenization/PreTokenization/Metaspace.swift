// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// The `Metaspace` pre-tokenizer: blanks become a mark, a mark is put before the first word, and
/// pieces begin at marks.
struct Metaspace: Sendable, Hashable {
  /// Where a mark is put that the text does not have.
  enum PrependScheme: String, Sendable, CaseIterable {
    /// Before every piece.
    case always
    /// Before the piece with which the text begins.
    case first
    /// Nowhere.
    case never
  }

  let mark: [UInt8]
  let prependScheme: PrependScheme
  /// Whether pieces begin at marks.
  let splits: Bool

  func apply(_ list: inout PieceList) {
    let isBeginning = list.isBeginning
    list.rewrite { text, piece, output, changes in
      let prepends =
        switch prependScheme {
        case .always: true
        case .first: isBeginning && piece.start == 0
        case .never: false
        }
      rewrite(text, piece, prepends: prepends, &output, &changes)
    }
    if splits { split(&list) }
  }

  private func rewrite(
    _ text: UnsafeBufferPointer<UInt8>, _ piece: Piece, prepends: Bool, _ output: inout [UInt8],
    _ changes: inout TextChanges?
  ) {
    let isMarked =
      text[piece.start] == 0x20 || text[piece.range].prefix(mark.count).elementsEqual(mark)
    var copied = piece.start
    if prepends && !isMarked {
      // The mark shares the place of the first character.
      let start = output.count
      copied += min(UTF8Length.of(text[piece.start]), piece.end - piece.start)
      output.append(contentsOf: mark)
      output.append(contentsOf: UnsafeBufferPointer(rebasing: text[piece.start..<copied]))
      changes?.append(outputStart: start, outputEnd: output.count, originalEnd: copied)
    }
    var at = copied
    while at < piece.end {
      guard text[at] == 0x20 else {
        at += 1
        continue
      }
      output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<at]))
      let start = output.count
      output.append(contentsOf: mark)
      at += 1
      copied = at
      changes?.append(outputStart: start, outputEnd: output.count, originalEnd: at)
    }
    output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<piece.end]))
  }

  private func split(_ list: inout PieceList) {
    list.split { text, piece, pieces in
      var start = piece.start
      var at = start + 1
      while at < piece.end {
        if text[at] == mark[0], piece.end - at >= mark.count, stands(in: text, at) {
          pieces.append(Piece(start: start, end: at))
          start = at
        }
        at += 1
      }
      pieces.append(Piece(start: start, end: piece.end))
    }
  }

  /// Whether a mark, whose first byte does, stands at a position.
  @inline(__always)
  private func stands(in text: TextBytes, _ at: Int) -> Bool {
    for index in 1..<mark.count where text[at &+ index] != mark[index] { return false }
    return true
  }
}
