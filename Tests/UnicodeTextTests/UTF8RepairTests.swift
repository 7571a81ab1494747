// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import UnicodeText

@Suite("UTF-8 repair")
struct UTF8RepairTests {
  @Test("Ill-formed stretches become one U+FFFD each")
  func replacement() {
    let input: [UInt8] = [0xE2, 0x82, 0x61]
    var output: [UInt8] = []
    let count = input.withUnsafeBufferPointer { UTF8Repair.repair($0, into: &output) }
    #expect(count == 1)
    #expect(output == Array("\u{FFFD}a".utf8))
  }
}
