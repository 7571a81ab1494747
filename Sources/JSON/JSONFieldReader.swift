// SPDX-License-Identifier: Apache-2.0

/// Takes some fields out of JSON texts without building values, at memory-scanning speed.
///
///     let reader = JSONFieldReader(paths: ["text", "meta.language"])
///     var fields = JSONFields()
///     try reader.read(line, into: &fields)
///     fields.kind(of: 0)                   // .string
///
/// A dot in a path goes down into an object; a key that contains the dot itself is preferred to
/// that. Of equal keys the last counts. The whole text is checked by RFC 8259, also what is passed
/// over, but not whether strings are well-formed UTF-8: half of a surrogate pair, which JSON can
/// spell and UTF-8 cannot, becomes the three ill-formed bytes ED A0 80 to ED BF BF. So whoever uses
/// a string has its bytes checked, and that check sees both faults.
///
/// - Complexity: linear in the length of the text; memory for the longest decoded string, and one
///   bit for each level of nesting.
public struct JSONFieldReader: Sendable {
  /// The most levels of nesting that are read.
  public static let maximumDepth = 1024

  private let paths: FieldPaths

  /// Makes a reader of the fields at these paths.
  public init(paths: [String]) {
    self.paths = FieldPaths(paths)
  }

  /// Reads one JSON text.
  /// - Throws: `JSONError` with the byte at fault; then the fields are not to be used.
  public func read(
    _ line: UnsafeRawBufferPointer, into fields: inout JSONFields
  ) throws(JSONError) {
    fields.reset(count: paths.count)
    guard let base = line.baseAddress, !line.isEmpty else {
      throw JSONError(.unexpectedEnd, offset: 0, message: "the text is empty")
    }
    var cursor = ByteCursor(base: base.assumingMemoryBound(to: UInt8.self), count: line.count)
    if try cursor.nextToken() == 0x7B {
      fields.isObject = true
      try readObject(node: 0, depth: 1, &cursor, &fields)
    } else {
      try cursor.passValue(depth: 0, &fields.brackets)
    }
    cursor.skipWhitespace()
    guard cursor.at == line.count else {
      throw JSONError(.trailingContent, offset: cursor.at, message: "something follows the value")
    }
  }

  /// Reads the object at the cursor. Recurses at most once a dot of the longest path.
  private func readObject(
    node: Int, depth: Int, _ cursor: inout ByteCursor, _ fields: inout JSONFields
  ) throws(JSONError) {
    cursor.at &+= 1
    if try cursor.nextToken() == 0x7D {
      cursor.at &+= 1
      return
    }
    while true {
      let entry = try readKey(node: node, &cursor, &fields)
      try cursor.expect(0x3A, "':'")
      let first = try cursor.nextToken()
      if let entry {
        try readValue(node: node, entry: entry, first, depth: depth, &cursor, &fields)
      } else {
        try cursor.passValue(depth: depth, &fields.brackets)
      }
      if try cursor.nextToken() == 0x7D {
        cursor.at &+= 1
        return
      }
      try cursor.expect(0x2C, "',' or '}'")
    }
  }

  /// Passes a key; gives the entry of the node that it names.
  @inline(__always)
  private func readKey(
    node: Int, _ cursor: inout ByteCursor, _ fields: inout JSONFields
  ) throws(JSONError) -> Int? {
    guard try cursor.nextToken() == ByteCursor.quote else {
      throw cursor.unexpected("a key in quotes")
    }
    cursor.at &+= 1
    let start = cursor.at
    guard try cursor.passString() else {
      return match(node, UnsafeBufferPointer(rebasing: cursor.bytes[start..<cursor.at &- 1]))
    }
    let end = cursor.at
    let out = fields.room(for: end &- start &+ 16)
    cursor.at = start
    let length = try cursor.decodeString(into: out)
    return match(node, UnsafeBufferPointer(start: out, count: length))
  }

  @inline(__always)
  private func match(_ node: Int, _ key: UnsafeBufferPointer<UInt8>) -> Int? {
    for (index, entry) in paths.nodes[node].entries.enumerated()
    where entry.key.count == key.count && entry.key.elementsEqual(key) {
      return index
    }
    return nil
  }

  private func readValue(
    node: Int, entry index: Int, _ first: UInt8, depth: Int,
    _ cursor: inout ByteCursor, _ fields: inout JSONFields
  ) throws(JSONError) {
    let entry = paths.nodes[node].entries[index]
    for (path, rank) in entry.below where rank <= fields.fields[path].rank {
      fields.fields[path] = JSONFields.Field()  // of equal keys the last counts
    }
    var field = JSONFields.Field()
    field.start = cursor.at
    switch first {
    case ByteCursor.quote:
      field.kind = .string
      try readString(&field, wanted: !entry.values.isEmpty, &cursor, &fields)
    case 0x7B:
      field.kind = .object
      if let child = entry.child {
        guard depth < Self.maximumDepth else { throw cursor.tooDeep() }
        try readObject(node: child, depth: depth &+ 1, &cursor, &fields)
      } else {
        try cursor.passValue(depth: depth, &fields.brackets)
      }
      field.end = cursor.at
    default:
      switch first {
      case 0x5B: field.kind = .array
      case 0x74, 0x66: field.kind = .bool
      case 0x6E: field.kind = .null
      default: field.kind = .number
      }
      try cursor.passValue(depth: depth, &fields.brackets)
      field.end = cursor.at
    }
    for (path, rank) in entry.values where rank <= fields.fields[path].rank {
      field.rank = rank
      fields.fields[path] = field
    }
  }

  /// Reads the string at the cursor: where it lies if it has no escape, else a decoded copy.
  private func readString(
    _ field: inout JSONFields.Field, wanted: Bool,
    _ cursor: inout ByteCursor, _ fields: inout JSONFields
  ) throws(JSONError) {
    cursor.at &+= 1
    let start = cursor.at
    let special = cursor.firstSpecial(from: start)
    guard wanted, special < cursor.count, cursor.base[special] == ByteCursor.backslash else {
      cursor.at = special
      _ = try cursor.passString()
      field.start = start
      field.end = cursor.at &- 1
      return
    }
    field.isDecoded = true
    field.start = fields.decodedCount
    let out = fields.room(for: cursor.count &- start &+ 16)
    fields.decodedCount &+= try cursor.decodeString(into: out)
    field.end = fields.decodedCount
  }
}
