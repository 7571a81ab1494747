// SPDX-License-Identifier: Apache-2.0

import JSON

/// Reads a `Unigram` model.
struct UnigramReader {
  let added: [AddedToken]

  func model(_ part: JSONPart) throws(TokenizerError) -> (UnigramModel, Vocabulary) {
    let field = try part.required("vocab")
    guard let entries = field.value.arrayValue, !entries.isEmpty else {
      throw TokenizerError(
        .malformed, at: field.path, "an array of at least one token with its score is expected")
    }
    var tokens: [(token: String, id: Int)] = []
    var scores: [Double] = []
    for (id, entry) in entries.enumerated() {
      guard let pair = entry.arrayValue, pair.count == 2, let token = pair[0].stringValue,
        let score = JSONScore.value(pair[1])
      else {
        throw TokenizerError(
          .malformed, at: "\(field.path)[\(id)]", "a token and its score are expected")
      }
      tokens.append((token, id))
      scores.append(score)
    }
    let unknownID = try part["unk_id"]?.integer()
    if let unknownID, !tokens.indices.contains(unknownID) {
      throw TokenizerError(
        .inconsistent, at: "\(part.path).unk_id",
        "\(unknownID) is not below the \(tokens.count) tokens of the vocabulary")
    }
    let vocabulary = try Vocabulary(model: tokens, added: added, spelling: .blankMarks)
    let bytes: [UInt32]? =
      try part.bool("byte_fallback", default: false)
      ? try ByteTokens.ids { vocabulary.id(of: $0) } : nil
    let minimum = scores.min() ?? 0
    scores += [Double](repeating: 0, count: max(vocabulary.size - scores.count, 0))
    let model = UnigramModel(
      tokens: tokens.filter { !$0.token.isEmpty }
        .map { (Array($0.token.utf8)[...], UInt32(truncatingIfNeeded: $0.id)) },
      scores: scores, minimum: minimum,
      unknown: UnknownText(
        byteIDs: bytes, id: unknownID.map { UInt32(truncatingIfNeeded: $0) }, isFused: true,
        byteEnds: .stretch),
      arithmetic: .double, lengths: vocabulary.textLengths)
    return (model, vocabulary)
  }
}

/// Reads a `BPE` model over characters.
struct CharacterBPEReader {
  let tokens: [(token: String, id: Int)]
  let added: [AddedToken]

  func model(
    _ part: JSONPart, _ merges: [(left: String, right: String)]
  ) throws(TokenizerError) -> (CharacterBPEModel, Vocabulary) {
    let vocabulary = try Vocabulary(model: tokens, added: added, spelling: .blankMarks)
    let entries = tokens.map { (bytes: Array($0.token.utf8)[...], id: UInt32($0.id)) }
    let trie = PieceTrie(entries.filter { !$0.bytes.isEmpty })
    let bytes: [UInt32]? =
      try part.bool("byte_fallback", default: false)
      ? try ByteTokens.ids { trie.id(of: $0.utf8) } : nil
    var unknownID: UInt32?
    if let name = part["unk_token"] {
      let token = try name.string()
      unknownID = trie.id(of: token.utf8)
      guard unknownID != nil else {
        throw TokenizerError(.inconsistent, at: name.path, "\"\(token)\" is not in the vocabulary")
      }
    }
    let (table, pairs) = try mergeTable(
      merges, trie, Set((bytes ?? []) + [unknownID].compactMap { $0 }))
    let ids = (0..<UInt32(vocabulary.size)).map { $0 }
    let ignoresMerges = try part.bool("ignore_merges", default: false)
    let model = CharacterBPEModel(
      symbols: .init(
        characters: CharacterBPEModel.characters(entries.map { (bytes: $0.bytes, symbol: $0.id) }),
        ids: ids, lengths: vocabulary.textLengths, whole: nil),
      table: table, merges: pairs, wholePieces: ignoresMerges ? trie : nil,
      unknown: UnknownText(
        byteIDs: bytes, id: unknownID,
        isFused: try part.bool("fuse_unk", default: false) && bytes == nil),
      splitsAtBlanks: !merges.contains {
        BlankMark.isInside(Array($0.left.utf8) + Array($0.right.utf8))
      })
    return (model, vocabulary)
  }

