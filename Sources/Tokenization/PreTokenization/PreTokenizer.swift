// SPDX-License-Identifier: Apache-2.0

public import JSON
internal import UnicodeText

/// How text is split into pieces; a token never crosses them.
public struct PreTokenizer: Sendable, Hashable {
  let steps: [PreTokenizerStep]
  /// Whether the model sees bytes, each as a printable character (`ByteLevel`).
  public let isByteLevel: Bool
  /// How a `tokenizer.json` says it; null for one piece.
  public let value: JSONValue

  init(steps: [PreTokenizerStep], isByteLevel: Bool, value: JSONValue) {
    self.steps = steps
    self.isByteLevel = isByteLevel
    self.value = value
  }

  /// The pieces of a rule, byte by byte.
  init(_ rule: PreTokenizerRule) {
    self.init(steps: [.rule(rule)], isByteLevel: true, value: PreTokenizerReader.value(rule))
  }

  /// The rule whose pieces these are, if it is a single one.
  public var rule: PreTokenizerRule? {
    if steps.count == 1, case .rule(let rule) = steps[0] { rule } else { nil }
  }

  /// Whether pieces depend on whether a text begins with what the original text does.
  var looksAtBeginning: Bool {
    steps.contains { step in
      if case .metaspace(let metaspace) = step { metaspace.prependScheme == .first } else { false }
    }
  }

  /// The names of the steps.
  public var stepNames: [String] { steps.map(\.name) }

  func apply(_ list: inout PieceList) throws(TokenizerError) {
    for step in steps { try step.apply(&list) }
  }
}

/// One step of a pre-tokenizer. Another kind is another case here and one in
/// `PreTokenizerReader`.
enum PreTokenizerStep: Sendable, Hashable {
  /// The pieces of a rule.
  case rule(PreTokenizerRule)
  /// Cuts at a pattern.
  case split(Splitter)
  /// A blank before each piece that does not begin with one.
  case prefixSpace
  /// Blanks become marks, and pieces begin at them.
  case metaspace(Metaspace)

  var name: String {
    switch self {
    case .rule(let rule): rule.rawValue
    case .split(let splitter): splitter.name
    case .prefixSpace: "prefix space"
    case .metaspace: "metaspace"
    }
  }

  func apply(_ list: inout PieceList) throws(TokenizerError) {
    switch self {
    case .rule(let rule):
      list.split { text, piece, pieces in
        let inner = TextBytes(base: text.base + piece.start, count: piece.end - piece.start)
        var at = 0
        while at < inner.count {
          let end = rule.end(inner, at)
          pieces.append(Piece(start: piece.start + at, end: piece.start + end))
          at = end
        }
      }
    case .split(let splitter): try splitter.apply(&list)
    case .metaspace(let metaspace): metaspace.apply(&list)
    case .prefixSpace:
      list.rewrite { text, piece, output, changes in
        let first = text[piece.start]
        if first != 0x20 {
          // The blank shares the place of the first character.
          let length = min(UTF8Length.of(first), piece.end - piece.start)
          changes?.append(
            outputStart: output.count, outputEnd: output.count + 1 + length,
            originalEnd: piece.start + length)
          output.append(0x20)
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[piece.range]))
      }
    }
  }
}
