// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC

/// Writes the rows of Arrow batches as JSON Lines, so that they are read like any other.
struct RowSerializer {
  private let names: [[UInt8]]
  private let paths: [(column: Int, members: [Int])]

  /// For batches that hold `columns.columns`, in that order.
  init(_ columns: TableColumns) {
    let order = columns.columns
    names = columns.fields.map { Self.quoted(Array($0.name.utf8)[...]) }
    paths = columns.fields.map { (order.firstIndex(of: $0.column) ?? 0, $0.members) }
  }

  /// Appends rows from `start` on until the bytes reach `size` or the batch ends; returns the next row.
  func append(
    _ batch: RecordBatch, from start: Int, upTo size: Int, to bytes: inout [UInt8]
  ) -> Int {
    var row = start
    while row < batch.rowCount, bytes.count < size {
      var separator = UInt8(ascii: "{")
      for (name, path) in zip(names, paths) {
        bytes.append(separator)
        bytes.append(contentsOf: name)
        bytes.append(UInt8(ascii: ":"))
        Self.append(batch.columns[path.column], path.members[...], row, to: &bytes)
        separator = UInt8(ascii: ",")
      }
      bytes.append(UInt8(ascii: "}"))
      bytes.append(UInt8(ascii: "\n"))
      row += 1
    }
    return row
  }

  private static func append(
    _ array: ArrowArray, _ members: ArraySlice<Int>, _ row: Int, to bytes: inout [UInt8]
  ) {
    guard let member = members.first else { return append(array, row, to: &bytes) }
    guard array.isValid(row) else { return bytes.append(contentsOf: null) }
    append(array.children[member], members.dropFirst(), row, to: &bytes)
  }

  private static func append(_ array: ArrowArray, _ slot: Int, to bytes: inout [UInt8]) {
    guard array.isValid(slot) else { return bytes.append(contentsOf: null) }
    switch array.type {
    case .bool:
      let value = array.data[slot >> 3] >> UInt8(slot & 7) & 1
      bytes.append(contentsOf: (value == 1 ? "true" : "false").utf8)
    case .float16: append(Double(value(Float16.self, array, slot)), to: &bytes)
    case .float32: append(Double(value(Float.self, array, slot)), to: &bytes)
    case .float64: append(value(Double.self, array, slot), to: &bytes)
    case .list, .largeList, .fixedSizeList:
      bytes.append(UInt8(ascii: "["))
      for (index, item) in (array.range(at: slot) ?? 0..<0).enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        append(array.children[0], item, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .structure(let fields):
      bytes.append(UInt8(ascii: "{"))
      for (index, field) in fields.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        appendQuoted(Array(field.name.utf8)[...], to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(array.children[index], slot, to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    default:
      if let text = array.bytes(at: slot), !isNumber(array.type) {
        appendQuoted(text, to: &bytes)
      } else {
        bytes.append(contentsOf: integer(array, slot).utf8)
      }
    }
  }

  private static func isNumber(_ type: ArrowType) -> Bool {
    if case .fixedSizeBinary = type { return false }
    return !type.isText
  }

  private static func integer(_ array: ArrowArray, _ slot: Int) -> String {
    switch array.type {
    case .int8: String(value(Int8.self, array, slot))
    case .int16: String(value(Int16.self, array, slot))
    case .int32: String(value(Int32.self, array, slot))
    case .int64: String(value(Int64.self, array, slot))
    case .uint8: String(value(UInt8.self, array, slot))
    case .uint16: String(value(UInt16.self, array, slot))
    case .uint32: String(value(UInt32.self, array, slot))
    case .uint64: String(value(UInt64.self, array, slot))
    default: "null"
    }
  }

  /// A number; what JSON has no number for becomes null.
  private static func append(_ value: Double, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
  }

  private static func value<T: BitwiseCopyable>(
    _ type: T.Type, _ array: ArrowArray, _ slot: Int
  ) -> T {
    array.data.withUnsafeBytes {
      $0.loadUnaligned(fromByteOffset: slot * MemoryLayout<T>.stride, as: type)
    }
  }

  private static let null = Array("null".utf8)

  private static func quoted(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    appendQuoted(text, to: &bytes)
    return bytes
  }

  /// Text in quotes; bytes that are not UTF-8 stay as they are, for the reader's policy.
  private static func appendQuoted(_ text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    text.withUnsafeBufferPointer { text in
      var start = 0
      for index in text.indices where needsEscape(text[index]) {
        bytes.append(contentsOf: text[start..<index])
        bytes.append(contentsOf: escape(text[index]))
        start = index + 1
      }
      bytes.append(contentsOf: text[start...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  @inline(__always)
  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x22 || byte == 0x5C
  }

  private static func escape(_ byte: UInt8) -> [UInt8] {
    switch byte {
    case 0x22, 0x5C: return [0x5C, byte]
    case 0x0A: return Array("\\n".utf8)
    case 0x0D: return Array("\\r".utf8)
    case 0x09: return Array("\\t".utf8)
    default:
      let digits = Array("0123456789abcdef".utf8)
      return Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
}
