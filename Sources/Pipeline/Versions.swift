// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import JSON
internal import UnicodeText

/// The versions on which bytes depend.
public enum Versions {
  /// This program's own version.
  public static let prep = "0.1.0"

  static var all: [String: String] {
    [
      "prep": prep, "zstd": Zstd.version, "icu": ICUVersion.icu, "unicode": ICUVersion.unicode,
      "unicode_classes": ScalarProperties.unicodeVersion,
    ]
  }

  static var json: JSONValue {
    .object(all.sorted { $0.key < $1.key }.reduce(into: [:]) { $0[$1.key] = .string($1.value) })
  }
}
