// SPDX-License-Identifier: Apache-2.0

import JSON

/// Reads the `post_processor` of a `tokenizer.json`.
struct TemplateReader {
  let vocabulary: Vocabulary

  private static let supported =
    "ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing and sequences of them are"

  func framing(_ part: JSONPart?) throws(TokenizerError) -> TemplateFraming {
    guard let part else { return .none }
    switch try part.type() {
    case "ByteLevel":
      return .none
    case "TemplateProcessing":
      let specials = try part.required("special_tokens")
      return TemplateFraming(
        single: try template(part.required("single"), specials, pairs: false),
        pair: try template(part.required("pair"), specials, pairs: true))
    case "BertProcessing":
      let (cls, sep) = try clsAndSep(part)
      return TemplateFraming(
        single: [.token(cls, type: 0), .first(type: 0), .token(sep, type: 0)],
        pair: [
          .token(cls, type: 0), .first(type: 0), .token(sep, type: 0), .second(type: 1),
          .token(sep, type: 1),
        ])
    case "RobertaProcessing":
      let (cls, sep) = try clsAndSep(part)
      return TemplateFraming(
        single: [.token(cls, type: 0), .first(type: 0), .token(sep, type: 0)],
        pair: [
          .token(cls, type: 0), .first(type: 0), .token(sep, type: 0), .token(sep, type: 0),
          .second(type: 0), .token(sep, type: 0),
        ])
    case "Sequence":
      var result = TemplateFraming.none
      for element in try part.required("processors").elements() {
        let framing = try framing(element)
        if framing == .none { continue }
        guard result == .none else {
          throw element.unsupported("a second template", Self.supported)
        }
        result = framing
      }
      return result
    case let type:
      throw part.unsupported("the post-processor \"\(type)\"", Self.supported)
    }
  }

  private func template(
    _ part: JSONPart, _ specials: JSONPart, pairs: Bool
  ) throws(TokenizerError) -> [TemplateFraming.Part] {
    var result: [TemplateFraming.Part] = []
    for element in try part.elements() {
      if let sequence = element["Sequence"] {
        let type = try typeID(sequence)
        switch try sequence.required("id").string() {
        case "A": result.append(.first(type: type))
        case "B": result.append(.second(type: type))
        case let name:
          throw TokenizerError(.malformed, at: sequence.path, "there is no sequence \"\(name)\"")
        }
      } else {
        let special = try element.required("SpecialToken")
        let name = try special.required("id").string()
        let type = try typeID(special)
        for id in try specials.required(name).required("ids").elements() {
          result.append(.token(try known(id), type: type))
        }
      }
    }
    let expected = pairs ? [1, 1] : [1, 0]
    guard [result.count(where: \.isFirst), result.count(where: \.isSecond)] == expected,
      result.firstIndex(where: \.isFirst) ?? 0
        < result.firstIndex(where: \.isSecond) ?? result.count
    else {
      throw TokenizerError(
        .unsupported, at: part.path,
        pairs
          ? "a template of a pair must have A once and then B once"
          : "a template of one text must have A once")
    }
    return result
  }

  private func typeID(_ part: JSONPart) throws(TokenizerError) -> Int {
    let type = try part["type_id"]?.integer() ?? 0
    guard (0...255).contains(type) else {
      throw TokenizerError(.malformed, at: part.path, "type_id \(type) is out of range")
    }
    return type
  }

  private func clsAndSep(_ part: JSONPart) throws(TokenizerError) -> (UInt32, UInt32) {
    func id(_ key: String) throws(TokenizerError) -> UInt32 {
      let pair = try part.required(key)
      let elements = try pair.elements()
      guard elements.count == 2 else { throw pair.wrongKind("a token and its id") }
      return try known(elements[1])
    }
    return (try id("cls"), try id("sep"))
  }

  private func known(_ part: JSONPart) throws(TokenizerError) -> UInt32 {
    let id = try part.id()
    guard vocabulary.contains(id) else {
      throw TokenizerError(.inconsistent, at: part.path, "no token has the id \(id)")
    }
    return id
  }
}
