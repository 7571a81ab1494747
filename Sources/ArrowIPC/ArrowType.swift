// SPDX-License-Identifier: Apache-2.0

/// The logical and physical type of a column, after `Schema.fbs` of Apache Arrow.
///
/// These are the types that token and example shards are made of, and those that cost little more
/// to read. Others (dates, decimals, unions, dictionaries, …) are refused by name or passed over.
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
  /// UTF-8 text by views: read into text with 64-bit offsets, not written.
  case utf8View
  /// Bytes by views: read into bytes with 64-bit offsets, not written.
  case binaryView
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
  /// A type whose values are not read. Schemas hold it only where
  /// `ArrowReadOptions.passesOverUnsupported` lets them.
  case unsupported(UnsupportedType)

  /// What is known of a type whose values are not read: enough to pass it over.
  public struct UnsupportedType: Hashable, Sendable {
    /// What the format calls it.
    public let name: String
    let bufferCount: Int
    let children: [ArrowField]
  }

  /// The fields nested directly in this type.
  public var children: [ArrowField] {
    switch self {
    case .list(let item), .largeList(let item), .fixedSizeList(let item, _): [item]
    case .structure(let fields): fields
    case .unsupported(let type): type.children
    default: []
    }
  }

  /// Whether slots are stored as views into further buffers, of which a batch has any number.
  var isView: Bool { self == .utf8View || self == .binaryView }

  /// The shape of the buffers that hold an array of this type in memory.
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
    case .null, .unsupported: .none
    case .bool: .bits
    case .int8, .uint8: .fixed(width: 1)
    case .int16, .uint16, .float16: .fixed(width: 2)
    case .int32, .uint32, .float32: .fixed(width: 4)
    case .int64, .uint64, .float64: .fixed(width: 8)
    case .fixedSizeBinary(let width): .fixed(width: width)
    case .utf8: .variable(offsetWidth: 4, isText: true)
    case .binary: .variable(offsetWidth: 4, isText: false)
    case .largeUtf8, .utf8View: .variable(offsetWidth: 8, isText: true)
    case .largeBinary, .binaryView: .variable(offsetWidth: 8, isText: false)
    case .list: .list(offsetWidth: 4)
    case .largeList: .list(offsetWidth: 8)
    case .fixedSizeList(_, let size): .fixedSizeList(size: size)
    case .structure: .structure
    }
  }

  /// The number of buffers an array of this type has itself as it is stored, without its children
  /// and without those that views lead to.
  var ownBufferCount: Int {
    if case .unsupported(let type) = self { return type.bufferCount }
    if isView { return 2 }
    return switch layout {
    case .none: 0
    case .fixedSizeList, .structure: 1
    case .bits, .fixed, .list: 2
    case .variable: 3
    }
  }

  /// What the pre-order walk of this type meets.
  var footprint: Footprint {
    children.reduce(
      into: Footprint(nodes: 1, buffers: ownBufferCount, views: isView ? 1 : 0)
    ) { $0 += $1.type.footprint }
  }

  /// The parts of a batch that columns of some types take up.
  struct Footprint: Hashable {
    var nodes = 0
    /// Without those that views lead to.
    var buffers = 0
    /// Arrays of views, each with a number of further buffers.
    var views = 0

    static func += (total: inout Footprint, more: Footprint) {
      total.nodes += more.nodes
      total.buffers += more.buffers
      total.views += more.views
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
    case .utf8View: "string_view"
    case .binaryView: "binary_view"
    case .utf8: "string"
    case .binary: "binary"
    case .largeUtf8: "large_string"
    case .largeBinary: "large_binary"
    case .fixedSizeBinary(let width): "fixed_size_binary[\(width)]"
    case .list(let item): "list<\(item)>"
    case .largeList(let item): "large_list<\(item)>"
    case .fixedSizeList(let item, let size): "fixed_size_list<\(item)>[\(size)]"
    case .structure(let fields): "struct<\(fields.map(\.description).joined(separator: ", "))>"
    case .unsupported(let type): type.name
    }
  }
}
