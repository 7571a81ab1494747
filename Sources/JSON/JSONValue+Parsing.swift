// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
  /// Reads one JSON text, all of it, strictly by RFC 8259.
  ///
  /// Refused as well, though the grammar allows them: strings that are not Unicode (ill-formed
  /// UTF-8, half of a surrogate pair) and numbers beyond the range of a double.
  /// - Throws: `JSONError` with the byte at fault.
  public init(parsing bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(JSONError) in try JSONValue(parsing: buffer, limits: limits) }
    }
    self = try result.get()
  }

  /// Reads one JSON text from memory that stays valid during the call.
  /// - Throws: `JSONError` with the byte at fault.
  public init(
    parsing bytes: UnsafeRawBufferPointer, limits: JSONLimits = .standard
  ) throws(JSONError) {
    guard bytes.count <= limits.maximumBytes else {
      throw JSONError(
        .tooLarge, offset: 0,
        message: "\(bytes.count) bytes, and the limit is \(limits.maximumBytes)")
    }
    guard let base = bytes.baseAddress, !bytes.isEmpty else {
      throw JSONError(.unexpectedEnd, offset: 0, message: "the text is empty")
    }
    var parser = JSONParser(
      cursor: ByteCursor(base: base.assumingMemoryBound(to: UInt8.self), count: bytes.count),
      maximumDepth: min(limits.maximumDepth, JSONLimits.deepest),
      lastCounts: limits.duplicateKeys == .lastCounts)
    self = try parser.value(depth: 0)
    parser.cursor.skipWhitespace()
    guard parser.cursor.at == bytes.count else {
      throw JSONError(
        .trailingContent, offset: parser.cursor.at, message: "something follows the value")
    }
  }
}

/// Recursive descent; one level of nesting is one call, and their number is bounded.
private struct JSONParser {
  var cursor: ByteCursor
  let maximumDepth: Int
  let lastCounts: Bool

  mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    switch try cursor.nextToken() {
    case 0x7B: return .object(try object(depth: depth + 1))
    case 0x5B: return .array(try array(depth: depth + 1))
    case ByteCursor.quote: return .string(try string())
    case 0x74:
      try cursor.passLiteral("true")
      return .bool(true)
    case 0x66:
      try cursor.passLiteral("false")
      return .bool(false)
    case 0x6E:
      try cursor.passLiteral("null")
      return .null
    case 0x2D, 0x30...0x39: return try number()
    default: throw cursor.unexpected("a value")
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
    try check(depth)
    cursor.at &+= 1
    var object = JSONObject()
    if try cursor.nextToken() == 0x7D {
      cursor.at &+= 1
      return object
    }
    while true {
      guard try cursor.nextToken() == ByteCursor.quote else {
        throw cursor.unexpected("a key in quotes")
      }
      let keyOffset = cursor.at
      let key = try string()
      try cursor.expect(0x3A, "':'")
      let value = try value(depth: depth)
      if object.position(of: key) == nil {
        object.append(key, value)
      } else if lastCounts {
        object[key] = value
      } else {
        throw JSONError(
          .duplicateKey, offset: keyOffset, message: "the key \"\(key)\" stands twice")
      }
      if try cursor.nextToken() == 0x7D {
        cursor.at &+= 1
        return object
      }
      try cursor.expect(0x2C, "',' or '}'")
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
    try check(depth)
    cursor.at &+= 1
    var elements: [JSONValue] = []
    if try cursor.nextToken() == 0x5D {
      cursor.at &+= 1
      return elements
    }
    while true {
      elements.append(try value(depth: depth))
      if try cursor.nextToken() == 0x5D {
        cursor.at &+= 1
        return elements
      }
      try cursor.expect(0x2C, "',' or ']'")
    }
  }

  private mutating func string() throws(JSONError) -> String {
    cursor.at &+= 1
    let start = cursor.at
    let hasEscape = try cursor.passString()
    let length = cursor.at &- 1 &- start
    let valid: String?
    if hasEscape {
      var decoding = ByteCursor(base: cursor.base, count: cursor.at, at: start)
      var failure: JSONError?
      let bytes = [UInt8](unsafeUninitializedCapacity: length + 32) { buffer, count in
        guard let out = buffer.baseAddress else { return }
        do throws(JSONError) {
          count = try decoding.decodeString(into: out)
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
      valid = String(validating: bytes, as: UTF8.self)
    } else {
      let content = UnsafeBufferPointer(start: cursor.base + start, count: length)
      valid = String(validating: content, as: UTF8.self)
    }
    guard let valid else {
      throw JSONError(
        .invalidUTF8, offset: start,
        message: "a string that is not valid Unicode (ill-formed UTF-8 or half a surrogate pair)")
    }
    return valid
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = cursor.at
    let isInteger = try cursor.passNumber()
    let bytes = UnsafeBufferPointer(start: cursor.base + start, count: cursor.at - start)
    let text = String(decoding: bytes, as: UTF8.self)
    if isInteger, let integer = Int64(text) { return .integer(integer) }
    guard let double = Double(text), double.isFinite else {
      throw JSONError(.invalidNumber, offset: start, message: "a number too large for a double")
    }
    return .double(double)
  }

  private func check(_ depth: Int) throws(JSONError) {
    guard depth <= maximumDepth else {
      throw JSONError(
        .tooDeep, offset: cursor.at, message: "nested deeper than \(maximumDepth) levels")
    }
  }
}
