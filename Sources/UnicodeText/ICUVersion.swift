// SPDX-License-Identifier: Apache-2.0

import CICU

/// The versions of the ICU library in use: normal forms of newly assigned characters, lower case
/// and, above all, sentence boundaries depend on them, so they belong in every manifest.
public enum ICUVersion {
  /// The version of ICU, such as `72.1`.
  public static let icu: String = text(cicu_version)

  /// The version of Unicode whose data ICU carries, such as `15.0`.
  public static let unicode: String = text(cicu_unicode_version)

  private static func text(_ write: (UnsafeMutablePointer<CChar>) -> Void) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(U_MAX_VERSION_STRING_LENGTH)) {
      buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress else { return "" }
      write(start)
      return String(cString: start)
    }
  }
}

extension TextError {
  /// The error for a status of ICU that means failure.
  static func failure(_ status: UErrorCode, in action: String) -> TextError {
    if status == U_MEMORY_ALLOCATION_ERROR {
      return TextError(.outOfMemory, "out of memory while \(action)")
    }
    let name = String(cString: cicu_error_name(status))
    return TextError(.library, "ICU \(ICUVersion.icu) failed while \(action): \(name)")
  }
}
