// SPDX-License-Identifier: Apache-2.0

public import JSON

/// How the written forms of tokens become text again: steps, one after the other.
public struct TokenDecoder: Sendable, Hashable {
  let steps: [TokenDecoderStep]
  /// How a `tokenizer.json` says it.
  public let value: JSONValue

  init(steps: [TokenDecoderStep], value: JSONValue) {
    self.steps = steps
    self.value = value
  }

  /// Printable characters become the bytes that they stand for.
  static let byteLevel = TokenDecoder(
    steps: [.byteLevel],
    value: [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    ])

  /// Whether each token stands for its bytes, wherever it occurs.
  var isByteLevel: Bool { steps == [.byteLevel] }

  /// The text of tokens in their written form.
  func text(of tokens: [[UInt8]]) -> [UInt8] {
    // Without a decoder tokens stand side by side, with blanks between them.
    if steps.isEmpty { return Array(tokens.joined(separator: [0x20])) }
    var tokens = tokens
    for step in steps { step.apply(&tokens) }
    return Array(tokens.joined())
  }
}

/// One step of a decoder. Another kind is another case here and one in `DecoderReader`.
enum TokenDecoderStep: Sendable, Hashable {
  /// GPT-2's printable characters become bytes; a token with any other character stays.
  case byteLevel
  /// A blank before each word.
  case wordPiece(WordPieceDecoding)
  /// A suffix marks the end of a word and becomes a blank, but for the last token.
  case endOfWord([UInt8])
  /// A step of sentencepiece's kin.
  case pieces(PieceDecoding)

  func apply(_ tokens: inout [[UInt8]]) {
    switch self {
    case .byteLevel:
      for index in tokens.indices {
        let written = String(decoding: tokens[index], as: UTF8.self)
        if let bytes = PrintableBytes.bytes(of: written) { tokens[index] = bytes }
      }
      tokens = [Array(tokens.joined())]
    case .wordPiece(let decoding): decoding.apply(&tokens)
    case .pieces(let step): step.apply(&tokens)
    case .endOfWord(let suffix):
      for index in tokens.indices {
        tokens[index] = ByteReplacement.replacing(
          suffix, with: index + 1 < tokens.count ? [0x20] : [], in: tokens[index])
      }
    }
  }
}