  /// - Parameter apart: tokens that stand for text that has none; merging them is refused.
  private func mergeTable(
    _ merges: [(left: String, right: String)], _ trie: PieceTrie, _ apart: Set<UInt32>
  ) throws(TokenizerError) -> (PairTable, [(left: UInt32, right: UInt32)]) {
    let table = PairTable(expecting: merges.count)
    var pairs: [(left: UInt32, right: UInt32)] = []
    pairs.reserveCapacity(merges.count)
    for (rank, pair) in merges.enumerated() {
      let location = "model.merges[\(rank)]"
      func id(_ token: String) throws(TokenizerError) -> UInt32 {
        guard let id = trie.id(of: token.utf8) else {
          throw TokenizerError(
            .inconsistent, at: location, "the token \"\(token)\" is not in the vocabulary")
        }
        if apart.contains(id) {
          throw TokenizerError(
            .unsupported, at: location,
            "a merge with \"\(token)\", which stands for unknown text, is not supported")
        }
        return id
      }
      let left = try id(pair.left)
      let right = try id(pair.right)
      let whole = try id(pair.left + pair.right)
      guard table.insert(left, right, rank: UInt32(truncatingIfNeeded: rank), id: whole) else {
        throw TokenizerError(
          .inconsistent, at: location,
          "\"\(pair.left)\" and \"\(pair.right)\" are merged by an earlier line already")
      }
      pairs.append((left, right))
    }
    return (table, pairs)
  }
}

extension Vocabulary {
  /// The bytes of normalized text that each id covers: one for `<0xNN>`, else those of its name.
  var textLengths: [UInt32] {
    (0..<size).map { id in
      ByteTokens.byte(written[id]) == nil ? UInt32(written.length(id)) : 1
    }
  }
}

extension Tokenizer {
  /// What is written for a unigram model.
  func value(of model: UnigramModel) -> JSONValue {
    // Ids are places here; a token that only stands among the added ones is not of the model.
    var entries: [JSONValue] = []
    for id in 0..<vocabularySize {
      guard let token = vocabulary.token(UInt32(id)) else { break }
      let score = id < model.scores.count ? model.scores[id] : 0
      entries.append([.string(token), .double(score)])
    }
    return [
      "type": "Unigram", "unk_id": model.unknown.id.map { .integer(Int64($0)) } ?? .null,
      "vocab": .array(entries), "byte_fallback": .bool(model.unknown.byteIDs != nil),
    ]
  }

  /// What is written for byte-pair encoding over characters.
  func value(of model: CharacterBPEModel) -> JSONValue {
    var vocab = JSONObject()
    vocab.reserveCapacity(vocabularySize)
    for id in 0..<UInt32(vocabularySize) {
      if let token = vocabulary.token(id) { vocab[token] = .integer(Int64(id)) }
    }
    let merges = model.merges.map { pair -> JSONValue in
      let left = vocabulary.token(pair.left) ?? ""
      let right = vocabulary.token(pair.right) ?? ""
      return left.utf8.contains(0x20) || right.utf8.contains(0x20)
        ? [.string(left), .string(right)] : .string("\(left) \(right)")
    }
    return [
      "type": "BPE", "dropout": nil,
      "unk_token": model.unknown.id.flatMap { vocabulary.token($0) }.map { .string($0) } ?? .null,
      "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
      "fuse_unk": .bool(model.unknown.isFused || model.unknown.byteIDs != nil),
      "byte_fallback": .bool(model.unknown.byteIDs != nil),
      "ignore_merges": .bool(model.wholePieces != nil), "vocab": .object(vocab),
      "merges": .array(merges),
    ]
  }
}
