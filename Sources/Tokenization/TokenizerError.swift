// SPDX-License-Identifier: Apache-2.0

/// Why a tokenizer could not be read, made or used.
public struct TokenizerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Code: String, Sendable, Hashable {
    /// The file does not have the form that it should have.
    case malformed
    /// The file is well formed, but uses a part that is not implemented here.
    case unsupported
    /// Parts of the file contradict each other.
    case inconsistent
    /// A rank file was given without the rule that splits text before merging.
    case missingPreTokenizer
    /// A special-token role that does not exist.
    case unknownRole
    /// A token that the vocabulary does not have.
    case unknownToken
    /// An option that cannot be met.
    case invalidOption
    /// A byte that the vocabulary has no token for.
    case unencodableByte
    /// One piece of text is longer than can be encoded.
    case textTooLong
    /// A memory bound was reached.
    case memoryLimit
    /// The normalizer failed.
    case normalization
  }

  /// The kind of failure.
  public let code: Code
  /// Where: a path in a JSON file (`model.merges[17]`), or `line 3`.
  public let location: String?
  /// What is wrong and what to do about it.
  public let message: String

  /// Makes an error.
  public init(_ code: Code, at location: String? = nil, _ message: String) {
    self.code = code
    self.location = location
    self.message = message
  }

  /// One line: where and what.
  public var description: String {
    location.map { "tokenizer, \($0): \(message)" } ?? "tokenizer: \(message)"
  }
}
