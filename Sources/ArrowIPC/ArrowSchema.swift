// SPDX-License-Identifier: Apache-2.0

/// One entry of custom metadata. Order and repetition are kept as they are.
public struct ArrowKeyValue: Hashable, Sendable {
  /// The key; keys beginning `ARROW:` are reserved by the format.
  public let key: String
  /// The value.
  public let value: String

  /// Makes an entry.
  public init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }
}

/// A named column or child: name, type, and whether its slots may be null.
public struct ArrowField: Hashable, Sendable {
  /// The name; `item` for the child of a list.
  public let name: String
  /// The type of the values.
  public let type: ArrowType
  /// Whether slots may be null.
  public let isNullable: Bool
  /// Custom metadata, such as the name of an extension type.
  public let metadata: [ArrowKeyValue]

  /// Makes a field; not nullable unless said.
  public init(
    _ name: String, _ type: ArrowType, isNullable: Bool = false, metadata: [ArrowKeyValue] = []
  ) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
    self.metadata = metadata
  }
}

extension ArrowField: CustomStringConvertible {
  /// `name: type`, and `not null` where it holds.
  public var description: String { "\(name): \(type)\(isNullable ? "" : " not null")" }
}

/// The columns of a file or stream, in order, and its metadata.
public struct ArrowSchema: Hashable, Sendable {
  /// The columns.
  public let fields: [ArrowField]
  /// Metadata of the whole file or stream.
  public let metadata: [ArrowKeyValue]

  /// How deep types may nest, as in Arrow C++.
  public static let maximumDepth = 64

  /// Makes a schema.
  public init(fields: [ArrowField], metadata: [ArrowKeyValue] = []) {
    self.fields = fields
    self.metadata = metadata
  }

  /// The index of the only column with this name, or nil.
  public func index(of name: String) -> Int? {
    guard let first = fields.firstIndex(where: { $0.name == name }) else { return nil }
    return fields[(first + 1)...].contains { $0.name == name } ? nil : first
  }

  /// The first value stored under a key of the metadata.
  public func metadataValue(_ key: String) -> String? {
    metadata.first { $0.key == key }?.value
  }

  /// What one batch with this schema consists of.
  var footprint: ArrowType.Footprint {
    fields.reduce(into: ArrowType.Footprint()) { $0 += $1.type.footprint }
  }

  /// Checks what no batch could mend: nesting depth and fixed sizes.
  ///
  /// - Throws: `.invalidArgument` with the column in question.
  public func validate() throws(ArrowError) {
    for field in fields { try field.validate(depth: 1, path: field.name) }
  }

  /// Checks in addition that every type is one that is written.
  func validateForWriting() throws(ArrowError) {
    try validate()
    for field in fields { try field.requireWritable(path: field.name) }
  }
}

extension ArrowField {
  func requireWritable(path: String) throws(ArrowError) {
    if case .unsupported = type {
      throw ArrowError(.invalidArgument, "\(type) columns are not written", column: path)
    }
    guard !type.isView else {
      throw ArrowError(
        .invalidArgument, "\(type) is read, not written; use large_string or large_binary",
        column: path)
    }
    for child in type.children { try child.requireWritable(path: path + "." + child.name) }
  }

  func validate(depth: Int, path: String) throws(ArrowError) {
    guard depth <= ArrowSchema.maximumDepth else {
      throw ArrowError(
        .invalidArgument, "types nest deeper than \(ArrowSchema.maximumDepth) levels", column: path)
    }
    switch type {
    case .fixedSizeList(_, let size), .fixedSizeBinary(let size):
      guard size > 0, size <= Int(Int32.max) else {
        throw ArrowError(
          .invalidArgument, "a fixed size must be 1 to 2147483647, not \(size)", column: path)
      }
    default: break
    }
    for child in type.children {
      try child.validate(depth: depth + 1, path: path + "." + child.name)
    }
  }
}
