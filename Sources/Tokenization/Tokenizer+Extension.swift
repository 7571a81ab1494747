// SPDX-License-Identifier: Apache-2.0

internal import JSON

extension Tokenizer {
  /// The same tokenizer with more special tokens. Ids that there were stay as they are; new ones
  /// follow the last.
  /// - Parameters:
  ///   - sentinels: how many of `<extra_id_0>`, `<extra_id_1>`, … there are to be; those that are
  ///     missing are added, the lowest number with the highest id.
  ///   - specials: roles and the tokens that are to have them, added where they are missing.
  /// - Throws: `.invalidOption`, `.unknownRole`; `.unsupported` for a vocabulary with gaps that is
  ///   not written by id.
  public func extended(
    sentinels: Int, specials: [(role: String, token: String)]
  ) throws(TokenizerError) -> Tokenizer {
    guard (0...65_536).contains(sentinels) else {
      throw TokenizerError(.invalidOption, "\(sentinels) sentinels: 0 to 65536 are possible")
    }
    let present = Set(addedTokens.map(\.id))
    var marked: [AddedToken] = []
    var missing: [String] = []
    var seen = ByteStringIndex()
    let wanted =
      specials.map(\.token)
      + (0..<sentinels).reversed().map(SpecialTokens.sentinel)
    for token in wanted {
      guard !token.isEmpty else {
        throw TokenizerError(.invalidOption, "a special token cannot be empty")
      }
      if seen.insert(Array(token.utf8), 0) != nil { continue }
      if let id = id(of: token) {
        if !present.contains(id) { marked.append(AddedToken(id: id, content: token)) }
      } else {
        missing.append(token)
      }
    }
    let first = UInt32(vocabularySize)
    marked += missing.enumerated().map { AddedToken(id: first + UInt32($0), content: $1) }
    let result = try Tokenizer.load(
      tokenizerJSON: document(adding: marked),
      configuration: sourceConfiguration.map(JSONValue.object))
    var roles = Dictionary(
      self.roles.assigned.map { ($0.role.rawValue, token($0.id) ?? "") },
      uniquingKeysWith: { $1 })
    for (role, token) in specials { roles[role] = token }
    return try result.overridingRoles(with: roles)
  }

  /// The tokenizer's file with more added tokens.
  private func document(adding tokens: [AddedToken]) throws(TokenizerError) -> [UInt8] {
    let parsed: JSONValue
    do {
      parsed = try JSONValue(parsing: serialized())
    } catch {
      throw TokenizerError(.malformed, at: "tokenizer.json", "\(error)")
    }
    guard var root = parsed.objectValue, var model = root["model"]?.objectValue else {
      throw TokenizerError(.malformed, at: "tokenizer.json", "there is no model")
    }
    let known = root["added_tokens"]?.arrayValue ?? []
    let all = known + tokens.map(Self.value)
    root["added_tokens"] = .array(
      all.enumerated().sorted { first, second in
        let (one, other) = (first.element["id"]?.integerValue, second.element["id"]?.integerValue)
        return (one ?? 0, first.offset) < (other ?? 0, second.offset)
      }.map(\.element))
    // Readers number what was added from the size of the vocabulary on; gaps would shift that.
    if tokenCount != vocabularySize {
      guard var vocabulary = model["vocab"]?.objectValue else {
        throw TokenizerError(
          .unsupported, at: "model.vocab", "a list with gaps among the added ids cannot be extended"
        )
      }
      for token in tokens where vocabulary[token.content] == nil {
        vocabulary[token.content] = .init(Int(token.id))
      }
      model["vocab"] = .object(vocabulary)
      root["model"] = .object(model)
    }
    return JSONValue.object(root).serialized(pretty: true, sortedKeys: false)
  }
}
