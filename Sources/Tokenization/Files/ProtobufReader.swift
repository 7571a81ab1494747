// SPDX-License-Identifier: Apache-2.0

/// Reads the fields of one protocol-buffer message (wire format of proto2), within its bytes.
struct ProtobufReader {
  /// A field: its number and what it holds.
  struct Field {
    let number: UInt64
    let value: Value
  }

  enum Value {
    case integer(UInt64)
    case float(Float)
    case bytes(ArraySlice<UInt8>)
    /// Eight bytes; no field that is read has this type.
    case wide
  }

  private let bytes: ArraySlice<UInt8>
  private var at: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    at = bytes.startIndex
  }

  /// The next field, or nil at the end.
  mutating func next() throws(TokenizerError) -> Field? {
    if at == bytes.endIndex { return nil }
    let start = at
    let tag = try varint()
    guard tag >> 3 > 0 else { throw malformed(start, "a field has the number 0") }
    switch tag & 7 {
    case 0: return Field(number: tag >> 3, value: .integer(try varint()))
    case 1:
      _ = try take(8)
      return Field(number: tag >> 3, value: .wide)
    case 2:
      let length = try varint()
      guard let count = Int(exactly: length), count <= bytes.endIndex - at else {
        throw malformed(start, "a field claims \(length) bytes of \(bytes.endIndex - at)")
      }
      return Field(number: tag >> 3, value: .bytes(try take(count)))
    case 5:
      let word = try take(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return Field(number: tag >> 3, value: .float(Float(bitPattern: word)))
    case let type: throw malformed(start, "a field has the unknown type \(type)")
    }
  }

  private mutating func take(_ count: Int) throws(TokenizerError) -> ArraySlice<UInt8> {
    guard count <= bytes.endIndex - at else { throw malformed(at, "the file is cut off") }
    defer { at += count }
    return bytes[at..<at + count]
  }

  private mutating func varint() throws(TokenizerError) -> UInt64 {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard at < bytes.endIndex else { throw malformed(at, "the file is cut off") }
      let byte = UInt64(bytes[at])
      at += 1
      result |= (byte & 0x7F) << shift
      if byte < 0x80 { return result }
    }
    throw malformed(at, "a number has more than ten bytes")
  }

  private func malformed(_ at: Int, _ what: String) -> TokenizerError {
    TokenizerError(.malformed, at: "byte \(at)", "\(what); is this a sentencepiece model?")
  }
}
