// SPDX-License-Identifier: Apache-2.0

/// The logical and physical type of a column, after `Schema.fbs` of Apache Arrow.
///
/// These are the types that token and example shards are made of, and those that cost nothing
/// more to read. Others (dates, decimals, unions, dictionaries, views, …) are refused by name.
public indirect enum ArrowType: Hashable, Sendable {
  /// Slots without values.
  case null
  /// One bit per value.
  case bool
  /// A signed integer of 8 bits.
  case int8
  /// A signed integer of 16 bits.
  case int16
  /// A signed integer of 32 bits.
  case int32
  /// A signed integer of 64 bits.
  case int64
  /// An unsigned integer of 8 bits.
  case uint8
  /// An unsigned integer of 16 bits.
  case uint16
  /// An unsigned integer of 32 bits.
  case uint32
  /// An unsigned integer of 64 bits.
  case uint64
  /// An IEEE 754 binary16 number.
  case float16
  /// An IEEE 754 binary32 number.
  case float32
  /// An IEEE 754 binary64 number.
  case float64
  /// UTF-8 text with 32-bit offsets.
  case utf8
  /// Bytes with 32-bit offsets.
  case binary
  /// UTF-8 text with 64-bit offsets.
  case largeUtf8
  /// Bytes with 64-bit offsets.
  case largeBinary
  /// Byte strings that all have the given length.
  case fixedSizeBinary(Int)
  /// Lists with 32-bit offsets.
  case list(ArrowField)
  /// Lists with 64-bit offsets.
  case largeList(ArrowField)
  /// Lists that all have the given length.
  case fixedSizeList(ArrowField, Int)
  /// A fixed set of named children.
  case structure([ArrowField])

  /// The fields nested directly in this type.
  public var children: [ArrowField] {
    switch self {
    case .list(let item), .largeList(let item), .fixedSizeList(let item, _): [item]
    case .structure(let fields): fields
    default: []
    }
  }

  /// The shape of the buffers that hold an array of this type.
  enum Layout: Hashable {
    /// No buffer at all.
    case none
    /// Validity, then one bit per value.
    case bits
    /// Validity, then values of the given width in bytes.
    case fixed(width: Int)
    /// Validity, offsets of the given width, bytes.
    case variable(offsetWidth: Int, isText: Bool)
    /// Validity, offsets of the given width; one child.
    case list(offsetWidth: Int)
    /// Validity; one child with `size` slots per list.
    case fixedSizeList(size: Int)
    /// Validity; children of the same length.
    case structure
  }

  var layout: Layout {
    switch self {
    case .null: .none
    case .bool: .bits
    case .int8, .uint8: .fixed(width: 1)
    case .int16, .uint16, .float16: .fixed(width: 2)
    case .int32, .uint32, .float32: .fixed(width: 4)
    case .int64, .uint64, .float64: .fixed(width: 8)
    case .fixedSizeBinary(let width): .fixed(width: width)
    case .utf8: .variable(offsetWidth: 4, isText: true)
    case .binary: .variable(offsetWidth: 4, isText: false)
    case .largeUtf8: .variable(offsetWidth: 8, isText: true)
    case .largeBinary: .variable(offsetWidth: 8, isText: false)
    case .list: .list(offsetWidth: 4)
    case .largeList: .list(offsetWidth: 8)
    case .fixedSizeList(_, let size): .fixedSizeList(size: size)
    case .structure: .structure
    }
  }

  /// The number of buffers an array of this type has itself, without its children.
  var ownBufferCount: Int {
    switch layout {
    case .none: 0
    case .fixedSizeList, .structure: 1
    case .bits, .fixed, .list: 2
    case .variable: 3
    }
  }

  /// Array nodes and buffers in the pre-order walk of this type.
  var footprint: (nodes: Int, buffers: Int) {
    children.reduce(into: (1, ownBufferCount)) { total, child in
      let nested = child.type.footprint
      total.0 += nested.nodes
      total.1 += nested.buffers
    }
  }
}

extension ArrowType: CustomStringConvertible {
  /// The type in the notation of the Arrow tools: `list<item: uint16 not null>`.
  public var description: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .int8: "int8"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .uint16: "uint16"
    case .uint32: "uint32"
    case .uint64: "uint64"
    case .float16: "halffloat"
    case .float32: "float"
    case .float64: "double"
    case .utf8: "string"
    case .binary: "binary"
    case .largeUtf8: "large_string"
    case .largeBinary: "large_binary"
    case .fixedSizeBinary(let width): "fixed_size_binary[\(width)]"
    case .list(let item): "list<\(item)>"
    case .largeList(let item): "large_list<\(item)>"
    case .fixedSizeList(let item, let size): "fixed_size_list<\(item)>[\(size)]"
    case .structure(let fields): "struct<\(fields.map(\.description).joined(separator: ", "))>"
    }
  }
}
