// SPDX-License-Identifier: Apache-2.0

import JSON

/// Makes the model of a sentencepiece file, and what a `tokenizer.json` says of the rest.
struct SentencePieceParts {
  let file: SentencePieceFile
  let vocabulary: Vocabulary

  private func unknown() throws(TokenizerError) -> UnknownText {
    var bytes: [UInt32]?
    if file.fallsBackToBytes {
      var found = [UInt32?](repeating: nil, count: 256)
      for (id, piece) in file.pieces.enumerated() where piece.kind == .byte {
        if let byte = ByteTokens.byte(piece.text) {
          found[Int(byte)] = UInt32(truncatingIfNeeded: id)
        }
      }
      bytes = found.compactMap { $0 }
      guard bytes?.count == 256 else {
        throw TokenizerError(.inconsistent, "there are not 256 byte pieces")
      }
    }
    let id = file.pieces.firstIndex { $0.kind == .unknown }
    return UnknownText(
      byteIDs: bytes, id: id.map { UInt32(truncatingIfNeeded: $0) }, isFused: bytes == nil,
      byteEnds: .last)
  }

  /// The bytes of text that each piece covers.
  private var lengths: [UInt32] {
    (0..<vocabulary.size).map { id in
      id < file.pieces.count && file.pieces[id].kind == .byte
        ? 1 : UInt32(vocabulary.written.length(id))
    }
  }

  /// The pieces that text can become as they are written.
  private var textual: [(bytes: ArraySlice<UInt8>, id: UInt32)] {
    file.pieces.enumerated().filter { [.normal, .userDefined].contains($1.kind) }
      .map { ($1.text[...], UInt32(truncatingIfNeeded: $0)) }
  }

  func unigram() throws(TokenizerError) -> UnigramModel {
    let normal = file.pieces.filter { $0.kind == .normal }.map(\.score)
    let lowest = normal.min() ?? Float.greatestFiniteMagnitude
    var scores = [Double](repeating: 0, count: vocabulary.size)
    for (id, piece) in file.pieces.enumerated() {
      // Tokens that users defined are to win: above 0, as version 0.2.3 of the library has it.
      let score =
        piece.kind == .userDefined ? Float(Double(piece.text.count) * 0.1 - 0.1) : piece.score
      scores[id] = Double(score)
    }
    return UnigramModel(
      tokens: textual, scores: scores, minimum: Double(lowest), unknown: try unknown(),
      arithmetic: .float, lengths: lengths)
  }

  /// The library joins any neighbours that are a piece together, the highest score first, the
  /// leftmost of equal scores first; so every division of a piece is a merge, of the rank of its
  /// score.
  func characterPairs(
    _ literals: [(bytes: ArraySlice<UInt8>, id: UInt32)]
  ) throws(TokenizerError) -> CharacterBPEModel {
    let textual = textual
    let trie = PieceTrie(textual)
    var ids = (0..<UInt32(vocabulary.size)).map { $0 }
    var lengths = lengths
    var characters = CharacterBPEModel.characters(
      textual.map { (bytes: $0.bytes, symbol: $0.id) })
    func symbol(_ bytes: ArraySlice<UInt8>) -> UInt32? {
      if let id = trie.id(of: bytes) { return id }
      // Characters that occur within pieces only.
      guard let scalar = CharacterBPEModel.scalar(bytes) else { return nil }
      if Int(scalar) >= characters.count {
        characters += [UInt32](
          repeating: CharacterBPEModel.unknownID, count: Int(scalar) + 1 - characters.count)
      }
      if characters[Int(scalar)] == CharacterBPEModel.unknownID {
        characters[Int(scalar)] = UInt32(truncatingIfNeeded: ids.count)
        ids.append(CharacterBPEModel.unknownID)
        lengths.append(UInt32(bytes.count))
      }
      return characters[Int(scalar)]
    }
    let scores = Set(textual.map { file.pieces[Int($0.id)].score }).sorted(by: >)
    let ranks = Dictionary(
      uniqueKeysWithValues: scores.enumerated().map { ($1, UInt32(truncatingIfNeeded: $0)) })
    let table = PairTable(expecting: 2 * textual.count)
    for (bytes, id) in textual {
      let rank = ranks[file.pieces[Int(id)].score] ?? 0
      for at in bytes.indices.dropFirst() where bytes[at] & 0xC0 != 0x80 {
        guard let left = symbol(bytes[..<at]), let right = symbol(bytes[at...]) else { continue }
        _ = table.insert(left, right, rank: rank, id: id)
      }
    }
    var whole: PieceTrie?
    if !literals.isEmpty {
      var frozen: [(bytes: ArraySlice<UInt8>, id: UInt32)] = []
      for (bytes, id) in literals {
        frozen.append((bytes, UInt32(truncatingIfNeeded: ids.count)))
        ids.append(id)
        lengths.append(UInt32(bytes.count))
      }
      whole = PieceTrie(frozen)
    }
    return CharacterBPEModel(
      symbols: .init(characters: characters, ids: ids, lengths: lengths, whole: whole),
      table: table, merges: mergesByScore(textual, trie), wholePieces: nil,
      unknown: try unknown(),
      splitsAtBlanks: !textual.contains { BlankMark.isInside($0.bytes) })
  }

  /// The merges as `transformers` derives them: divisions into two pieces by falling score.
  private func mergesByScore(
    _ textual: [(bytes: ArraySlice<UInt8>, id: UInt32)], _ trie: PieceTrie
  ) -> [(left: UInt32, right: UInt32)] {
    let byScore = textual.sorted { first, second in
      let (one, other) = (file.pieces[Int(first.id)].score, file.pieces[Int(second.id)].score)
      return one > other || (one == other && first.id < second.id)
    }
    var result: [(left: UInt32, right: UInt32)] = []
    for (bytes, _) in byScore {
      var pairs: [(left: UInt32, right: UInt32)] = []
      for at in bytes.indices.dropFirst() where bytes[at] & 0xC0 != 0x80 {
        if let left = trie.id(of: bytes[..<at]), let right = trie.id(of: bytes[at...]) {
          pairs.append((left, right))
        }
      }
      result += pairs.sorted { ($0.left, $0.right) < ($1.left, $1.right) }
    }
    return result
  }

  /// The normalizer as `tokenizers` can say it.
  var normalizerValue: JSONValue {
    var steps: [JSONValue] = []
    func replace(_ pattern: JSONValue, _ content: String) {
      steps.append(["type": "Replace", "pattern": pattern, "content": .string(content)])
    }
    if !file.characterMap.isEmpty {
      steps.append([
        "type": "Precompiled",
        "precompiled_charsmap": .string(Base64.encode(file.characterMap)),
      ])
    }
    if file.removesExtraBlanks {
      replace(["Regex": " {2,}"], " ")
      replace(["Regex": #"\A | \z"#], "")
    }
    if file.escapesBlanks { replace(["String": " "], "▁") }
    if file.addsDummyPrefix {
      steps.append(["type": "Prepend", "prepend": .string(file.escapesBlanks ? "▁" : " ")])
    }
    return ["type": "Sequence", "normalizers": .array(steps)]
  }

  /// The decoder as `tokenizers` can say it.
  var decoderValue: JSONValue {
    var steps: [JSONValue] = [
      ["type": "Replace", "pattern": ["String": "▁"], "content": " "],
      ["type": "ByteFallback"], ["type": "Fuse"],
    ]
    if file.addsDummyPrefix || file.removesExtraBlanks {
      steps.append(["type": "Strip", "content": " ", "start": 1, "stop": 0])
    }
    return ["type": "Sequence", "decoders": .array(steps)]
  }
}
