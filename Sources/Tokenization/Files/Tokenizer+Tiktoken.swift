// SPDX-License-Identifier: Apache-2.0

extension Tokenizer {
  /// Reads a rank file of `tiktoken`: lines of a token in base64, a blank, and its rank, the ranks
  /// being 0, 1, 2, … in order.
  ///
  /// Such a file says neither how text is split nor which special tokens there are. The rule must
  /// be given; the special tokens are added to the published vocabularies `r50k_base`
  /// (`<|endoftext|>`) and `cl100k_base` (five), which are recognised by size and last token.
  /// - Throws: `.missingPreTokenizer`, `.malformed` with the line, `.inconsistent`.
  public static func load(
    tiktoken bytes: [UInt8], preTokenizer: PreTokenizerRule?
  ) throws(TokenizerError) -> Tokenizer {
    guard let preTokenizer else {
      let rules = PreTokenizerRule.allCases.map(\.rawValue).joined(separator: ", ")
      throw TokenizerError(
        .missingPreTokenizer,
        "a .tiktoken file does not say how text is split; give --pre-tokenizer (\(rules)): gpt2 "
          + "for r50k_base, cl100k for cl100k_base")
    }
    let tokens = try RankFile.tokens(bytes)
    let added = PublishedRanks.specials(of: tokens)
    let vocabulary = try Vocabulary(
      model: tokens.enumerated().map { (PrintableBytes.string(of: $1), $0) }, added: added
    ) { _ in false }
    let model = try RankFile.model(tokens, vocabulary)
    var tokenizer = Tokenizer(
      model: .bytePairs(model), vocabulary: vocabulary, addedTokens: added,
      normalizer: .none, preTokenizer: PreTokenizer(preTokenizer), decoder: .byteLevel,
      framing: .none, roles: SpecialRoles(), source: nil, sourceConfiguration: nil)
    tokenizer.findRoles(configuration: nil, specialTokensMap: nil)
    return tokenizer
  }
}

/// The special tokens that `tiktoken` itself adds to its vocabularies.
private enum PublishedRanks {
  static func specials(of tokens: [[UInt8]]) -> [AddedToken] {
    let names: [(UInt32, String)]
    switch (tokens.count, tokens.last.map { String(decoding: $0, as: UTF8.self) }) {
    case (50_256, " gazed"):
      names = [(50_256, "<|endoftext|>")]
    case (100_256, " Conveyor"):
      names = [
        (100_257, "<|endoftext|>"), (100_258, "<|fim_prefix|>"), (100_259, "<|fim_middle|>"),
        (100_260, "<|fim_suffix|>"), (100_276, "<|endofprompt|>"),
      ]
    default:
      names = []
    }
    return names.map { AddedToken(id: $0.0, content: $0.1) }
  }
}

private enum RankFile {
  static func tokens(_ bytes: [UInt8]) throws(TokenizerError) -> [[UInt8]] {
    var tokens: [[UInt8]] = []
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    for (index, line) in lines.enumerated() {
      let location = "line \(index + 1)"
      let fields = (line.last == 0x0D ? line.dropLast() : line)
        .split(separator: 0x20, omittingEmptySubsequences: false)
      guard fields.count == 2 else {
        throw TokenizerError(
          .malformed, at: location, "a token in base64, one blank and a rank are expected")
      }
      guard let token = Base64.decode(fields[0]), !token.isEmpty else {
        throw TokenizerError(.malformed, at: location, "the token is not base64")
      }
      guard let rank = Int(String(decoding: fields[1], as: UTF8.self)), rank == tokens.count else {
        throw TokenizerError(
          .malformed, at: location, "the rank should be \(tokens.count): ranks are 0, 1, 2, …")
      }
      tokens.append(token)
    }
    guard !tokens.isEmpty else { throw TokenizerError(.malformed, "the file has no tokens") }
    return tokens
  }

  /// tiktoken joins any two neighbours that are together a token, lowest rank first. That is the
  /// same as merging only the pair into which the token itself falls under all lower ranks: what
  /// happens within a stretch that nothing has crossed depends on the stretch alone. A token that
  /// falls into more than two parts is reached only as a whole piece.
  static func model(
    _ tokens: [[UInt8]], _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> BPEModel {
    let byteIDs = BPEModel.byteIDs(vocabulary)
    if let missing = byteIDs.firstIndex(of: BPEModel.noToken) {
      throw TokenizerError(.inconsistent, "the file has no token for byte \(missing)")
    }
    let table = PairTable(expecting: tokens.count)
    var merges: [(left: UInt32, right: UInt32)] = []
    var merger = BPEMerger()
    var unreachable = false
    for (rank, token) in tokens.enumerated() where token.count > 1 {
      let parts = token.withUnsafeBufferPointer { merger.merge($0, byteIDs, table) }
      let id = UInt32(truncatingIfNeeded: rank)
      if parts == 2, table.insert(merger.ids[0], merger.ids[1], rank: id, id: id) {
        merges.append((merger.ids[0], merger.ids[1]))
      } else {
        unreachable = true
      }
    }
    var whole: ByteStringIndex?
    if unreachable {
      var index = ByteStringIndex(expecting: tokens.count)
      for (rank, token) in tokens.enumerated() {
        _ = index.insert(token, UInt32(truncatingIfNeeded: rank))
      }
      whole = index
    }
    return BPEModel(
      byteIDs: byteIDs, table: table, merges: merges, wholePieces: whole, vocabulary: vocabulary)
  }
}

/// Base64 (RFC 4648), strictly: padded, no blanks.
enum Base64 {
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, byte) in alphabet.utf8.enumerated() { values[Int(byte)] = UInt8(value) }
    return values
  }()

  static func encode(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count / 3 * 4 + 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let word = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
      for digit in 0..<4 {
        let value = Int(word >> UInt32(18 - 6 * digit) & 63)
        result.append(digit <= group.count ? alphabet[value] : 0x3D)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  static func decode(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
    let digits = text.drop { _ in false }
    guard digits.count % 4 == 0 else { return nil }
    let padding = digits.suffix(2).count { $0 == 0x3D }
    var result: [UInt8] = []
    var word: UInt32 = 0
    var count = 0
    for byte in digits.dropLast(padding) {
      let value = values[Int(byte)]
      guard value < 64 else { return nil }
      word = word << 6 | UInt32(value)
      count += 1
      if count % 4 == 0 {
        for shift: UInt32 in [16, 8, 0] { result.append(UInt8(truncatingIfNeeded: word >> shift)) }
        word = 0
      }
    }
    switch padding {
    case 1:
      guard word & 0x3 == 0 else { return nil }
      result.append(UInt8(truncatingIfNeeded: word >> 10))
      result.append(UInt8(truncatingIfNeeded: word >> 2))
    case 2:
      guard word & 0xF == 0 else { return nil }
      result.append(UInt8(truncatingIfNeeded: word >> 4))
    default: break
    }
    return result
  }
}
