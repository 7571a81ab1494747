// SPDX-License-Identifier: Apache-2.0

/// How text is split into pieces before merging; merges never cross a piece.
///
/// Each rule is a regular expression, written into `tokenizer.json`, and a scanner that finds the
/// same pieces without a regular-expression engine, in linear time. Letters, numbers and white
/// space are those of Unicode 15.0; bytes that are not UTF-8 count as symbols.
public enum PreTokenizerRule: String, Sendable, Hashable, CaseIterable {
  /// GPT-2's: contractions, letters, numbers, symbols, each with the blank before it; the last
  /// blank of a run goes with what follows.
  case gpt2
  /// That of `cl100k_base`: as GPT-2's, but contractions in any case, any one symbol before
  /// letters, numbers in groups of up to three, line ends after symbols.
  case cl100k
  /// Only white space splits: a word is whatever lies between, with the blank before it.
  case whitespace

  /// The expression, as Hugging Face `tokenizers` reads it.
  public var pattern: String {
    switch self {
    case .gpt2:
      #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case .cl100k:
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"#
        + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    case .whitespace:
      #" ?\S+|\s+(?!\S)|\s+"#
    }
  }

  /// The rule with this expression, if it is one that is implemented.
  init?(pattern: String) {
    guard let rule = Self.allCases.first(where: { Array($0.pattern.utf8) == Array(pattern.utf8) })
    else { return nil }
    self = rule
  }
}

extension PreTokenizerRule {
  /// The ends of the pieces of a text, in order; the last is the end of the text.
  public func pieceEnds(_ text: UnsafeBufferPointer<UInt8>) -> [Int] {
    guard let base = text.baseAddress else { return [] }
    let bytes = TextBytes(base: base, count: text.count)
    var ends: [Int] = []
    var at = 0
    while at < text.count {
      at = end(bytes, at)
      ends.append(at)
    }
    return ends
  }

  /// The end of the piece that begins at a position below `count`.
  func end(_ text: TextBytes, _ start: Int) -> Int {
    switch self {
    case .gpt2: GPT2Pieces.end(text, start)
    case .cl100k: CL100KPieces.end(text, start)
    case .whitespace: WhitespacePieces.end(text, start)
    }
  }
}
