// SPDX-License-Identifier: Apache-2.0

/// The facts about a tokenizer that a person wants to see first.
public struct TokenizerSummary: Sendable, Hashable {
  /// A role and the token that has it.
  public struct Role: Sendable, Hashable {
    /// The name of the role.
    public let name: String
    /// The token in its written form.
    public let token: String
    /// Its id.
    public let id: UInt32
  }

  /// What a text became.
  public struct Sample: Sendable, Hashable {
    /// The bytes of the text.
    public let bytes: Int
    /// The tokens that it became.
    public let tokens: Int
    /// How many bytes a token stands for on average; 0 for an empty text.
    public var bytesPerToken: Double { tokens == 0 ? 0 : Double(bytes) / Double(tokens) }
  }

  /// The kind of model.
  public let model: String
  /// The steps of normalization: `nfc`; `none` if there are none.
  public let normalization: String
  /// The rule that splits text.
  public let preTokenizer: String
  /// What the post-processor adds around one text: `<s> A </s>`; `none` if nothing.
  public let template: String
  /// The highest id + 1.
  public let vocabularySize: Int
  /// The number of tokens; smaller where ids have gaps.
  public let tokenCount: Int
  /// The number of merges.
  public let mergeCount: Int
  /// The number of special tokens.
  public let specialCount: Int
  /// The number of sentinels.
  public let sentinelCount: Int
  /// The length in bytes of the longest token that is not special.
  public let longestToken: Int
  /// The roles that are filled.
  public let roles: [Role]
  /// What the sample text became, if one was given.
  public let sample: Sample?
}

extension Tokenizer {
  /// Facts about the tokenizer and what it makes of a text.
  /// - Throws: as `Encoder.encode`.
  public func summary(
    sample text: UnsafeBufferPointer<UInt8>? = nil
  ) throws(TokenizerError) -> TokenizerSummary {
    var sample: TokenizerSummary.Sample?
    if let text {
      var encoder = encoder()
      var encoding = Encoding(parts: [])
      try encoder.encode(text, into: &encoding)
      sample = TokenizerSummary.Sample(bytes: text.count, tokens: encoding.ids.count)
    }
    let steps = normalizer.stepNames
    var longest = 0
    var specialCount = 0
    for id in 0..<vocabularySize where vocabulary.isPresent[id] {
      if vocabulary.isSpecial[id] {
        specialCount += 1
      } else {
        longest = max(longest, vocabulary.spelled.length(id))
      }
    }
    let mergeCount: Int
    switch model {
    case .bytePairs(let model): mergeCount = model.merges.count
    case .characterPairs(let model): mergeCount = model.merges.count
    case .wordPiece, .unigram: mergeCount = 0
    }
    return TokenizerSummary(
      model: modelName,
      normalization: steps.isEmpty ? "none" : steps.joined(separator: ", "),
      preTokenizer: preTokenizer.stepNames.joined(separator: ", "), template: templateText,
      vocabularySize: vocabularySize, tokenCount: tokenCount, mergeCount: mergeCount,
      specialCount: specialCount, sentinelCount: roles.sentinels.count, longestToken: longest,
      roles: roles.assigned.map { role, id in
        TokenizerSummary.Role(name: role.rawValue, token: token(id) ?? "", id: id)
      },
      sample: sample)
  }

  /// The kind of model, as people call it.
  public var modelName: String {
    switch model {
    case .bytePairs(let model):
      model.affixes.isEmpty ? "byte-level BPE" : "byte-level BPE (affixes)"
    case .wordPiece: "WordPiece"
    case .characterPairs: "BPE"
    case .unigram: "Unigram"
    }
  }

  private var templateText: String {
    if framing.isEmpty { return "none" }
    return framing.single.map { part in
      switch part {
      case .first: "A"
      case .second: "B"
      case .token(let id, _): token(id) ?? "#\(id)"
      }
    }.joined(separator: " ")
  }
}
