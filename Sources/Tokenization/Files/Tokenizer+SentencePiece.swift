// SPDX-License-Identifier: Apache-2.0

public import JSON

extension Tokenizer {
  /// Reads a `.model` file of sentencepiece, unigram or bpe; ids are those of that library.
  ///
  /// Tokens that only the files beside it name are added as `transformers` numbers them
  /// (`added_tokens_decoder`, or `extra_ids` of T5).
  ///
  /// Written as a `tokenizer.json`, a bpe model without normalization rules gives the same ids in
  /// `tokenizers`, text that spells special tokens aside. Three things cannot be said there
  /// exactly: rules for more than one character (`Precompiled` there takes grapheme clusters),
  /// tokens that users defined, and the single precision that decides between sequences of a
  /// unigram model with nearly the same score.
  /// - Throws: `.malformed`, `.inconsistent`, or `.unsupported` with the name of the setting.
  public static func load(
    sentencePiece bytes: [UInt8], configuration: JSONValue? = nil,
    specialTokensMap: JSONValue? = nil
  ) throws(TokenizerError) -> Tokenizer {
    let file = try SentencePieceFile(bytes)
    try refuseRenumbering(configuration)
    let added = try addedTokens(of: file, configuration)
    let vocabulary = try Vocabulary(
      model: file.pieces.enumerated().map { (String(decoding: $1.text, as: UTF8.self), $0) },
      added: added, spelling: .blankMarks)
    let map =
      file.characterMap.isEmpty
      ? nil : try CharacterMap(file.characterMap, at: "normalizer_spec.precompiled_charsmap")
    let literals = file.pieces.enumerated().filter { $1.kind == .userDefined }
      .map { (bytes: $1.text[...], id: UInt32(truncatingIfNeeded: $0)) }
    let normalizer = SentencePieceNormalizer(
      map: map, addsDummyPrefix: file.addsDummyPrefix, removesExtraBlanks: file.removesExtraBlanks,
      escapesBlanks: file.escapesBlanks, literals: literals.isEmpty ? nil : PieceTrie(literals))
    let parts = SentencePieceParts(file: file, vocabulary: vocabulary)
    var tokenizer = Tokenizer(
      model: file.isUnigram
        ? .unigram(try parts.unigram()) : .characterPairs(try parts.characterPairs(literals)),
      vocabulary: vocabulary, addedTokens: added,
      normalizer: Normalizer(
        steps: [.pieces(.sentencePiece(normalizer))], value: parts.normalizerValue),
      preTokenizer: PreTokenizer(steps: [], isByteLevel: false, value: .null),
      decoder: try DecoderReader.decoder(JSONPart(value: parts.decoderValue, path: "decoder")),
      framing: .none, roles: SpecialRoles(), source: nil,
      sourceConfiguration: configuration?.objectValue)
    for (role, name) in [
      (SpecialRole.bos, file.bosPiece), (.eos, file.eosPiece), (.pad, file.padPiece),
    ] {
      guard let id = vocabulary.id(of: name), vocabulary.isSpecial[Int(id)] else { continue }
      tokenizer.roles[role] = id
    }
    tokenizer.roles[.unk] = file.pieces.firstIndex { $0.kind == .unknown }
      .map { UInt32(truncatingIfNeeded: $0) }
    tokenizer.findRoles(configuration: configuration, specialTokensMap: specialTokensMap)
    return tokenizer
  }

  /// Some classes of `transformers` give the pieces other ids than the file has.
  private static func refuseRenumbering(_ configuration: JSONValue?) throws(TokenizerError) {
    let shifted = [
      "XLMRoberta", "Camembert", "MBart", "Barthez", "Plbart", "PLBart", "XGLM", "NllbT",
    ]
    guard let name = configuration?["tokenizer_class"]?.stringValue,
      shifted.contains(where: { name.hasPrefix($0) })
    else { return }
    throw TokenizerError(
      .unsupported, at: "tokenizer_config.json",
      "\(name) numbers the pieces of a .model file anew; use its tokenizer.json "
        + "(AutoTokenizer.from_pretrained(…).save_pretrained(…) writes one)")
  }

  private static func addedTokens(
    of file: SentencePieceFile, _ configuration: JSONValue?
  ) throws(TokenizerError) -> [AddedToken] {
    var result: [AddedToken] = []
    for (index, piece) in file.pieces.enumerated() {
      let isSpecial = piece.kind == .control || piece.kind == .unknown
      guard isSpecial || piece.kind == .userDefined else { continue }
      result.append(
        AddedToken(
          id: UInt32(truncatingIfNeeded: index),
          content: String(decoding: piece.text, as: UTF8.self), isSpecial: isSpecial))
    }
    let count = file.pieces.count
    if let entries = configuration?["added_tokens_decoder"]?.objectValue?.entries {
      for entry in entries {
        let path = "added_tokens_decoder[\"\(entry.key)\"]"
        guard let id = UInt32(entry.key), id < UInt32(Int32.max),
          let content = entry.value["content"]?.stringValue, !content.isEmpty
        else {
          throw TokenizerError(.malformed, at: path, "an id with the content of its token")
        }
        if Int(id) < count { continue }
        result.append(
          AddedToken(
            id: id, content: content,
            isSpecial: entry.value["special"]?.boolValue ?? false,
            isNormalized: entry.value["normalized"]?.boolValue ?? false,
            stripsLeft: entry.value["lstrip"]?.boolValue ?? false,
            stripsRight: entry.value["rstrip"]?.boolValue ?? false))
      }
    } else if let extra = configuration?["extra_ids"]?.integerValue, extra > 0 {
      guard extra <= 1 << 16 else {
        throw TokenizerError(.malformed, at: "extra_ids", "\(extra) sentinels")
      }
      let known = Set(file.pieces.map(\.text))
      for number in (0..<extra).reversed() {
        let name = SpecialTokens.sentinel(number)
        if known.contains(Array(name.utf8)) { continue }
        result.append(AddedToken(id: UInt32(count + extra - 1 - number), content: name))
      }
    }
    return result.sorted { $0.id < $1.id }
  }
}
