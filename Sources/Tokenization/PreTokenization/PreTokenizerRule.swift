// SPDX-License-Identifier: Apache-2.0

/// How text is split into pieces before merging; merges never cross a piece.
///
/// Each rule is a regular expression, written into `tokenizer.json`, and a scanner that finds the
/// same pieces without a regular-expression engine, in linear time. Letters, numbers and white
/// space are those of Unicode 16.0, as in `tokenizers` and `tiktoken`; bytes that are not UTF-8 count as symbols.
public enum PreTokenizerRule: String, Sendable, Hashable, CaseIterable {
  /// GPT-2's: contractions, letters, numbers, symbols, each with the blank before it; the last
  /// blank of a run goes with what follows.
  case gpt2
  /// That of `cl100k_base`: as GPT-2's, but contractions in any case, any one symbol before
  /// letters, numbers in groups of up to three, line ends after symbols.
  case cl100k
  /// Only white space splits: a word is whatever lies between, with the blank before it.
  case whitespace
  /// That of `o200k_base`: words also end before a capital that follows a small letter, carry their
  /// contractions, and slashes go with line ends.
  case o200k
  /// That of Llama 3: the same as `cl100k`.
  case llama3
  /// That of Qwen 2 and later: as `cl100k`, but each number on its own.
  case qwen2
  /// That of DeepSeek V3: numbers in groups of up to three, stretches of kana and ideographs, then
  /// words of letters and marks.
  case deepseek

  /// The expression, as Hugging Face `tokenizers` reads it. Of `deepseek` it is the last of three.
  public var pattern: String { patterns[patterns.count - 1] }

  /// The expressions by which text is split, one after the other.
  var patterns: [String] {
    let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    switch self {
    case .gpt2:
      return [#"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#]
    case .cl100k, .llama3:
      return [
        contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"# + spaces
      ]
    case .qwen2:
      return [
        contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"# + spaces
      ]
    case .whitespace:
      return [#" ?\S+|\s+(?!\S)|\s+"#]
    case .o200k:
      let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
      let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
      let prefix = #"[^\r\n\p{L}\p{N}]?"#
      return [
        prefix + upper + "*" + lower + "+" + contractions + "?|" + prefix + upper + "+" + lower
          + "*" + contractions + #"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces
      ]
    case .deepseek:
      return [
        #"\p{N}{1,3}"#, "[一-龥\u{3040}-ゟ゠-ヿ]+",
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
          + #"| ?[\p{P}\p{S}]+[\r\n]*"# + spaces,
      ]
    }
  }

  /// The rule with this expression, if it is one that is implemented and has no other.
  init?(pattern: String) {
    guard
      let rule = Self.allCases.first(where: { rule in
        rule.patterns.count == 1 && Array(rule.pattern.utf8) == Array(pattern.utf8)
      })
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
    case .cl100k, .llama3: CL100KPieces.end(text, start)
    case .whitespace: WhitespacePieces.end(text, start)
    case .o200k: O200KPieces.end(text, start)
    case .qwen2: Qwen2Pieces.end(text, start)
    case .deepseek: DeepSeekPieces.end(text, start)
    }
  }
}
