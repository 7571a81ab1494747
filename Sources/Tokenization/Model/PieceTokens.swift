// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// The mark that stands for a blank in the tokens of sentencepiece and its kin: `▁`, U+2581.
enum BlankMark {
  static let bytes: [UInt8] = [0xE2, 0x96, 0x81]
  static let scalar: UInt32 = 0x2581

  /// Whether a mark stands at a position.
  @inline(__always)
  static func stands(in text: TextBytes, at: Int) -> Bool {
    at >= 0 && at &+ 3 <= text.count && text[at] == 0xE2 && text[at &+ 1] == 0x96
      && text[at &+ 2] == 0x81
  }

  /// Whether bytes have a mark after another character, where words begin.
  static func isInside(_ bytes: some Collection<UInt8>) -> Bool {
    Array(bytes).withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return false }
      let text = TextBytes(base: base, count: buffer.count)
      return (1..<max(text.count, 1)).contains { at in
        stands(in: text, at: at) && !stands(in: text, at: at - 3)
      }
    }
  }
}

/// The tokens `<0x00>` to `<0xFF>`, which stand for the bytes of characters that have no token.
enum ByteTokens {
  static func name(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return byte < 16 ? "<0x0\(digits)>" : "<0x\(digits)>"
  }

  /// The byte that a token stands for, or nil. Small letters are digits here as in `tokenizers`.
  static func byte(_ token: some Collection<UInt8>) -> UInt8? {
    let bytes = Array(token)
    guard bytes.count == 6, bytes.starts(with: Array("<0x".utf8)), bytes[5] == 0x3E else {
      return nil
    }
    let digits = bytes[3..<5].map { Unicode.Scalar($0) }
    guard digits.allSatisfy(\.properties.isASCIIHexDigit) else { return nil }
    return UInt8(String(String.UnicodeScalarView(digits)), radix: 16)
  }

  /// The ids of all 256; nil if not one of them is there.
  static func ids(_ find: (String) -> UInt32?) throws(TokenizerError) -> [UInt32]? {
    let ids = (UInt8.min...UInt8.max).map { find(name($0)) }
    let missing = ids.indices.filter { ids[$0] == nil }
    if missing.count == 256 { return nil }
    if let first = missing.first {
      throw TokenizerError(
        .unsupported, at: "model",
        "\"byte_fallback\" with \(256 - missing.count) of the 256 byte tokens is not supported; "
          + "\(name(UInt8(first))) is missing")
    }
    return ids.compactMap { $0 }
  }
}

/// What a model that falls back does with text that it has no token for.
struct UnknownText: Sendable {
  /// The tokens of the 256 bytes, if unknown text is spelled by them.
  let byteIDs: [UInt32]?
  /// The token that stands for unknown text otherwise.
  let id: UInt32?
  /// Whether neighbours that are unknown become one token.
  let isFused: Bool
  /// Where the tokens of bytes end.
  var byteEnds = ByteEnds.each

  enum ByteEnds {
    /// Each with its byte.
    case each
    /// The whole character belongs to the last of its bytes, as in sentencepiece.
    case last
    /// Each with the whole stretch of unknown text, as in `tokenizers`' Unigram.
    case stretch
  }

  /// Appends the tokens of a stretch of unknown text.
  @inline(never)
  func append(
    _ text: TextBytes, _ range: Range<Int>, into tokens: inout TokenBuffer, startsWord: Bool
  ) throws(TokenizerError) {
    if let byteIDs {
      for at in range {
        let end =
          switch byteEnds {
          case .each: at + 1
          case .last: at + 1 < range.upperBound ? range.lowerBound : at + 1
          case .stretch: range.upperBound
          }
        tokens.append(
          byteIDs[Int(text[at])], end: end, startsWord: startsWord && at == range.lowerBound)
      }
    } else if let id {
      tokens.append(id, end: range.upperBound, startsWord: startsWord)
    } else {
      let (value, _) = text.scalar(range.lowerBound)
      throw TokenizerError(
        .unencodableByte,
        "the vocabulary has neither a token for U+\(String(value, radix: 16, uppercase: true)) "
          + "nor one for unknown text")
    }
  }
}

/// Where words start in a piece.
enum WordStart {
  /// Whether a word starts with a token that begins at a position: the first of a piece, a blank,
  /// or a character of a script that writes no blanks.
  @inline(__always)
  static func isAt(_ at: Int, in text: TextBytes, pieceStart: Int) -> Bool {
    if at == pieceStart { return true }
    if text[at] < 0xE0 { return false }
    let (scalar, _) = text.scalar(at)
    return scalar == BlankMark.scalar
      || (scalar != .max && CharacterClasses.startsWordEach(scalar))
  }
}
