// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
  /// Writes the value so that equal values give equal bytes.
  ///
  /// Doubles are the shortest text that reads back as the same double (always with a point or an
  /// exponent), a number that JSON cannot express (infinite, not a number) is `null`. Strings are
  /// UTF-8; only quotes, backslashes and control characters are escaped.
  /// - Parameters:
  ///   - pretty: two blanks of indentation a level and a newline at the end.
  ///   - sortedKeys: members in byte order of their keys instead of the order of the object.
  public func serialized(pretty: Bool = false, sortedKeys: Bool = true) -> [UInt8] {
    var writer = JSONWriter(pretty: pretty, sortedKeys: sortedKeys)
    writer.write(self, level: 0)
    if pretty { writer.bytes.append(0x0A) }
    return writer.bytes
  }

  /// A string as it is written in JSON, quotes included.
  public static func quoted(_ string: String) -> [UInt8] {
    var writer = JSONWriter(pretty: false, sortedKeys: false)
    writer.write(string)
    return writer.bytes
  }
}

private struct JSONWriter {
  let pretty: Bool
  let sortedKeys: Bool
  var bytes: [UInt8] = []

  mutating func write(_ value: JSONValue, level: Int) {
    switch value {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .integer(let value): bytes += String(value).utf8
    case .double(let value): bytes += (value.isFinite ? value.description : "null").utf8
    case .string(let value): write(value)
    case .array(let elements):
      bytes.append(0x5B)
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(0x2C) }
        breakLine(level + 1)
        write(element, level: level + 1)
      }
      if !elements.isEmpty { breakLine(level) }
      bytes.append(0x5D)
    case .object(let object):
      write(object, level: level)
    }
  }

  private mutating func write(_ object: JSONObject, level: Int) {
    var entries = object.entries
    if sortedKeys { entries.sort { ByteKey.precedes($0.key, $1.key) } }
    bytes.append(0x7B)
    for (index, entry) in entries.enumerated() {
      if index > 0 { bytes.append(0x2C) }
      breakLine(level + 1)
      write(entry.key)
      bytes.append(0x3A)
      if pretty { bytes.append(0x20) }
      write(entry.value, level: level + 1)
    }
    if !entries.isEmpty { breakLine(level) }
    bytes.append(0x7D)
  }

  private mutating func breakLine(_ level: Int) {
    guard pretty else { return }
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * level))
  }

  mutating func write(_ string: String) {
    bytes.append(0x22)
    var copy = string
    copy.withUTF8 { for byte in $0 { write(byte) } }
    bytes.append(0x22)
  }

  private mutating func write(_ byte: UInt8) {
    switch byte {
    case 0x22: bytes += [0x5C, 0x22]
    case 0x5C: bytes += [0x5C, 0x5C]
    case 0x0A: bytes += [0x5C, 0x6E]
    case 0x0D: bytes += [0x5C, 0x72]
    case 0x09: bytes += [0x5C, 0x74]
    case 0x08: bytes += [0x5C, 0x62]
    case 0x0C: bytes += [0x5C, 0x66]
    case 0..<0x20:
      let digits = Array("0123456789abcdef".utf8)
      bytes += [0x5C, 0x75, 0x30, 0x30, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    default: bytes.append(byte)
    }
  }
}
