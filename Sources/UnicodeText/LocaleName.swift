// SPDX-License-Identifier: Apache-2.0

import CICU

/// ICU's canonical name of a locale.
enum LocaleName {
  /// Accepts language tags (`de`, `pt-BR`, `zh-Hant`) and the same with underscores; `root` and the
  /// empty name stand for the rules that belong to no language. A well-formed name that ICU has
  /// nothing for is accepted: its rules are those of the root.
  ///
  /// - Throws: ``TextError`` `.invalidLocale`.
  static func canonical(_ name: String) throws(TextError) -> String {
    if name.isEmpty || name == "root" { return "" }
    let tag = String(name.map { $0 == "_" ? "-" : $0 })
    var status = U_ZERO_ERROR
    var parsed: Int32 = 0
    let locale = fill { cicu_locale_for_language_tag(tag, $0, $1, &parsed, &status) }
    guard cicu_failure(status) == 0, parsed == tag.utf8.count, tag.utf8.count < 64 else {
      throw TextError(
        .invalidLocale, "\"\(name)\" is not a locale; use a language tag such as en, pt-BR, root")
    }
    // Three-letter codes of languages that have two letters; then no keywords.
    let canonical = fill { cicu_locale_canonicalize(locale, $0, $1, &status) }
    let base = fill { cicu_locale_base_name(canonical, $0, $1, &status) }
    if cicu_failure(status) != 0 { throw .failure(status, in: "reading the locale \"\(name)\"") }
    return base
  }

  private static func fill(
    _ write: (UnsafeMutablePointer<CChar>, Int32) -> Int32
  ) -> String {
    let capacity = 160
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress else { return "" }
      _ = write(start, Int32(capacity - 1))
      return String(cString: start)
    }
  }
}
