// SPDX-License-Identifier: Apache-2.0

internal import CICU

/// Sets of general categories, one bit each, of the Unicode version of ``ScalarProperties``.
public struct GeneralCategories: OptionSet, Sendable, Hashable {
  /// Bit n stands for category n of ICU's `UCharCategory`.
  public let rawValue: UInt32

  /// Makes a set from bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(_ categories: UCharCategory...) {
    rawValue = categories.reduce(0) { $0 | 1 << UInt32($1.rawValue) }
  }

  /// The category of a scalar, as a set of one; unassigned for a value beyond U+10FFFF.
  public init(of scalar: UInt32) {
    rawValue = 1 &<< UInt32(ScalarProperties.category(of: scalar))
  }

  /// The categories that a name of one or two letters stands for, such as `L` or `Lu`; nil for any
  /// other name, surrogates and what is not assigned.
  init?(named name: String) {
    let numbers = Self.names.indices.filter { Self.names[$0]?.hasPrefix(name) == true }
    guard !numbers.isEmpty, !name.isEmpty, name != "C" else { return nil }
    rawValue = numbers.reduce(0) { $0 | 1 << UInt32($1) }
  }

  /// By ICU's numbers.
  private static let names: [String?] = [
    nil, "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc",
    "Cf", "Co", nil, "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf",
  ]

  /// Lu
  public static let uppercase = GeneralCategories(U_UPPERCASE_LETTER)
  /// Ll
  public static let lowercase = GeneralCategories(U_LOWERCASE_LETTER)
  /// Lt
  public static let titlecase = GeneralCategories(U_TITLECASE_LETTER)
  /// Lm, Lo
  public static let caseless = GeneralCategories(U_MODIFIER_LETTER, U_OTHER_LETTER)
  /// L
  public static let letter: GeneralCategories = [.uppercase, .lowercase, .titlecase, .caseless]
  /// M
  public static let mark = GeneralCategories(
    U_NON_SPACING_MARK, U_ENCLOSING_MARK, U_COMBINING_SPACING_MARK)
  /// N
  public static let number = GeneralCategories(
    U_DECIMAL_DIGIT_NUMBER, U_LETTER_NUMBER, U_OTHER_NUMBER)
  /// P
  public static let punctuation = GeneralCategories(
    U_DASH_PUNCTUATION, U_START_PUNCTUATION, U_END_PUNCTUATION, U_CONNECTOR_PUNCTUATION,
    U_OTHER_PUNCTUATION, U_INITIAL_PUNCTUATION, U_FINAL_PUNCTUATION)
  /// S
  public static let symbol = GeneralCategories(
    U_MATH_SYMBOL, U_CURRENCY_SYMBOL, U_MODIFIER_SYMBOL, U_OTHER_SYMBOL)
}
