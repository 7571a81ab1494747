// SPDX-License-Identifier: Apache-2.0

/// Validation and repair of UTF-8.
///
/// Ill-formed text is replaced as the WHATWG Encoding Standard and the Unicode Standard (§3.9,
/// "U+FFFD Substitution of Maximal Subparts") say: the longest prefix of a well-formed sequence
/// becomes one U+FFFD, every other stray byte one of its own. So `E2 82 61` gives `U+FFFD a` and
/// the surrogate `ED A0 80` gives three U+FFFD. Python's `errors="replace"` does the same.
public enum UTF8Repair {
  /// The offset of the first byte that does not belong to a well-formed sequence, or nil.
  ///
  /// - Complexity: O(n); ASCII is passed sixteen bytes at a time.
  public static func firstInvalid(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    firstInvalid(text, from: 0)
  }

  /// Writes the repaired text into `output`, replacing what was there.
  ///
  /// - Returns: how many U+FFFD were put in; 0 means that `output` equals `text`.
  public static func repair(
    _ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]
  ) -> Int {
    output.removeAll(keepingCapacity: true)
    output.reserveCapacity(text.count)
    var replacements = 0
    var copied = 0
    while let bad = firstInvalid(text, from: copied) {
      output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<bad]))
      output.append(0xEF)
      output.append(0xBF)
      output.append(0xBD)
      replacements += 1
      copied = bad + maximalSubpart(text, at: bad)
    }
    output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
    return replacements
  }

  private static func firstInvalid(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> Int? {
    let count = text.count
    var i = start
    while i < count {
      let lead = text[i]
      if lead < 0x80 {
        i = ASCIIScan.endOfASCII(text, from: i)
        continue
      }
      let length = sequenceLength(lead)
      if length == 0 || i &+ length > count { return i }
      if !isSecond(text[i &+ 1], after: lead) { return i }
      if length > 2 {
        if text[i &+ 2] & 0xC0 != 0x80 { return i }
        if length > 3, text[i &+ 3] & 0xC0 != 0x80 { return i }
      }
      i &+= length
    }
    return nil
  }

  /// The length of the ill-formed stretch at `start` that one U+FFFD replaces.
  private static func maximalSubpart(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> Int {
    let lead = text[start]
    let length = sequenceLength(lead)
    guard length > 1, start + 1 < text.count, isSecond(text[start + 1], after: lead) else {
      return 1
    }
    var taken = 2
    while taken < length, start + taken < text.count, text[start + taken] & 0xC0 == 0x80 {
      taken += 1
    }
    return taken
  }

  /// The length of a sequence by its first byte; 0 for a byte that cannot be first.
  @inline(__always)
  private static func sequenceLength(_ lead: UInt8) -> Int {
    switch lead {
    case 0x00...0x7F: 1
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 0
    }
  }

  /// Table 3-7 of the Unicode Standard: the second byte excludes overlong forms, surrogates and
  /// what lies beyond U+10FFFF.
  @inline(__always)
  private static func isSecond(_ byte: UInt8, after lead: UInt8) -> Bool {
    switch lead {
    case 0xE0: byte >= 0xA0 && byte <= 0xBF
    case 0xED: byte >= 0x80 && byte <= 0x9F
    case 0xF0: byte >= 0x90 && byte <= 0xBF
    case 0xF4: byte >= 0x80 && byte <= 0x8F
    default: byte & 0xC0 == 0x80
    }
  }
}
