// SPDX-License-Identifier: Apache-2.0

public import JSON

extension Tokenizer {
  /// Reads a `tokenizer.json` of Hugging Face `tokenizers`: byte-level byte-pair encoding.
  /// - Parameters:
  ///   - bytes: the file.
  ///   - configuration: the `tokenizer_config.json` beside it; names the special tokens.
  ///   - specialTokensMap: the `special_tokens_map.json` beside it; names those that remain.
  /// - Throws: `.malformed`, `.inconsistent`, or `.unsupported` with the name of the part.
  public static func load(
    tokenizerJSON bytes: [UInt8], configuration: JSONValue? = nil,
    specialTokensMap: JSONValue? = nil
  ) throws(TokenizerError) -> Tokenizer {
    let root: JSONPart
    do {
      root = JSONPart(value: try JSONValue(parsing: bytes), path: "")
    } catch {
      throw TokenizerError(.malformed, at: "tokenizer.json", error.description)
    }
    guard root.value.objectValue != nil else { throw root.wrongKind("an object") }
    let modelPart = try root.required("model")
    try checkModel(modelPart)
    let normalizer = try NormalizerReader.normalizer(root["normalizer"])
    let preTokenizer = try PreTokenizerReader.preTokenizer(root["pre_tokenizer"])
    let decoder = try DecoderReader.decoder(root["decoder"])
    let added = try readAddedTokens(root["added_tokens"])
    let merges = try readMerges(modelPart)
    let vocabulary = try Vocabulary(model: readVocabulary(modelPart), added: added) { token in
      merges.contains { ($0.left + $0.right).utf8.elementsEqual(token.utf8) }
    }
    let model = try BPEModel(
      merges: merges, vocabulary: vocabulary,
      ignoresMerges: modelPart.bool("ignore_merges", default: false))
    let framing = try TemplateReader(vocabulary: vocabulary).framing(root["post_processor"])
    var tokenizer = Tokenizer(
      model: .bytePairs(model), vocabulary: vocabulary, addedTokens: added,
      normalizer: normalizer, preTokenizer: preTokenizer, decoder: decoder, framing: framing,
      roles: SpecialRoles(), source: bytes, sourceConfiguration: configuration?.objectValue)
    tokenizer.findRoles(configuration: configuration, specialTokensMap: specialTokensMap)
    return tokenizer
  }

  private static func checkModel(_ model: JSONPart) throws(TokenizerError) {
    let supported = "byte-level byte-pair encoding is"
    // Old files do not name the type of their model.
    let type = try model["type"]?.string() ?? (model["merges"] == nil ? "?" : "BPE")
    guard type == "BPE" else {
      throw model.unsupported("the model type \"\(type)\"", supported)
    }
    if try model.bool("byte_fallback", default: false) {
      throw model.unsupported("\"byte_fallback\"", supported)
    }
    if let dropout = model["dropout"], dropout.value.doubleValue != 0 {
      throw dropout.unsupported("BPE dropout", "set it to null")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let part = model[key], try !part.string().isEmpty {
        throw part.unsupported("\"\(key)\"", supported)
      }
    }
  }

  private static func readVocabulary(
    _ model: JSONPart
  ) throws(TokenizerError) -> [(token: String, id: Int)] {
    let part = try model.required("vocab")
    var result: [(token: String, id: Int)] = []
    for entry in try part.object().entries {
      guard let id = entry.value.integerValue else {
        throw JSONPart(value: entry.value, path: "model.vocab[\"\(entry.key)\"]")
          .wrongKind("an id")
      }
      result.append((entry.key, id))
    }
    return result
  }

  /// Merges are written as `"a b"`, or as `["a", "b"]` since version 0.20.
  private static func readMerges(
    _ model: JSONPart
  ) throws(TokenizerError) -> [(left: String, right: String)] {
    let part = try model.required("merges")
    guard let values = part.value.arrayValue else { throw part.wrongKind("an array") }
    var result: [(left: String, right: String)] = []
    result.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      guard let pair = mergePair(value) else {
        throw TokenizerError(
          .malformed, at: "model.merges[\(index)]",
          "a merge is two tokens with one blank between them, or an array of two tokens")
      }
      result.append(pair)
    }
    return result
  }

  private static func mergePair(_ value: JSONValue) -> (left: String, right: String)? {
    switch value {
    case .string(let line):
      let utf8 = line.utf8
      guard let blank = utf8.firstIndex(of: 0x20) else { return nil }
      let rest = utf8.index(after: blank)
      guard blank > utf8.startIndex, rest < utf8.endIndex, !utf8[rest...].contains(0x20) else {
        return nil
      }
      return (String(line[..<blank]), String(line[rest...]))
    case .array(let pair):
      guard pair.count == 2, let left = pair[0].stringValue, let right = pair[1].stringValue,
        !left.isEmpty, !right.isEmpty
      else { return nil }
      return (left, right)
    default:
      return nil
    }
  }

  private static func readAddedTokens(_ part: JSONPart?) throws(TokenizerError) -> [AddedToken] {
    var result: [AddedToken] = []
    for element in try part?.elements() ?? [] {
      let content = try element.required("content").string()
      if try element.bool("single_word", default: false) {
        throw element.unsupported("\"single_word\" of an added token", "set it to false")
      }
      guard !content.isEmpty else {
        throw TokenizerError(.malformed, at: element.path, "an added token is empty")
      }
      let isSpecial = try element.bool("special", default: false)
      result.append(
        AddedToken(
          id: try element.required("id").id(), content: content, isSpecial: isSpecial,
          isNormalized: try element.bool("normalized", default: !isSpecial),
          stripsLeft: try element.bool("lstrip", default: false),
          stripsRight: try element.bool("rstrip", default: false)))
    }
    result.sort { $0.id < $1.id }
    for (first, second) in zip(result, result.dropFirst()) where first.id == second.id {
      throw TokenizerError(
        .inconsistent, at: "added_tokens",
        "\"\(first.content)\" and \"\(second.content)\" have the same id \(first.id)")
    }
    return result
  }
}

extension Tokenizer {
  /// Roles from the files beside the tokenizer, then from published names.
  mutating func findRoles(configuration: JSONValue?, specialTokensMap: JSONValue?) {
    for role in SpecialRole.allCases {
      guard let key = role.configurationKey else { continue }
      for value in [configuration?[key], specialTokensMap?[key]] where roles[role] == nil {
        let token = value?.stringValue ?? value?["content"]?.stringValue
        roles[role] = token.flatMap { vocabulary.id(of: $0) }
      }
    }
    let added = Set(addedTokens.map(\.id))
    PublishedRoles.fill(&roles) { name in
      vocabulary.id(of: name).flatMap { added.contains($0) ? $0 : nil }
    }
    while let id = vocabulary.id(of: SpecialTokens.sentinel(roles.sentinels.count)),
      added.contains(id)
    {
      roles.sentinels.append(id)
    }
  }
}
