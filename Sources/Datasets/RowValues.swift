// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import JSON
public import Objectives

extension RecordBatch {
  /// A row as a JSON object: column names in the order of the schema, numbers as numbers, lists as
  /// arrays, bytes as hexadecimal digits, missing values as null.
  public func json(row: Int) -> JSONValue {
    var object: JSONObject = [:]
    for (field, column) in zip(schema.fields, columns) { object[field.name] = column.json(at: row) }
    return .object(object)
  }

  /// A row's numeric columns, as objectives check them; text and provenance are left out.
  public func exampleRow(_ row: Int, columns names: [String]) -> ExampleRow {
    var example = ExampleRow()
    for name in names {
      guard let column = self[name] else { continue }
      if let values = column.integers(at: row) {
        example[name] = values
      } else if let values = column.reals(at: row) {
        example[reals: name] = values
      }
    }
    return example
  }
}

extension ArrowArray {
  /// The value in a slot as JSON.
  func json(at index: Int) -> JSONValue {
    guard isValid(index) else { return .null }
    switch type {
    case .bool: return .bool(bool(at: index))
    case .float16: return .double(Double(value(Float16.self, at: index)))
    case .float32: return .double(Double(value(Float.self, at: index)))
    case .float64: return .double(value(Double.self, at: index))
    case .utf8, .largeUtf8, .utf8View: return .string(string(at: index) ?? "")
    case .binary, .largeBinary, .binaryView, .fixedSizeBinary:
      let digits = Array("0123456789abcdef")
      let bytes = bytes(at: index) ?? []
      return .string(String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }))
    case .list, .largeList, .fixedSizeList:
      guard let child = children.first, let range = range(at: index) else { return [] }
      return .array(range.map { child.json(at: $0) })
    case .structure(let fields):
      var object: JSONObject = [:]
      for (field, child) in zip(fields, children) { object[field.name] = child.json(at: index) }
      return .object(object)
    case .null: return .null
    default:
      // Unsigned 64-bit numbers above the signed range lose their last digits, as in most readers.
      return integer(at: index).map { .integer($0) }
        ?? .double(Double(value(UInt64.self, at: index)))
    }
  }

  /// The integers of a list in a slot, or the one integer there; `nil` for other types.
  func integers(at index: Int) -> [Int64]? {
    switch type {
    case .list, .largeList, .fixedSizeList:
      guard let child = children.first, let range = range(at: index) else { return nil }
      return child.integers(in: range)
    default:
      return integers(in: index..<(index + 1))
    }
  }

  /// The one real number in a slot; `nil` for other types.
  func reals(at index: Int) -> [Float]? {
    type == .float32 ? [value(Float.self, at: index)] : nil
  }

  private func integers(in range: Range<Int>) -> [Int64]? {
    switch type {
    case .bool: range.map { bool(at: $0) ? 1 : 0 }
    case .int8: slice(Int8.self, range)
    case .int16: slice(Int16.self, range)
    case .int32: slice(Int32.self, range)
    case .int64: slice(Int64.self, range)
    case .uint8: slice(UInt8.self, range)
    case .uint16: slice(UInt16.self, range)
    case .uint32: slice(UInt32.self, range)
    default: nil
    }
  }

  private func slice<T: ArrowPrimitive & FixedWidthInteger>(
    _ type: T.Type, _ range: Range<Int>
  ) -> [Int64] {
    withValues(as: type) { values in values[range].map { Int64($0) } }
  }

  private func integer(at index: Int) -> Int64? {
    type == .uint64
      ? Int64(exactly: value(UInt64.self, at: index)) : integers(in: index..<(index + 1))?.first
  }

  private func bool(at index: Int) -> Bool { data[index >> 3] >> UInt8(index & 7) & 1 == 1 }

  private func value<T: BitwiseCopyable>(_ type: T.Type, at index: Int) -> T {
    data.withUnsafeBytes {
      $0.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.stride, as: type)
    }
  }
}
