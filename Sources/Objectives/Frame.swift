// SPDX-License-Identifier: Apache-2.0

/// A stretch of one document inside a frame.
public struct Piece: Sendable, Hashable {
  /// The document, by its position in the unit.
  public let document: Int
  /// The first token, counted from the start of the document.
  public let offset: Int
  /// How many tokens; 0 if only the document's separator is in the frame.
  public let length: Int
  /// Where the piece starts in the frame.
  public let start: Int

  /// Where the piece ends in the frame.
  public var end: Int { start + length }
}

/// What one example is made from. Filled by ``FramedUnit/load(_:into:)`` and reused.
///
/// The pieces are in order; what lies between the end of one and the start of the next (or the end
/// of the frame) is a separator, which belongs to the piece before it.
public struct Frame: Sendable {
  /// The ordinal of the frame in its unit.
  public internal(set) var ordinal: UInt32 = 0
  /// How many frames the unit has.
  public internal(set) var count = 0
  /// The tokens of the pieces, with separators where the framing puts them.
  public internal(set) var tokens: [TokenID] = []
  /// For each token whether a word starts there; empty unless the framing carries word starts.
  public internal(set) var wordStarts: [Bool] = []
  /// Where the tokens came from; two pieces, A and B, in a pair.
  public internal(set) var pieces: [Piece] = []
  /// For each sentence the position of its first token, ascending, the first of each piece among
  /// them; empty unless the framing carries sentence starts.
  public internal(set) var sentenceStarts: [Int] = []
  /// Whose turn the row is, where members of a mixture take turns.
  public internal(set) var member = 0
  /// Of which kind the window is, where windows of several kinds are drawn.
  public internal(set) var kind = 0
  /// In a pair: 0 if B follows A in the source, 1 if it comes from elsewhere or they are swapped.
  public internal(set) var label: UInt8 = 0
  /// For each piece whether the framing's coin chose it for rearrangement; empty where none is
  /// thrown.
  public internal(set) var chosen: [Bool] = []

  /// An empty frame.
  public init() {}

  mutating func removeAll() {
    tokens.removeAll(keepingCapacity: true)
    wordStarts.removeAll(keepingCapacity: true)
    pieces.removeAll(keepingCapacity: true)
    sentenceStarts.removeAll(keepingCapacity: true)
    chosen.removeAll(keepingCapacity: true)
    label = 0
    kind = 0
    member = 0
  }

  mutating func append(
    _ unit: TokenizedUnit, document: Int, offset: Int, length: Int, words: Bool
  ) {
    let first = unit.documentOffsets[document] + offset
    let start = tokens.count
    tokens.append(contentsOf: unit.tokens[first..<first + length])
    if words, let wordStarts = unit.wordStarts {
      self.wordStarts.append(contentsOf: wordStarts[first..<first + length])
    }
    pieces.append(Piece(document: document, offset: offset, length: length, start: start))
  }

  /// Notes the sentence starts of the pieces.
  mutating func appendSentenceStarts(of unit: TokenizedUnit) {
    guard let sentences = unit.sentenceStarts else { return }
    for piece in pieces where piece.length > 0 {
      sentenceStarts.append(piece.start)
      let end = sentences.offsets[piece.document + 1]
      // The first start behind the first token of the piece.
      var low = sentences.offsets[piece.document]
      var high = end
      while low < high {
        let middle = (low + high) / 2
        if Int(sentences.starts[middle]) <= piece.offset { low = middle + 1 } else { high = middle }
      }
      while low < end, Int(sentences.starts[low]) < piece.offset + piece.length {
        sentenceStarts.append(piece.start + Int(sentences.starts[low]) - piece.offset)
        low += 1
      }
    }
  }
}
