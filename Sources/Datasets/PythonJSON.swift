// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// JSON as Python's `json.dumps(value, sort_keys=True)` writes it, for formats whose bytes are
/// defined by that program.
enum PythonJSON {
  static func serialized(_ value: JSONValue) -> [UInt8] {
    var bytes: [UInt8] = []
    append(value, to: &bytes)
    return bytes
  }

  private static func append(_ value: JSONValue, to bytes: inout [UInt8]) {
    switch value {
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes += [UInt8(ascii: ","), UInt8(ascii: " ")] }
        append(element, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let object):
      bytes.append(UInt8(ascii: "{"))
      let entries = object.entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      for (index, entry) in entries.enumerated() {
        if index > 0 { bytes += [UInt8(ascii: ","), UInt8(ascii: " ")] }
        append(.string(entry.key), to: &bytes)
        bytes += [UInt8(ascii: ":"), UInt8(ascii: " ")]
        append(entry.value, to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    case .string(let text):
      appendASCII(text, to: &bytes)
    default:
      bytes += value.serialized()
    }
  }

  /// A string in ASCII, everything else as `\u` escapes.
  private static func appendASCII(_ text: String, to bytes: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    bytes.append(UInt8(ascii: "\""))
    for unit in text.utf16 {
      switch unit {
      case 0x22: bytes += Array(#"\""#.utf8)
      case 0x5C: bytes += Array(#"\\"#.utf8)
      case 0x0A: bytes += Array(#"\n"#.utf8)
      case 0x0D: bytes += Array(#"\r"#.utf8)
      case 0x09: bytes += Array(#"\t"#.utf8)
      case 0x08: bytes += Array(#"\b"#.utf8)
      case 0x0C: bytes += Array(#"\f"#.utf8)
      case 0x20..<0x7F: bytes.append(UInt8(truncatingIfNeeded: unit))
      case 0x7F: bytes.append(0x7F)
      default:
        bytes += Array(#"\u"#.utf8)
        for shift in [12, 8, 4, 0] { bytes.append(digits[Int(unit >> UInt16(shift) & 15)]) }
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
