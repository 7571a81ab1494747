// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a JSON text, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of fault.
  public enum Code: String, Sendable, Hashable {
    /// The text ends inside a value.
    case unexpectedEnd
    /// A byte that the grammar does not allow here.
    case unexpectedByte
    /// A number that RFC 8259 does not allow, or one too large for a double.
    case invalidNumber
    /// A backslash followed by something that is not an escape.
    case invalidEscape
    /// A raw control character inside a string.
    case controlCharacter
    /// A string that is not well-formed UTF-8, or holds half of a surrogate pair.
    case invalidUTF8
    /// Something follows the value.
    case trailingContent
    /// The same key twice in one object.
    case duplicateKey
    /// More levels of nesting than allowed.
    case tooDeep
    /// More bytes than allowed.
    case tooLarge
  }

  /// The kind of fault.
  public let code: Code
  /// Where it was noticed, in bytes from the start of the text.
  public let offset: Int
  /// What is wrong, in a few words without the place.
  public let message: String

  /// Makes an error from its facts.
  public init(_ code: Code, offset: Int, message: String) {
    self.code = code
    self.offset = offset
    self.message = message
  }

  /// The message and the place.
  public var description: String { "invalid JSON at byte \(offset): \(message)" }
}
