// SPDX-License-Identifier: Apache-2.0

/// What the written form of a token stands for. Another way to write is another case.
enum TokenSpelling: Sendable, Hashable {
  /// Each character of GPT-2's alphabet for one byte.
  case printableBytes
  /// What is written.
  case written
  /// What is written, but `▁` for a blank and `<0xNN>` for a byte.
  case blankMarks

  /// The bytes of text that a token stands for; nil if its characters stand for none.
  func bytes(of token: String) -> [UInt8]? {
    switch self {
    case .printableBytes: return PrintableBytes.bytes(of: token)
    case .written: return nil
    case .blankMarks:
      let text = Array(token.utf8)
      if let byte = ByteTokens.byte(text) { return [byte] }
      return ByteReplacement.replacing(BlankMark.bytes, with: [0x20], in: text)
    }
  }
}

/// Tokens by id and ids by token, added tokens included.
struct Vocabulary: Sendable {
  /// Ids may have gaps, but not so many that a table by id would waste memory.
  static func idLimit(entries: Int) -> Int { 2 * entries + 65_536 }

  /// The written form of each id (`Ġthe`, `<pad>`); empty where there is none.
  private(set) var written = ByteStrings()
  /// The bytes that each id stands for.
  private(set) var spelled = ByteStrings()
  private(set) var isPresent: [Bool] = []
  private(set) var isSpecial: [Bool] = []
  private var index: ByteStringIndex

  /// The highest id + 1.
  var size: Int { isPresent.count }

  /// The number of tokens.
  let count: Int

  /// - Parameter isMerged: whether merging yields a token, asked only of added tokens whose text
  ///   could as well be the printable form of other bytes.
  init(
    model: [(token: String, id: Int)], added: [AddedToken],
    spelling way: TokenSpelling = .printableBytes, isMerged: (String) -> Bool = { _ in false }
  ) throws(TokenizerError) {
    var index = ByteStringIndex(expecting: model.count + added.count)
    let limit = Self.idLimit(entries: model.count + added.count)
    var tokens = [String?](repeating: nil, count: model.count + added.count)
    func place(_ token: String, _ id: Int, _ location: () -> String) throws(TokenizerError) {
      guard id >= 0, id < limit else {
        throw TokenizerError(
          .inconsistent, at: location(),
          "id \(id) is out of range: \(model.count + added.count) tokens may have ids up to "
            + "\(limit - 1)")
      }
      if id >= tokens.count {
        tokens.append(contentsOf: repeatElement(nil, count: id + 1 - tokens.count))
      }
      if let other = tokens[id] {
        throw TokenizerError(
          .inconsistent, at: location(), "id \(id) is also that of \"\(other)\"")
      }
      tokens[id] = token
    }
    for (token, id) in model {
      if index.insert(Array(token.utf8), UInt32(truncatingIfNeeded: id)) != nil {
        throw TokenizerError(
          .inconsistent, at: "model.vocab", "the token \"\(token)\" stands there twice")
      }
      try place(token, id) { "model.vocab[\"\(token)\"]" }
    }
    var special: [(Int, String)] = []
    for token in added {
      let id = Int(token.id)
      if let known = index.insert(Array(token.content.utf8), token.id) {
        guard known == token.id else {
          throw TokenizerError(
            .inconsistent, at: "added_tokens",
            "\"\(token.content)\" has id \(id) here and \(known) elsewhere")
        }
      } else {
        try place(token.content, id) { "added_tokens (\"\(token.content)\")" }
      }
      if token.isSpecial { special.append((id, token.content)) }
    }
    while let last = tokens.last, last == nil { tokens.removeLast() }
    isSpecial = [Bool](repeating: false, count: tokens.count)
    for (id, _) in special { isSpecial[id] = true }
    var isAdded = [Bool](repeating: false, count: tokens.count)
    for token in added { isAdded[Int(token.id)] = true }
    var count = 0
    for (id, token) in tokens.enumerated() {
      isPresent.append(token != nil)
      let content = token ?? ""
      if token != nil { count += 1 }
      written.append(Array(content.utf8))
      let text = Array(content.utf8)
      let spelling = way.bytes(of: content)
      if let spelling, !isAdded[id] || spelling.count == 1 || spelling == text || isMerged(content)
      {
        spelled.append(spelling)
      } else {
        spelled.append(text)
      }
    }
    self.index = index
    self.count = count
  }

  func id(of token: String) -> UInt32? { index.value(of: Array(token.utf8)) }

  func contains(_ id: UInt32) -> Bool {
    Int(id) < isPresent.count && isPresent[Int(id)]
  }

  func token(_ id: UInt32) -> String? {
    contains(id) ? String(decoding: written[Int(id)], as: UTF8.self) : nil
  }

  func bytes(of id: UInt32) -> ArraySlice<UInt8>? {
    contains(id) ? spelled[Int(id)] : nil
  }
}
