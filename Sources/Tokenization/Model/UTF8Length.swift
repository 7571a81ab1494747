// SPDX-License-Identifier: Apache-2.0

/// Lengths of sequences in UTF-8.
enum UTF8Length {
  /// The length of the sequence that begins with a byte of well-formed text.
  @inline(__always)
  static func of(_ lead: UInt8) -> Int { lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4 }
}
