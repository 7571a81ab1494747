// SPDX-License-Identifier: Apache-2.0

/// What went wrong in this module: a kind, the name or size it concerns, and a sentence for people.
public struct TextError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Code: String, Sendable, Hashable {
    /// No converter has this name.
    case unknownEncoding
    /// The name does not have the form of a locale.
    case invalidLocale
    /// A regular expression that cannot be compiled.
    case invalidExpression
    /// A text, or what it becomes, is longer than ICU can address (2,147,483,646 bytes).
    case textTooLong
    /// No memory for an object of ICU's.
    case outOfMemory
    /// ICU refused for a reason of its own, named in the message.
    case library
  }

  /// The kind of failure.
  public let code: Code
  /// What happened, to what, and what to do.
  public let message: String

  /// An error of a kind with its message.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
