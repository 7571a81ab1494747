// SPDX-License-Identifier: Apache-2.0

import CICU
import Testing
import UnicodeText

@Suite("ICU version")
struct ICUVersionTests {
  @Test("Versions are those of the library that is linked")
  func versions() {
    // The headers and the library come from one package.
    #expect(ICUVersion.icu.split(separator: ".").first == "\(U_ICU_VERSION_MAJOR_NUM)")
    #expect(ICUVersion.icu.allSatisfy { $0.isNumber || $0 == "." })
    #expect(U_UNICODE_VERSION.hasPrefix(ICUVersion.unicode))
    #expect(ICUVersion.unicode.split(separator: ".").count >= 2)
  }
}
