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
  public init(_ file: TokenizerFile) {
    let tokenizer = file.tokenizer
    let steps = tokenizer.normalizer.stepNames
    let roles = tokenizer.roles.assigned.map { role, id in
      (role.rawValue, id, tokenizer.token(id) ?? "")
    }
    let sentinels = tokenizer.roles.sentinels
    var entries = [
      Entry(name: "model", value: "byte-level BPE", text: "byte-level BPE"),
      Self.number("vocabulary_size", tokenizer.vocabularySize),
      Self.number("added_tokens", tokenizer.addedTokens.count),
      Entry(
        name: "normalization", value: .array(steps.map { .string($0) }),
        text: steps.isEmpty ? "none" : steps.joined(separator: ", ")),
      Self.text("pre_tokenizer", tokenizer.preTokenizer.stepNames.joined(separator: ", ")),
      Self.text("unicode_version", ICUVersion.unicode),
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
    self.entries = entries
  }

  private static func number(_ name: String, _ value: Int) -> Entry {
    Entry(name: name, value: .init(value), text: String(value))
  }

  private static func text(_ name: String, _ value: String) -> Entry {
    Entry(name: name, value: .string(value), text: value)
  }
}
