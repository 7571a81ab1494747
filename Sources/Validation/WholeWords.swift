// SPDX-License-Identifier: Apache-2.0
internal import Objectives

/// Holds the words of the source against what was drawn for their tokens.
struct WholeWords {
  let source: SourceDocuments
  let separator: Int64?

  /// The first word of which a row shows only a part masked, or different draws.
  ///
  /// - Parameters:
  ///   - fates: as ``Objective/wordFates(in:)`` has them, one for each of `tokens`.
  ///   - tokens: the row, undone.
  func fault(
    _ pieces: [ProvenanceColumns.Stretch], _ tokens: [Int64], _ fates: [WordFate?]
  ) -> String? {
    guard tokens.count == fates.count else { return nil }
    var position = 0
    for piece in pieces {
      let end = position + piece.length
      guard end <= tokens.count else { return nil }
      let document = source.candidates(piece.name).first {
        source.holds(tokens[position..<end], in: $0, at: piece.offset)
      }
      guard let document, let starts = source.wordStarts(of: document) else { return nil }
      for index in 1..<max(1, piece.length) where !starts[starts.startIndex + piece.offset + index]
      {
        guard let before = fates[position + index - 1], let fate = fates[position + index],
          before != fate
        else { continue }
        let place = "token \(piece.offset + index) of document '\(piece.name)'"
        return before == .shown || fate == .shown
          ? "a word is masked in part at \(place)" : "two draws for one word at \(place)"
      }
      position = end
      if position < tokens.count, tokens[position] == separator,
        piece.offset + piece.length == source.length(of: document)
      {
        position += 1
      }
    }
    return nil
  }
}
