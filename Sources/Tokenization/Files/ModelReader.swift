// SPDX-License-Identifier: Apache-2.0

import JSON

/// Reads the `model` of a `tokenizer.json`.
struct ModelReader {
  let part: JSONPart
  let added: [AddedToken]
  /// Whether the model sees bytes in printable characters.
  let isByteLevel: Bool

  private static let supported = "BPE, WordPiece and Unigram are"

  func model() throws(TokenizerError) -> (Tokenizer.Model, Vocabulary) {
    // Old files do not name the type of their model.
    switch try part["type"]?.string() ?? unnamedType {
    case "BPE":
      return isByteLevel ? try bytePairs() : try characterPairs()
    case "WordPiece": return try wordPiece()
    case "Unigram":
      if isByteLevel {
        throw part.unsupported("Unigram with ByteLevel", "Unigram without it is")
      }
      let (model, vocabulary) = try UnigramReader(added: added).model(part)
      return (.unigram(model), vocabulary)
    case let type: throw part.unsupported("the model type \"\(type)\"", Self.supported)
    }
  }

  /// What a model without a type must be.
  private var unnamedType: String {
    if part["merges"] != nil { return "BPE" }
    if part["vocab"]?.value.arrayValue != nil { return "Unigram" }
    return part["max_input_chars_per_word"] == nil ? "WordLevel" : "WordPiece"
  }

  private func bytePairs() throws(TokenizerError) -> (Tokenizer.Model, Vocabulary) {
    if try part.bool("byte_fallback", default: false) {
      throw part.unsupported("\"byte_fallback\" with ByteLevel", "set it to false")
    }
    try checkDropout()
    let merges = try readMerges()
    let tokens = try readVocabulary()
    let vocabulary = try Vocabulary(model: tokens, added: added) { token in
      merges.contains { ($0.left + $0.right).utf8.elementsEqual(token.utf8) }
    }
    var unknown: UInt32?
    if let unknownPart = part["unk_token"] { unknown = vocabulary.id(of: try unknownPart.string()) }
    let affixes = BPEAffixes(
      prefix: try part["continuing_subword_prefix"]?.string() ?? "",
      suffix: try part["end_of_word_suffix"]?.string() ?? "")
    let ignoresMerges = try part.bool("ignore_merges", default: false)
    if ignoresMerges, !affixes.isEmpty {
      throw part.unsupported(
        "\"ignore_merges\" with a prefix or a suffix of symbols", "set it to false")
    }
    let model = try BPEModel(
      merges: merges, vocabulary: vocabulary, affixes: affixes, unknown: unknown,
      // Not those that only stand among the added tokens, nor specials.
      wholeTokens: ignoresMerges ? tokens.map(\.id).filter { !vocabulary.isSpecial[$0] } : [])
    if model.missingByte != nil, unknown != nil, try part.bool("fuse_unk", default: false) {
      throw part.unsupported("\"fuse_unk\" where bytes lack a token", "set it to false")
    }
    return (.bytePairs(model), vocabulary)
  }

  private func characterPairs() throws(TokenizerError) -> (Tokenizer.Model, Vocabulary) {
    try checkDropout()
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let affix = part[key], try !affix.string().isEmpty {
        throw affix.unsupported("\"\(key)\" without ByteLevel", "leave it out")
      }
    }
    let reader = CharacterBPEReader(tokens: try readVocabulary(), added: added)
    let (model, vocabulary) = try reader.model(part, readMerges())
    return (.characterPairs(model), vocabulary)
  }

  /// Dropout chooses merges at random: not the same ids twice.
  func checkDropout() throws(TokenizerError) {
    if let dropout = part["dropout"], dropout.value.doubleValue != 0 {
      throw dropout.unsupported("BPE dropout", "set it to null")
    }
  }

  private func wordPiece() throws(TokenizerError) -> (Tokenizer.Model, Vocabulary) {
    if isByteLevel {
      throw part.unsupported("WordPiece with ByteLevel", "WordPiece without it is")
    }
    let tokens = try readVocabulary()
    let vocabulary = try Vocabulary(model: tokens, added: added, spelling: .written)
    let name = try part["unk_token"]?.string() ?? "[UNK]"
    guard let unknown = tokens.first(where: { $0.token.utf8.elementsEqual(name.utf8) })?.id else {
      throw TokenizerError(
        .inconsistent, at: "model.unk_token", "the token \"\(name)\" is not in the vocabulary")
    }
    let longest = try part["max_input_chars_per_word"]?.integer() ?? 100
    guard longest >= 0 else {
      throw TokenizerError(
        .malformed, at: "model.max_input_chars_per_word", "\(longest) is negative")
    }
    let model = WordPieceModel(
      tokens: tokens.map { ($0.token, UInt32(truncatingIfNeeded: $0.id)) },
      unknown: UInt32(truncatingIfNeeded: unknown), longestWord: longest,
      prefix: try part["continuing_subword_prefix"]?.string() ?? "##")
    return (.wordPiece(model), vocabulary)
  }

  func readVocabulary() throws(TokenizerError) -> [(token: String, id: Int)] {
    let part = try part.required("vocab")
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
  func readMerges() throws(TokenizerError) -> [(left: String, right: String)] {
    let part = try part.required("merges")
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

  private func mergePair(_ value: JSONValue) -> (left: String, right: String)? {
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
}
