// SPDX-License-Identifier: Apache-2.0

/// What `JSONFieldReader` found in a line, one field for each of its paths.
///
/// Made once and reused: after the first lines reading allocates nothing. A string without escapes
/// is not copied, so a field is looked at together with the line it came from.
public struct JSONFields: ~Copyable {
  /// What a field holds.
  public enum Kind: UInt8, Sendable, Hashable {
    /// The line has no such field.
    case missing
    /// `null`
    case null
    /// `true` or `false`
    case bool
    /// A number; its bytes are as written.
    case number
    /// A string; its bytes are the content, decoded.
    case string
    /// An array; its bytes are as written.
    case array
    /// An object; its bytes are as written.
    case object
  }

  struct Field {
    var kind = Kind.missing
    var isDecoded = false
    var rank = Int.max
    var start = 0
    var end = 0
  }

  var fields: [Field] = []
  /// Whether the line is an object. Any JSON value is read, only an object has fields.
  public internal(set) var isObject = false
  /// Decoded strings; `decodedCount` bytes of it are in use.
  var decoded: UnsafeMutablePointer<UInt8>?
  var decodedCapacity = 0
  var decodedCount = 0
  /// One bit for each open bracket in a value that is passed over: 1 for an object.
  var brackets: [UInt64] = []

  /// Makes room that `JSONFieldReader` fills.
  public init() {}

  deinit { decoded?.deallocate() }

  /// The number of fields, which is the number of paths.
  public var count: Int { fields.count }

  /// What a field holds.
  public func kind(of index: Int) -> Kind { fields[index].kind }

  /// Gives the bytes of a field: the content of a string, else the value as it is written.
  ///
  /// The bytes of a string are decoded but not checked for UTF-8.
  /// - Parameter line: the line that was read last.
  public func withBytes<Result, Failure: Error>(
    of index: Int, in line: UnsafeRawBufferPointer,
    _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let field = fields[index]
    let source: UnsafePointer<UInt8>? =
      field.isDecoded
      ? UnsafePointer(decoded)
      : line.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let source, field.kind != .missing else {
      return try body(UnsafeBufferPointer(start: nil, count: 0))
    }
    return try body(
      UnsafeBufferPointer(start: source + field.start, count: field.end - field.start))
  }

  /// The bytes of a field as an array, see `withBytes(of:in:_:)`.
  public func bytes(of index: Int, in line: UnsafeRawBufferPointer) -> [UInt8] {
    withBytes(of: index, in: line) { Array($0) }
  }

  mutating func reset(count: Int) {
    decodedCount = 0
    isObject = false
    if fields.count != count {
      fields = [Field](repeating: Field(), count: count)
    } else {
      for index in 0..<count { fields[index] = Field() }
    }
  }

  /// Room for `capacity` decoded bytes after those in use.
  mutating func room(for capacity: Int) -> UnsafeMutablePointer<UInt8> {
    let needed = decodedCount &+ capacity
    if let decoded, decodedCapacity >= needed { return decoded + decodedCount }
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: max(needed, 4096))
    if let decoded {
      larger.update(from: decoded, count: decodedCount)
      decoded.deallocate()
    }
    decoded = larger
    decodedCapacity = max(needed, 4096)
    return larger + decodedCount
  }
}
