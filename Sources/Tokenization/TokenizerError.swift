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
  /// The file that the tokenizer was read from.
  public private(set) var file: String?

  /// Makes an error.
  public init(_ code: Code, at location: String? = nil, _ message: String) {
    self.code = code
    self.location = location.map(Self.shown)
    self.message = Self.shown(message)
  }

  /// The same error with the file in which it was found.
  public func inFile(_ path: String) -> TokenizerError {
    var result = self
    result.file = path
    return result
  }

  /// One line: where and what.
  public var description: String {
    let place = [file ?? "tokenizer", location].compactMap { $0 }.joined(separator: ", ")
    return "\(place): \(message)"
  }

  /// Text that may quote a file, on one line and of bounded length.
  private static func shown(_ text: String) -> String {
    let limit = 600
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
        result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
      } else {
        result.append(scalar)
      }
      // What to do stands at the end.
      if result.count > 4 * limit { break }
    }
    if result.count <= limit { return String(result) }
    let rest = text.unicodeScalars.suffix(limit / 4).map { $0.value < 0x20 ? " " : $0 }
    return String(result.prefix(limit)) + " … " + String(String.UnicodeScalarView(rest))
  }
}
