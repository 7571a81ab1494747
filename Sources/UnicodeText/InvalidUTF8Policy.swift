// SPDX-License-Identifier: Apache-2.0

/// What a reader does with a text that is not well-formed UTF-8.
public enum InvalidUTF8Policy: String, Sendable, Hashable, CaseIterable {
  /// Put U+FFFD for every ill-formed stretch and count them (``UTF8Repair``).
  case replace
  /// Leave the document out and count it.
  case skip
  /// Stop with an error.
  case error
}
