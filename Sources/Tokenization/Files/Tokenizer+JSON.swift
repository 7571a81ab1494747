// SPDX-License-Identifier: Apache-2.0

public import JSON

extension Tokenizer {
  /// Reads a `tokenizer.json` of Hugging Face `tokenizers`. Truncation and padding are left out.
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
      throw TokenizerError(.malformed, error.description)
    }
    guard root.value.objectValue != nil else { throw root.wrongKind("an object") }
    let normalizer = try NormalizerReader.normalizer(root["normalizer"])
    let preTokenizer = try PreTokenizerReader.preTokenizer(root["pre_tokenizer"])
    let decoder = try DecoderReader.decoder(root["decoder"])
    let added = try readAddedTokens(root["added_tokens"])
    let (model, vocabulary) = try ModelReader(
      part: root.required("model"), added: added, isByteLevel: preTokenizer.isByteLevel
    ).model()
    let framing = try TemplateReader(vocabulary: vocabulary).framing(root["post_processor"])
    var tokenizer = Tokenizer(
      model: model, vocabulary: vocabulary, addedTokens: added, normalizer: normalizer,
      preTokenizer: preTokenizer, decoder: decoder, framing: framing, roles: SpecialRoles(),
      source: bytes, sourceConfiguration: configuration?.objectValue)
    tokenizer.findRoles(configuration: configuration, specialTokensMap: specialTokensMap)
    return tokenizer
  }

  private static func readAddedTokens(_ part: JSONPart?) throws(TokenizerError) -> [AddedToken] {
    var result: [AddedToken] = []
    for element in try part?.elements() ?? [] {
      let content = try element.required("content").string()
      guard !content.isEmpty else {
        throw TokenizerError(.malformed, at: element.path, "an added token is empty")
      }
      let isSpecial = try element.bool("special", default: false)
      result.append(
        AddedToken(
          id: try element.required("id").id(), content: content, isSpecial: isSpecial,
          isNormalized: try element.bool("normalized", default: !isSpecial),
          stripsLeft: try element.bool("lstrip", default: false),
          stripsRight: try element.bool("rstrip", default: false),
          isSingleWord: try element.bool("single_word", default: false)))
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
      let key = role.configurationKey
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
