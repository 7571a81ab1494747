// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import UnicodeText

/// A tokenizer: normalization, splitting, a model that makes ids, and what is special about some.
///
///     let tokenizer = try Tokenizer.load(tokenizerJSON: bytes)
///     var encoder = tokenizer.encoder()
///     var encoding = Encoding()
///     try text.withUnsafeBufferPointer { try encoder.encode($0, into: &encoding) }
///     tokenizer.decode(encoding.ids)
///
/// A value may be shared between threads; each thread makes its own `Encoder`.
public struct Tokenizer: Sendable {
  /// The kinds of model. Another one is another case, and a file that makes its `PieceModel`.
  enum Model: Sendable {
    case bytePairs(BPEModel)
    case wordPiece(WordPieceModel)
    case characterPairs(CharacterBPEModel)
    case unigram(UnigramModel)
  }

  let model: Model
  let vocabulary: Vocabulary
  /// Tokens that are matched as a whole, ascending by id.
  public let addedTokens: [AddedToken]
  /// What is done to text before anything else.
  public internal(set) var normalizer: Normalizer
  /// How text is split into pieces.
  public let preTokenizer: PreTokenizer
  /// How tokens become text again.
  public let decoder: TokenDecoder
  /// What the tokenizer's own post-processor adds.
  public let framing: TemplateFraming
  /// Which tokens pad, end, mask, …
  public internal(set) var roles: SpecialRoles
  /// The file that it was read from, written again as it was.
  let source: [UInt8]?
  /// The `tokenizer_config.json` that came with it.
  let sourceConfiguration: JSONObject?

  /// The highest id + 1, added tokens included.
  public var vocabularySize: Int { vocabulary.size }

  /// The number of tokens; smaller than `vocabularySize` where ids have gaps.
  public var tokenCount: Int { vocabulary.count }

  /// The written form of a token (`Ġthe`, `<pad>`), or nil if no token has this id.
  public func token(_ id: UInt32) -> String? { vocabulary.token(id) }

  /// The bytes that a token stands for, or nil if no token has this id.
  public func bytes(of id: UInt32) -> [UInt8]? { vocabulary.bytes(of: id).map { Array($0) } }

  /// The id of a token in its written form, or nil.
  public func id(of token: String) -> UInt32? { vocabulary.id(of: token) }

  /// Whether an id is that of a special token.
  public func isSpecial(_ id: UInt32) -> Bool {
    vocabulary.contains(id) && vocabulary.isSpecial[Int(id)]
  }

  /// Whether every text can be encoded and decoded without loss, whatever its bytes.
  public var isByteLevel: Bool {
    switch model {
    case .bytePairs(let model): model.missingByte == nil && model.affixes.isEmpty
    case .wordPiece, .characterPairs, .unigram: false
    }
  }

  /// A new encoder of this tokenizer, for one thread.
  /// - Parameters:
  ///   - addedTokens: what is made of text that spells an added token.
  ///   - cacheMegabytes: the bound of its memory of pieces seen before.
  public func encoder(
    addedTokens: AddedTokenMode = .never, cacheMegabytes: Int = 256
  ) -> Encoder {
    Encoder(self, addedTokens: addedTokens, cacheMegabytes: cacheMegabytes)
  }

  /// Makes what all encoders share, which the first one would wait for otherwise.
  public func prepareEncoders() {
    if case .bytePairs(let model) = model { _ = model.seed }
  }

  /// The same tokenizer without its normalizer: text is encoded as it stands, so that a byte-level
  /// model gives any bytes back.
  public var withoutNormalization: Tokenizer {
    var result = self
    result.normalizer = .none
    return result
  }

  /// The bytes of a sequence of ids. An id without a token becomes U+FFFD.
  public func decode(_ ids: some Sequence<UInt32>, skippingSpecial: Bool = false) -> [UInt8] {
    let unknown: [UInt8] = [0xEF, 0xBF, 0xBD]
    var tokens: [[UInt8]] = []
    var result: [UInt8] = []
    let isByteLevel = decoder.isByteLevel
    let normalized = normalizedAddedTokens()
    for id in ids {
      if skippingSpecial, isSpecial(id) { continue }
      if let content = normalized[id] {
        if isByteLevel { result += content } else { tokens.append(content) }
      } else if isByteLevel {
        result.append(contentsOf: vocabulary.bytes(of: id) ?? unknown[...])
      } else {
        tokens.append(vocabulary.contains(id) ? Array(vocabulary.written[Int(id)]) : unknown)
      }
    }
    return isByteLevel ? result : decoder.text(of: tokens)
  }

  /// What an added token that is looked for in normalized text was there, if that is not what it is
  /// written as.
  private func normalizedAddedTokens() -> [UInt32: [UInt8]] {
    if normalizer.isIdentity { return [:] }
    var result: [UInt32: [UInt8]] = [:]
    for token in addedTokens where token.isNormalized {
      let written = Array(token.content.utf8)
      var content: [UInt8] = []
      var alignment: TextAlignment?
      let done: ()? = written.withUnsafeBufferPointer {
        try? normalizer.apply($0, to: &content, alignment: &alignment)
      }
      if done != nil, content != written { result[token.id] = content }
    }
    return result
  }

  /// The same tokenizer with other roles.
  /// - Parameter names: the name of a role (`mask`) → the token in its written form.
  /// - Throws: `.unknownRole`, `.unknownToken`.
  public func overridingRoles(
    with names: [String: String]
  ) throws(TokenizerError) -> Tokenizer {
    var result = self
    for name in names.keys.sorted() {
      guard let role = SpecialRole(rawValue: name) else {
        let known = SpecialRole.allCases.map(\.rawValue).joined(separator: ", ")
        throw TokenizerError(
          .unknownRole, "there is no role \"\(name)\" for a special token; there are \(known)")
      }
      let token = names[name] ?? ""
      guard let id = vocabulary.id(of: token) else {
        throw TokenizerError(
          .unknownToken,
          "\"\(token)\", which is to be the \(name) token, is not in the vocabulary")
      }
      result.roles[role] = id
    }
    return result
  }
}
