// SPDX-License-Identifier: Apache-2.0

import JSON
import UnicodeText

/// Reads the `normalizer` of a `tokenizer.json`.
enum NormalizerReader {
  private static let names: [(String, NormalForm)] = [
    ("NFC", .nfc), ("NFD", .nfd), ("NFKC", .nfkc), ("NFKD", .nfkd),
  ]
  private static let supported = "NFC, NFD, NFKC, NFKD and sequences of them are"

  static func normalizer(_ part: JSONPart?) throws(TokenizerError) -> Normalizer {
    guard let part else { return .none }
    return Normalizer(steps: try steps(part), value: part.value)
  }

  /// The normalizer that brings text into a form.
  static func normalizer(_ form: NormalForm) throws(TokenizerError) -> Normalizer {
    if form == .none { return .none }
    guard let (name, _) = names.first(where: { $0.1 == form }) else {
      throw TokenizerError(
        .invalidOption,
        "a tokenizer.json cannot say \"\(form.rawValue)\"; normalize the text before "
          + "(prep normalize), or use nfc, nfd, nfkc or nfkd")
    }
    return try normalizer(JSONPart(value: ["type": .string(name)], path: "normalizer"))
  }

  private static func steps(_ part: JSONPart) throws(TokenizerError) -> [NormalizerStep] {
    let type = try part.type()
    if let (_, form) = names.first(where: { $0.0 == type }) {
      return [try text([.normalize(form)], at: part)]
    }
    switch type {
    case "Sequence":
      var result: [NormalizerStep] = []
      for element in try part.required("normalizers").elements() {
        result += try steps(element)
      }
      return result
    default:
      throw part.unsupported("the normalizer \"\(type)\"", supported)
    }
  }

  private static func text(
    _ steps: [TextStep], at part: JSONPart
  ) throws(TokenizerError) -> NormalizerStep {
    do {
      return .text(try TextPipeline(steps: steps))
    } catch {
      throw TokenizerError(.normalization, at: part.path, error.description)
    }
  }
}

/// The `pre_tokenizer` of a `tokenizer.json`, both ways.
enum PreTokenizerReader {
  private static let supported =
    "ByteLevel is, and Split with the expression of gpt2, cl100k or whitespace before ByteLevel"

  static func preTokenizer(_ part: JSONPart?) throws(TokenizerError) -> PreTokenizer {
    PreTokenizer(
      steps: [.rule(try rule(part))], isByteLevel: true, value: part?.value ?? .null)
  }

  private static func rule(_ part: JSONPart?) throws(TokenizerError) -> PreTokenizerRule {
    guard let part else {
      throw TokenizerError(
        .unsupported, at: "pre_tokenizer", "a tokenizer without one is not byte-level; \(supported)"
      )
    }
    switch try part.type() {
    case "ByteLevel":
      try checkByteLevel(part)
      guard try part.bool("use_regex", default: true) else {
        throw part.unsupported("ByteLevel without an expression", supported)
      }
      return .gpt2
    case "Sequence":
      let elements = try part.required("pretokenizers").elements()
      guard elements.count == 2, try elements[0].type() == "Split",
        try elements[1].type() == "ByteLevel"
      else {
        if elements.count == 1 { return try rule(elements[0]) }
        for element in elements where !["Split", "ByteLevel"].contains(try element.type()) {
          throw element.unsupported("the pre-tokenizer \"\(try element.type())\"", supported)
        }
        throw part.unsupported("this sequence of pre-tokenizers", supported)
      }
      try checkByteLevel(elements[1])
      if try elements[1].bool("use_regex", default: true) {
        throw elements[1].unsupported("a second expression (\"use_regex\")", supported)
      }
      return try splitRule(elements[0])
    case let type:
      throw part.unsupported("the pre-tokenizer \"\(type)\"", supported)
    }
  }

  private static func checkByteLevel(_ part: JSONPart) throws(TokenizerError) {
    if try part.bool("add_prefix_space", default: true) {
      throw part.unsupported("\"add_prefix_space\"", "set it to false")
    }
  }

  private static func splitRule(_ part: JSONPart) throws(TokenizerError) -> PreTokenizerRule {
    let expression = try part.required("pattern")
    guard let pattern = try expression["Regex"]?.string() else {
      throw expression.unsupported("a split at a string", supported)
    }
    guard let rule = PreTokenizerRule(pattern: pattern) else {
      throw expression.unsupported("the expression \(pattern)", supported)
    }
    // The expressions match every character, so what is kept is the matches in either way.
    let behavior = try part.required("behavior").string()
    let inverts = try part.bool("invert", default: false)
    guard behavior == "Isolated" || (behavior == "Removed" && inverts) else {
      throw part.unsupported("the behavior \"\(behavior)\" of Split", "Isolated is")
    }
    return rule
  }

  static func value(_ rule: PreTokenizerRule) -> JSONValue {
    let byteLevel: JSONValue = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
      "use_regex": .bool(rule == .gpt2),
    ]
    if rule == .gpt2 { return byteLevel }
    let split: JSONValue = [
      "type": "Split", "pattern": ["Regex": .string(rule.pattern)], "behavior": "Isolated",
      "invert": false,
    ]
    return ["type": "Sequence", "pretokenizers": [split, byteLevel]]
  }
}
