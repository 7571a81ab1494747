// SPDX-License-Identifier: Apache-2.0

/// A normal form of Unicode (UAX #15).
public enum NormalForm: String, Sendable, Hashable, CaseIterable {
  /// The text as it is.
  case none
  /// Canonical composition.
  case nfc
  /// Canonical decomposition.
  case nfd
  /// Compatibility composition.
  case nfkc
  /// Compatibility decomposition.
  case nfkd
  /// `toNFKC_Casefold` of the Unicode Standard (§3.13): NFKC, full case folding, and default
  /// ignorable characters removed.
  case nfkcCasefold = "nfkc-casefold"
}
