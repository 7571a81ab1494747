// SPDX-License-Identifier: Apache-2.0

/// A field of a FlatBuffers table, described by its value.
///
/// A table is the list of its fields by id, so the description of a message reads like the
/// tables of `Message.fbs`; a union takes two fields, the type id and the table.
indirect enum FlatValue {
  case absent
  case bool(Bool)
  case uint8(UInt8)
  case int16(Int16)
  case int32(Int32)
  case int64(Int64)
  case string(String)
  case table([FlatValue])
  case tables([[FlatValue]])
  /// A vector of structs made of 8-byte integers: FieldNode and Buffer; Block with its padding.
  case structs(width: Int, words: [Int64])

  /// Bytes the field takes inside its table; offsets to other objects take four.
  var inlineSize: Int {
    switch self {
    case .absent: 0
    case .bool, .uint8: 1
    case .int16: 2
    case .int32, .string, .table, .tables, .structs: 4
    case .int64: 8
    }
  }
}

/// Serializes described tables, parents before children, so that every offset points forward.
///
/// Follows https://flatbuffers.dev/internals/ ; vtables are not shared, padding is zero.
struct FlatBufferWriter {
  private(set) var bytes: [UInt8] = [0, 0, 0, 0]

  /// The buffer whose root is the given table.
  ///
  /// - Throws: `.limitExceeded` when it would pass 2 GiB, where offsets end.
  static func serialize(root: [FlatValue]) throws(ArrowError) -> [UInt8] {
    var writer = FlatBufferWriter()
    writer.point(from: 0, to: writer.place(table: root))
    guard writer.bytes.count <= Int(Int32.max) else {
      throw ArrowError(.limitExceeded, "metadata of \(writer.bytes.count) bytes; the end is 2 GiB")
    }
    return writer.bytes
  }

  /// Appends zeros until the next byte has the position `remainder` modulo `alignment`.
  private mutating func align(_ alignment: Int, _ remainder: Int = 0) {
    while bytes.count % alignment != remainder { bytes.append(0) }
  }

  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func store<T: FixedWidthInteger>(_ value: T, at position: Int) {
    withUnsafeBytes(of: value.littleEndian) { source in
      for (index, byte) in source.enumerated() { bytes[position + index] = byte }
    }
  }

  private mutating func point(from slot: Int, to target: Int) {
    store(UInt32(truncatingIfNeeded: target - slot), at: slot)
  }

  private mutating func place(table fields: [FlatValue]) -> Int {
    // Largest fields first: behind the 4-byte start of a table at 4 modulo 8, all are aligned.
    var offsets = [Int](repeating: 0, count: fields.count)
    var tableSize = 4
    for size in [8, 4, 2, 1] {
      for index in fields.indices where fields[index].inlineSize == size {
        offsets[index] = tableSize
        tableSize += size
      }
    }
    let vtableSize = 4 + 2 * fields.count
    align(8, (12 - vtableSize % 8) % 8)
    append(UInt16(truncatingIfNeeded: vtableSize))
    append(UInt16(truncatingIfNeeded: tableSize))
    for offset in offsets { append(UInt16(truncatingIfNeeded: offset)) }

    let table = bytes.count
    append(Int32(truncatingIfNeeded: vtableSize))
    bytes.append(contentsOf: repeatElement(0, count: tableSize - 4))
    for (field, offset) in zip(fields, offsets) { place(field, at: table + offset) }
    return table
  }

  /// Stores a field in its slot, and what it points to behind everything placed so far.
  private mutating func place(_ field: FlatValue, at slot: Int) {
    switch field {
    case .absent: break
    case .bool(let value): store(UInt8(value ? 1 : 0), at: slot)
    case .uint8(let value): store(value, at: slot)
    case .int16(let value): store(value, at: slot)
    case .int32(let value): store(value, at: slot)
    case .int64(let value): store(value, at: slot)
    case .string(let text):
      align(4)
      point(from: slot, to: bytes.count)
      append(UInt32(truncatingIfNeeded: text.utf8.count))
      bytes.append(contentsOf: text.utf8)
      bytes.append(0)
    case .table(let fields):
      point(from: slot, to: place(table: fields))
    case .tables(let tables):
      align(4)
      point(from: slot, to: bytes.count)
      append(UInt32(truncatingIfNeeded: tables.count))
      let slots = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: 4 * tables.count))
      for (index, fields) in tables.enumerated() {
        point(from: slots + 4 * index, to: place(table: fields))
      }
    case .structs(let width, let words):
      align(8, 4)
      point(from: slot, to: bytes.count)
      append(UInt32(truncatingIfNeeded: words.count * 8 / width))
      for word in words { append(word) }
    }
  }
}
