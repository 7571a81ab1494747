// SPDX-License-Identifier: Apache-2.0

/// Why an objective cannot be made, or cannot work on what it was given.
public struct ObjectiveError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What went wrong.
  public enum Code: String, Sendable, Hashable {
    /// No objective, preset or parameter has this name.
    case unknownName
    /// A value is not of the parameter's type, out of its range, or at odds with another value.
    case invalidValue
    /// The tokenizer lacks a token that the objective needs.
    case missingRole
    /// More sentinels are needed than the tokenizer has.
    case tooFewSentinels
    /// The token dataset lacks a column, or documents, that the objective needs.
    case missingInput
    /// A vocabulary or a unit contradicts itself.
    case inconsistentInput
    /// A unit holds more than a field can count.
    case tooLarge
  }

  /// What went wrong.
  public let code: Code
  /// The objective, if one is concerned.
  public let objective: String?
  /// The parameter, role, column or field that is concerned.
  public let subject: String
  /// What is wrong, and what to do about it.
  public let message: String

  /// An error with its facts.
  public init(_ code: Code, objective: String? = nil, subject: String, _ message: String) {
    self.code = code
    self.objective = objective
    self.subject = subject
    self.message = message
  }

  /// One line: which objective, and what.
  public var description: String {
    guard let objective else { return message }
    return "\(objective): \(message)"
  }
}
