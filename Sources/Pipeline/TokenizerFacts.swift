// SPDX-License-Identifier: Apache-2.0
internal import Datasets
public import JSON
internal import Tokenization
internal import UnicodeText

/// What `prep tokenizer info` tells of a tokenizer.
public struct TokenizerFacts {
  /// One fact, for machines and for people.
  public struct Entry: Sendable {
    /// The name, words joined by underscores.
    public let name: String
    /// The value.
    public let value: JSONValue
    /// The value for people.
    public let text: String
  }

  /// The facts, in the order in which a reader wants them.
  public let entries: [Entry]

  /// Collects the facts.
  ///
  /// - Parameter textFile: a text to be measured: bytes and words for each token.
  /// - Throws: `DatasetError` where the text cannot be read, `TokenizerError` where it cannot be
  ///   encoded.
  public init(_ file: TokenizerFile, textFile: String? = nil) throws {
    let text = try textFile.map { try FileSystem.read($0) }
    let tokenizer = file.tokenizer
    let steps = tokenizer.normalizer.stepNames
    let roles = tokenizer.roles.assigned.map { role, id in
      (role.rawValue, id, tokenizer.token(id) ?? "")
    }
    let sentinels = tokenizer.roles.sentinels
    var entries = [
      Self.text("model", tokenizer.modelName),
      Self.number("vocabulary_size", tokenizer.vocabularySize),
      Self.number("tokens", tokenizer.tokenCount),
      Self.number("added_tokens", tokenizer.addedTokens.count),
      Entry(
        name: "normalization", value: .array(steps.map { .string($0) }),
        text: steps.isEmpty ? "none" : steps.joined(separator: ", ")),
      Self.text("pre_tokenizer", tokenizer.preTokenizer.stepNames.joined(separator: ", ")),
      Self.text("unicode_version", ScalarProperties.unicodeVersion),
      Self.text("sha256", "\(file.record.digest)"),
      Entry(
        name: "roles", value: .object(roles.reduce(into: [:]) { $0[$1.0] = .init(Int($1.1)) }),
        text: roles.isEmpty
          ? "none" : roles.map { "\($0.0) \($0.2) (\($0.1))" }.joined(separator: ", ")),
      Self.number("sentinels", sentinels.count),
    ]
    if let first = sentinels.first, let last = sentinels.last {
      entries.append(
        Entry(
          name: "sentinel_ids", value: [.init(Int(first)), .init(Int(last))],
          text: "\(first) (first span) to \(last)"))
    }
    entries.append(Self.list("samples", Self.samples(of: tokenizer)))
    if let unreachable = try tokenizer.unreachableTokens() {
      entries.append(Self.number("unreachable_tokens", unreachable.count))
      if !unreachable.isEmpty {
        entries.append(
          Self.list("unreachable_samples", unreachable.prefix(8).map(tokenizer.display)))
      }
    }
    if let text { entries += try Self.measures(of: text, tokenizer) }
    self.entries = entries
  }

  /// Eight tokens, evenly spread over the vocabulary.
  private static func samples(of tokenizer: Tokenizer) -> [String] {
    (1...8).map { UInt32(tokenizer.vocabularySize * $0 / 9) }
      .filter { tokenizer.token($0) != nil }.map(tokenizer.display)
  }

  private static func measures(of text: [UInt8], _ tokenizer: Tokenizer) throws -> [Entry] {
    var repaired: [UInt8] = []
    _ = text.withUnsafeBufferPointer { UTF8Repair.repair($0, into: &repaired) }
    var encoder = tokenizer.encoder()
    var encoding = Encoding(parts: [])
    try repaired.withUnsafeBufferPointer { try encoder.encode($0, into: &encoding) }
    let words = words(in: repaired)
    var entries = [
      number("text_bytes", repaired.count), number("text_words", words),
      number("text_tokens", encoding.ids.count),
    ]
    let count = Double(encoding.ids.count)
    if count > 0 { entries.append(ratio("bytes_per_token", Double(repaired.count) / count)) }
    if words > 0 { entries.append(ratio("tokens_per_word", count / Double(words))) }
    if let unknown = tokenizer.roles[.unk], count > 0 {
      let share = Double(encoding.ids.count { $0 == unknown }) / count
      entries.append(ratio("unknown_share", share))
    }
    return entries
  }

  /// The words of a text, as white space divides them.
  static func words(in text: [UInt8]) -> Int {
    String(decoding: text, as: UTF8.self).unicodeScalars
      .split { $0.properties.isWhitespace }.count
  }

  private static func ratio(_ name: String, _ value: Double) -> Entry {
    let rounded = (value * 10_000).rounded() / 10_000
    return Entry(name: name, value: .double(rounded), text: "\(rounded)")
  }

  private static func list(_ name: String, _ values: [String]) -> Entry {
    Entry(
      name: name, value: .array(values.map { .string($0) }), text: values.joined(separator: "  "))
  }

  private static func number(_ name: String, _ value: Int) -> Entry {
    Entry(name: name, value: .init(value), text: String(value))
  }

  private static func text(_ name: String, _ value: String) -> Entry {
    Entry(name: name, value: .string(value), text: value)
  }
}
