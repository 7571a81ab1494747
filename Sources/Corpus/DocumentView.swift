// SPDX-License-Identifier: Apache-2.0

/// A document while it is handed on; its text is borrowed.
public struct DocumentView: ~Copyable {
  /// Its id: from the id field, else NAME#ORDINAL.
  public let id: String
  /// The text, valid UTF-8 and not empty; its memory is valid during the call only.
  public let text: UnsafeBufferPointer<UInt8>
  /// The language, if there is a field for it and the line has it.
  public let lang: String?
  /// The index of the argument that the file came from.
  public let source: Int
  /// The fields to keep, in the order of `CorpusOptions.keepFields`.
  public let kept: [KeptValue]
  /// How many stretches of ill-formed UTF-8 became U+FFFD.
  public let replacements: Int
}

/// The value of a field that is handed on as it is.
public enum KeptValue: Sendable, Hashable {
  /// `null`, or no such field.
  case null
  /// A truth value.
  case bool(Bool)
  /// A number without fraction and exponent that fits 64 bits.
  case integer(Int64)
  /// Any other number; infinite if it is too large for a double.
  case double(Double)
  /// A string; ill-formed UTF-8 became U+FFFD.
  case string(String)
  /// An array or object, as it is written.
  case json(String)
}
