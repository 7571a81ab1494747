// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArrowIPC

@Suite struct FlatBufferWriterTests {
  @Test func aTableIsLaidOutAsSpecified() throws {
    let bytes = try FlatBufferWriter.serialize(root: [.int16(4), .absent, .int64(7)])
    // Root offset, padding, vtable (size 10, table 14, fields at 12, absent, 4), table, padding-free.
    let expected: [UInt8] =
      [20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 14, 0, 12, 0, 0, 0, 4, 0]
      + [10, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 4, 0]
    #expect(bytes == expected)
  }
}
