// SPDX-License-Identifier: Apache-2.0

extension Tokenizer {
  /// A token as a person reads it: `␣the`, `⏎`, `\xE4`, `<pad>`. Every token has a form without
  /// line breaks or control characters; bytes that are not whole characters are written as `\xNN`.
  /// An id without a token is `#id`.
  public func display(_ id: UInt32) -> String {
    guard let bytes = vocabulary.bytes(of: id) else { return "#\(id)" }
    return Array(bytes).withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return "" }
      let text = TextBytes(base: base, count: buffer.count)
      var result = ""
      var at = 0
      while at < text.count {
        let (value, length) = text.scalar(at)
        if value != .max, let scalar = Unicode.Scalar(value) {
          result += Self.visible(scalar)
        } else {
          result += Self.escaped(text[at])
        }
        at += length
      }
      return result
    }
  }

  private static func visible(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case " ": return "␣"
    case "\n": return "⏎"
    case "\t": return "⇥"
    case "\r": return "␍"
    default: break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
      .spaceSeparator:
      return "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    case .nonspacingMark, .enclosingMark, .spacingMark:
      return "\u{25CC}\(scalar)"
    default:
      return String(scalar)
    }
  }

  private static func escaped(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return byte < 16 ? "\\x0\(digits)" : "\\x\(digits)"
  }
}
