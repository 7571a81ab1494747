// SPDX-License-Identifier: Apache-2.0

public import JSON

extension Tokenizer {
  /// Reads BERT's `vocab.txt`: one token a line, the line's number its id.
  ///
  /// The parts that such a file does not state are those of BERT: `BertNormalizer`,
  /// `BertPreTokenizer`, `[CLS] A [SEP]`, `##`, words of up to 100 characters. Lower case is as
  /// `do_lower_case` of the configuration says, else as the vocabulary does: one without a letter
  /// that is in upper case is lower-cased. `strip_accents` and `tokenize_chinese_chars` count too.
  /// - Throws: `.malformed` with the line, `.inconsistent`.
  public static func load(
    vocabulary bytes: [UInt8], configuration: JSONValue? = nil, specialTokensMap: JSONValue? = nil
  ) throws(TokenizerError) -> Tokenizer {
    let tokens = try VocabularyFile.tokens(bytes)
    let file = VocabularyFile(tokens: tokens, configuration: configuration)
    return try load(
      tokenizerJSON: file.tokenizerJSON(), configuration: configuration,
      specialTokensMap: specialTokensMap)
  }
}

/// What a `vocab.txt` says, as a `tokenizer.json`.
private struct VocabularyFile {
  let tokens: [String]
  let configuration: JSONValue?

  static func tokens(_ bytes: [UInt8]) throws(TokenizerError) -> [String] {
    var tokens: [String] = []
    var seen = ByteStringIndex()
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    for (index, line) in lines.enumerated() {
      let location = "line \(index + 1)"
      let content = Array(line.last == 0x0D ? line.dropLast() : line)
      guard let token = String(validating: content, as: UTF8.self), !content.isEmpty else {
        throw TokenizerError(
          .malformed, at: location,
          content.isEmpty ? "a token is expected, not an empty line" : "the token is not UTF-8")
      }
      if let known = seen.insert(content, UInt32(truncatingIfNeeded: index)) {
        throw TokenizerError(
          .inconsistent, at: location, "\"\(token)\" stands on line \(known + 1) already")
      }
      tokens.append(token)
    }
    guard !tokens.isEmpty else { throw TokenizerError(.malformed, "the file has no tokens") }
    return tokens
  }

  private func id(_ token: String) -> Int? {
    tokens.firstIndex { $0.utf8.elementsEqual(token.utf8) }
  }

  /// The name of a special token; without a configuration `[UNK]`, or `[unk]` where only that is
  /// in the file.
  private func name(_ key: String, _ fallback: String) -> String {
    if let named = configuration?[key]?.stringValue ?? configuration?[key]?["content"]?.stringValue
    {
      return named
    }
    let small = fallback.lowercased()
    return id(fallback) == nil && id(small) != nil ? small : fallback
  }

  /// Whether no token but `[CLS]` and the like has a capital.
  private var isLowerCase: Bool {
    !tokens.contains { token in
      token.utf8.first != 0x5B && token.utf8.contains { $0 &- 0x41 < 26 }
    }
  }

  func tokenizerJSON() throws(TokenizerError) -> [UInt8] {
    let special = [
      name("pad_token", "[PAD]"), name("unk_token", "[UNK]"), name("cls_token", "[CLS]"),
      name("sep_token", "[SEP]"), name("mask_token", "[MASK]"),
    ]
    let added = special.compactMap { token in id(token).map { (token, $0) } }
      .sorted { $0.1 < $1.1 }
    var vocab = JSONObject()
    for (index, token) in tokens.enumerated() { vocab[token] = .init(index) }
    var root = JSONObject()
    root["version"] = "1.0"
    root["truncation"] = .null
    root["padding"] = .null
    root["added_tokens"] = .array(
      added.map { token, id -> JSONValue in
        [
          "id": .init(id), "content": .string(token), "single_word": false, "lstrip": false,
          "rstrip": false, "normalized": false, "special": true,
        ]
      })
    root["normalizer"] = [
      "type": "BertNormalizer", "clean_text": true,
      "handle_chinese_chars": configuration?["tokenize_chinese_chars"] ?? true,
      "strip_accents": configuration?["strip_accents"] ?? .null,
      "lowercase": configuration?["do_lower_case"] ?? .bool(isLowerCase),
    ]
    root["pre_tokenizer"] = ["type": "BertPreTokenizer"]
    root["post_processor"] = template(cls: special[2], sep: special[3])
    root["decoder"] = ["type": "WordPiece", "prefix": "##", "cleanup": true]
    root["model"] = [
      "type": "WordPiece", "unk_token": .string(special[1]), "continuing_subword_prefix": "##",
      "max_input_chars_per_word": 100, "vocab": .object(vocab),
    ]
    return JSONValue.object(root).serialized(pretty: true, sortedKeys: false)
  }

  private func template(cls: String, sep: String) -> JSONValue {
    guard let clsID = id(cls), let sepID = id(sep) else { return .null }
    func special(_ token: String, _ type: Int) -> JSONValue {
      ["SpecialToken": ["id": .string(token), "type_id": .init(type)]]
    }
    func text(_ name: String, _ type: Int) -> JSONValue {
      ["Sequence": ["id": .string(name), "type_id": .init(type)]]
    }
    func entry(_ token: String, _ id: Int) -> JSONValue {
      ["id": .string(token), "ids": [.init(id)], "tokens": [.string(token)]]
    }
    return [
      "type": "TemplateProcessing", "single": [special(cls, 0), text("A", 0), special(sep, 0)],
      "pair": [
        special(cls, 0), text("A", 0), special(sep, 0), text("B", 1), special(sep, 1),
      ],
      "special_tokens": .object([cls: entry(cls, clsID), sep: entry(sep, sepID)]),
    ]
  }
}
