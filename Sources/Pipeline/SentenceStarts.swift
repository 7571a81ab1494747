// SPDX-License-Identifier: Apache-2.0
internal import UnicodeText

/// Turns byte offsets of sentences into the tokens that start them.
enum SentenceStarts {
  /// Appends the indices of the tokens that contain the first non-blank byte of each sentence.
  ///
  /// Token 0 is always among them, each token at most once, in ascending order. A sentence of
  /// blanks starts nothing.
  ///
  /// - Parameters:
  ///   - starts: byte offsets of the sentences in `text`, ascending.
  ///   - ends: for each token the byte in `text` behind it, not descending.
  static func append(
    of starts: [Int], in text: UnsafeBufferPointer<UInt8>, tokenEnds ends: [Int],
    to tokens: inout [UInt32]
  ) {
    guard !ends.isEmpty else { return }
    tokens.append(0)
    var last = 0
    var token = 0
    for (index, start) in starts.enumerated() {
      let limit = index + 1 < starts.count ? starts[index + 1] : text.count
      guard let first = firstNonBlank(in: text, from: start, below: limit) else { continue }
      while token + 8 < ends.count && ends[token + 7] <= first { token += 8 }
      if token + 8 <= ends.count {
        // A sum instead of branches, which nothing could predict.
        var passed = 0
        for next in token..<token + 8 { passed += ends[next] <= first ? 1 : 0 }
        token += passed
      }
      while token < ends.count && ends[token] <= first { token += 1 }
      guard token < ends.count else { return }
      if token > last {
        tokens.append(UInt32(truncatingIfNeeded: token))
        last = token
      }
    }
  }

  private static func firstNonBlank(
    in text: UnsafeBufferPointer<UInt8>, from start: Int, below limit: Int
  ) -> Int? {
    var position = start
    while position < limit {
      let byte = text[position]
      if byte < 0x80 {
        guard byte == 0x20 || byte &- 9 < 5 else { return position }
        position += 1
      } else {
        let (scalar, length) = decode(text, at: position)
        guard CharacterClasses.isWhitespace(scalar) else { return position }
        position += length
      }
    }
    return nil
  }

  /// Decodes one scalar of text that is known to be valid UTF-8.
  private static func decode(
    _ text: UnsafeBufferPointer<UInt8>, at position: Int
  ) -> (scalar: UInt32, length: Int) {
    let lead = UInt32(text[position])
    let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    guard position + length <= text.count else { return (0xFFFD, 1) }
    var scalar = lead & (0x7F >> UInt32(length))
    for offset in 1..<length { scalar = scalar << 6 | UInt32(text[position + offset]) & 0x3F }
    return (scalar, length)
  }
}
