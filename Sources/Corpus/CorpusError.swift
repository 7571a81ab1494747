// SPDX-License-Identifier: Apache-2.0

/// Why documents could not be read: what, in which file, where in it, and what to do.
public struct CorpusError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of failure, coarse enough to map to exit statuses.
  public enum Code: String, Sendable, Hashable {
    /// Options that contradict each other or cannot be followed.
    case usage
    /// A file or directory that is not there, or a pattern that nothing matches.
    case missing
    /// A file or directory that may not be opened.
    case unreadable
    /// Content that breaks the rules of its format: JSON, a missing field, UTF-8, its encoding.
    case malformed
    /// Compressed data that is damaged, cut short or followed by something else.
    case corrupt
    /// A format that is not read.
    case unsupported
    /// A document beyond the limit.
    case tooLarge
    /// Reading failed although the file was open.
    case io
  }

  /// The kind of failure.
  public let code: Code
  /// The path of the file, "-" for standard input.
  public let file: String?
  /// The line in the decoded text, from 1.
  public let line: Int?
  /// The offset in bytes: for `corrupt` in the file as stored, else in the decoded text.
  public let byteOffset: Int?
  /// What is wrong and what to do, without the place.
  public let message: String

  /// Makes an error from its facts.
  public init(
    _ code: Code, file: String? = nil, line: Int? = nil, byteOffset: Int? = nil, _ message: String
  ) {
    self.code = code
    self.file = file
    self.line = line
    self.byteOffset = byteOffset
    self.message = message
  }

  /// The place and the message.
  public var description: String {
    var parts: [String] = []
    if let file { parts.append(file == InputFile.standardInput ? "standard input" : file) }
    if let line { parts.append("line \(line)") }
    if let byteOffset { parts.append("byte \(byteOffset)") }
    return (parts.isEmpty ? "" : parts.joined(separator: ", ") + ": ") + message
  }
}
