// SPDX-License-Identifier: Apache-2.0

import JSON

extension Tokenizer {
  /// The tokenizer as a `tokenizer.json`, which `tokenizers` and `transformers` read and give the
  /// same ids. One that was read from such a file is written as it was.
  /// - Throws: `.invalidOption` if the normalization cannot be said in such a file.
  public func serialized() throws(TokenizerError) -> [UInt8] {
    if let source { return source }
    var root = JSONObject()
    root["version"] = "1.0"
    root["truncation"] = .null
    root["padding"] = .null
    root["added_tokens"] = .array(addedTokens.map(Self.value))
    root["normalizer"] = normalizer.value
    root["pre_tokenizer"] = preTokenizer.value
    root["post_processor"] = preTokenizer.isByteLevel ? TokenDecoder.byteLevel.value : .null
    root["decoder"] = decoder.value
    switch model {
    case .bytePairs(let model): root["model"] = value(of: model)
    case .characterPairs(let model): root["model"] = value(of: model)
    case .unigram(let model): root["model"] = value(of: model)
    case .wordPiece:
      // Made from a file only.
      throw TokenizerError(.invalidOption, "a WordPiece model without its file cannot be written")
    }
    return JSONValue.object(root).serialized(pretty: true, sortedKeys: false)
  }

  static func value(_ token: AddedToken) -> JSONValue {
    [
      "id": .integer(Int64(token.id)), "content": .string(token.content),
      "single_word": .bool(token.isSingleWord),
      "lstrip": .bool(token.stripsLeft), "rstrip": .bool(token.stripsRight),
      "normalized": .bool(token.isNormalized), "special": .bool(token.isSpecial),
    ]
  }

  private func value(of model: BPEModel) -> JSONValue {
    var vocab = JSONObject()
    vocab.reserveCapacity(vocabularySize)
    for id in 0..<UInt32(vocabularySize) {
      if let token = vocabulary.token(id) { vocab[token] = .integer(Int64(id)) }
    }
    let merges = model.merges.map { pair -> JSONValue in
      let left = vocabulary.token(pair.left) ?? ""
      let right = vocabulary.token(pair.right) ?? ""
      // The form that every version reads, unless a blank makes it ambiguous.
      return left.utf8.contains(0x20) || right.utf8.contains(0x20)
        ? [.string(left), .string(right)] : .string("\(left) \(right)")
    }
    return [
      "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
      "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false,
      "ignore_merges": .bool(model.wholePieces != nil), "vocab": .object(vocab),
      "merges": .array(merges),
    ]
  }
}

extension Tokenizer {
  /// The `tokenizer_config.json` that goes with `serialized()`: roles and special tokens, so that
  /// `AutoTokenizer.from_pretrained(DIRECTORY)` works. Members of the file that came with the
  /// tokenizer are kept.
  public func configuration() -> [UInt8] {
    var root = sourceConfiguration ?? JSONObject()
    // The class that takes everything from tokenizer.json.
    root["tokenizer_class"] = "PreTrainedTokenizerFast"
    root["auto_map"] = nil
    if root["clean_up_tokenization_spaces"] == nil {
      root["clean_up_tokenization_spaces"] = false
    }
    var named: Set<UInt32> = []
    for (role, id) in roles.assigned {
      guard let token = vocabulary.token(id) else { continue }
      root[role.configurationKey] = .string(token)
      if role.isCommon { named.insert(id) }
    }
    let others = addedTokens.filter { $0.isSpecial && !named.contains($0.id) }
    if sourceConfiguration == nil, !others.isEmpty {
      root["additional_special_tokens"] = .array(others.map { .string($0.content) })
    }
    return JSONValue.object(root).serialized(pretty: true, sortedKeys: true)
  }
}
