// SPDX-License-Identifier: Apache-2.0

/// A type read from metadata before its children are known.
enum TypeShape {
  case leaf(ArrowType)
  case list
  case largeList
  case fixedSizeList(Int)
  case structure

  /// How many children the type must have; nil for any number.
  var childCount: Int? {
    switch self {
    case .leaf: 0
    case .list, .largeList, .fixedSizeList: 1
    case .structure: nil
    }
  }

  /// The type with its children, whose number has been checked.
  func type(_ children: [ArrowField]) -> ArrowType {
    switch self {
    case .leaf(let type): type
    case .list: .list(children[0])
    case .largeList: .largeList(children[0])
    case .fixedSizeList(let size): .fixedSizeList(children[0], size)
    case .structure: .structure(children)
    }
  }
}

extension FlatBufferReader {
  /// The types of the format that are refused, by id in the Type union.
  private static let refusedTypes: [UInt8: String] = [
    7: "decimal", 8: "date", 9: "time", 10: "timestamp", 11: "interval", 14: "union", 17: "map",
    18: "duration", 22: "run-end encoded", 23: "binary view", 24: "string view", 25: "list view",
    26: "large list view",
  ]

  mutating func typeShape(_ field: Table, childCount: Int) throws(ArrowError) -> TypeShape {
    let id = try scalar(field, 2, default: UInt8(0))
    if let name = Self.refusedTypes[id] {
      throw fault(field, "unsupported type \(name)", .unsupported)
    }
    guard let table = try self.table(field, 3) else {
      throw fault(field, "a field without a type")
    }
    let shape = try shape(id, table)
    if let expected = shape.childCount, expected != childCount {
      throw fault(field, "\(childCount) children in a type that has \(expected)")
    }
    return shape
  }

  private func shape(_ id: UInt8, _ table: Table) throws(ArrowError) -> TypeShape {
    switch id {
    case 1: .leaf(.null)
    case 2: .leaf(try integer(table))
    case 3: .leaf(try floatingPoint(table))
    case 4: .leaf(.binary)
    case 5: .leaf(.utf8)
    case 6: .leaf(.bool)
    case 12: .list
    case 13: .structure
    case 15: .leaf(.fixedSizeBinary(try size(table)))
    case 16: .fixedSizeList(try size(table))
    case 19: .leaf(.largeBinary)
    case 20: .leaf(.largeUtf8)
    case 21: .largeList
    default: throw fault(table, "an unknown type with the number \(id)", .unsupported)
    }
  }

  private func integer(_ table: Table) throws(ArrowError) -> ArrowType {
    let width = try scalar(table, 0, default: Int32(0))
    let isSigned = try bool(table, 1)
    switch width {
    case 8: return isSigned ? .int8 : .uint8
    case 16: return isSigned ? .int16 : .uint16
    case 32: return isSigned ? .int32 : .uint32
    case 64: return isSigned ? .int64 : .uint64
    default: throw fault(table, "integers of \(width) bits")
    }
  }

  private func floatingPoint(_ table: Table) throws(ArrowError) -> ArrowType {
    let precision = try scalar(table, 0, default: Int16(0))
    switch precision {
    case 0: return .float16
    case 1: return .float32
    case 2: return .float64
    default: throw fault(table, "floating-point precision \(precision)")
    }
  }

  /// A fixed size. Zero is legal Arrow, but would allow any number of rows in no bytes.
  private func size(_ table: Table) throws(ArrowError) -> Int {
    let size = Int(try scalar(table, 0, default: Int32(0)))
    guard size != 0 else { throw fault(table, "a fixed size of 0 is not supported", .unsupported) }
    guard size > 0 else { throw fault(table, "a fixed size of \(size)") }
    return size
  }
}
