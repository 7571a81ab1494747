// SPDX-License-Identifier: Apache-2.0

import JSON
import UnicodeText

/// Reads the `normalizer` of a `tokenizer.json`.
enum NormalizerReader {
  private static let names: [(String, NormalForm)] = [
    ("NFC", .nfc), ("NFD", .nfd), ("NFKC", .nfkc), ("NFKD", .nfkd),
  ]
  private static let supported =
    "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Replace, Prepend, Strip, BertNormalizer, "
    + "Precompiled, Nmt and sequences of them are"

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
      return [try text([.normalizeUnicode9(form)], at: part)]
    }
    switch type {
    case "Lowercase": return [.scalars(.lowercase)]
    case "StripAccents": return [.scalars(.removeCombiningMarks)]
    case "Replace": return [try replacement(part)]
    case "BertNormalizer": return try bertSteps(part)
    case "Sequence":
      var result: [NormalizerStep] = []
      for element in try part.required("normalizers").elements() {
        result += try steps(element)
      }
      return result
    default:
      if let step = try PieceNormalizationReader.step(part) { return [.pieces(step)] }
      throw part.unsupported("the normalizer \"\(type)\"", supported)
    }
  }

  private static func replacement(_ part: JSONPart) throws(TokenizerError) -> NormalizerStep {
    let pattern = try part.required("pattern")
    let content = Array(try part.required("content").string().utf8)
    let expression = try pattern["Regex"]?.string()
    guard let expression else {
      let text = try pattern.required("String").string()
      guard !text.isEmpty else {
        throw pattern.unsupported("an empty text to be replaced", "give at least one character")
      }
      return .pieces(
        .replace(TextReplacement(pattern: .text(Array(text.utf8)), content: content)))
    }
    if let simple = TextReplacement.Pattern(expression: expression) {
      return .pieces(.replace(TextReplacement(pattern: simple, content: content)))
    }
    return .matches(
      ExpressionReplacement(
        expression: try SplitExpression.checked(expression, at: pattern), content: content))
  }

  private static func bertSteps(_ part: JSONPart) throws(TokenizerError) -> [NormalizerStep] {
    let lowers = try part.bool("lowercase", default: true)
    var result: [NormalizerStep] = []
    if try part.bool("clean_text", default: true) { result.append(.scalars(.cleanText)) }
    if try part.bool("handle_chinese_chars", default: true) {
      result.append(.scalars(.spaceIdeographs))
    }
    if try part.bool("strip_accents", default: lowers) {
      result.append(try text([.normalizeUnicode9(.nfd)], at: part))
      result.append(.scalars(.removeNonspacingMarks))
    }
    if lowers { result.append(.scalars(.lowercase)) }
    return result
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
