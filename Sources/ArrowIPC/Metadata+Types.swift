// SPDX-License-Identifier: Apache-2.0

/// A type read from metadata before its children are known.
enum TypeShape {
  case leaf(ArrowType)
  case list
  case largeList
  case fixedSizeList(Int)
  case structure
  case unsupported(name: String, bufferCount: Int, childCount: Int)

  /// How many children the type must have; nil for any number.
  var childCount: Int? {
    switch self {
    case .leaf: 0
    case .list, .largeList, .fixedSizeList: 1
    case .structure: nil
    case .unsupported(_, _, let count): count
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
    case .unsupported(let name, let buffers, _):
      .unsupported(.init(name: name, bufferCount: buffers, children: children))
    }
  }
}

extension FlatBufferReader {
  /// The types of the format that are not read, by id in the Type union, with the numbers of their
  /// own buffers and of their children. Unions have another number before V5, and are always refused.
  private static let unsupported: [UInt8: TypeShape] = {
    let shapes: [(UInt8, String, Int, Int)] = [
      (7, "decimal", 2, 0), (8, "date", 2, 0), (9, "time", 2, 0), (10, "timestamp", 2, 0),
      (11, "interval", 2, 0), (17, "map", 2, 1), (18, "duration", 2, 0),
      (22, "run-end encoded", 0, 2), (25, "list view", 3, 1), (26, "large list view", 3, 1),
    ]
    return shapes.reduce(into: [:]) {
      $0[$1.0] = .unsupported(name: $1.1, bufferCount: $1.2, childCount: $1.3)
    }
  }()

  mutating func typeShape(_ field: Table, childCount: Int) throws(ArrowError) -> TypeShape {
    let id = try scalar(field, 2, default: UInt8(0))
    if case .unsupported(let name, _, _)? = Self.unsupported[id], !passesOverUnsupported {
      throw fault(field, "unsupported type \(name)", .unsupported)
    }
    guard id != 14 else { throw fault(field, "unsupported type union", .unsupported) }
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
    case 23: .leaf(.binaryView)
    case 24: .leaf(.utf8View)
    default:
      if let shape = Self.unsupported[id] {
        shape
      } else {
        throw fault(table, "an unknown type with the number \(id)", .unsupported)
      }
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
