// SPDX-License-Identifier: Apache-2.0

/// A message of a stream or file, decoded and checked in itself.
struct Message {
  enum Header {
    case schema(ArrowSchema)
    case batch(BatchLayout)
    /// The values of a dictionary-encoded column, which are not read.
    case dictionary
  }

  let header: Header
  let bodyLength: Int
  let metadata: [ArrowKeyValue]

  /// Decodes the flatbuffer of a message that lies at `base`.
  init(_ bytes: [UInt8], base: Int, _ options: ArrowReadOptions = ArrowReadOptions())
    throws(ArrowError)
  {
    var reader = FlatBufferReader(
      bytes, base: base, passesOverUnsupported: options.passesOverUnsupported)
    let root = try reader.root()
    try reader.checkVersion(root)
    let length = try reader.scalar(root, 3, default: Int64(0))
    guard let bodyLength = Int(exactly: length), bodyLength >= 0, bodyLength % 8 == 0 else {
      throw reader.fault(root, "a body of \(length) bytes")
    }
    self.bodyLength = bodyLength
    let kind = try reader.scalar(root, 1, default: UInt8(0))
    guard let table = try reader.table(root, 2) else {
      throw reader.fault(root, "a message without its header")
    }
    switch kind {
    case Format.Header.schema:
      guard bodyLength == 0 else { throw reader.fault(root, "a schema with a body") }
      header = .schema(try reader.schema(table))
    case Format.Header.recordBatch: header = .batch(try reader.batch(table))
    case Format.Header.dictionaryBatch where options.passesOverUnsupported: header = .dictionary
    case Format.Header.dictionaryBatch:
      throw reader.fault(root, "dictionary batches are not supported", .unsupported)
    case Format.Header.tensor, Format.Header.sparseTensor:
      throw reader.fault(root, "tensors are not supported", .unsupported)
    default: throw reader.fault(root, "an unknown message of type \(kind)", .unsupported)
    }
    metadata = try reader.keyValues(root, 4)
    // Arrow 0.17 announced compression here, in no other place.
    guard !metadata.contains(where: { $0.key == "ARROW:experimental_compression" }) else {
      throw reader.fault(root, "experimental compression is not supported", .unsupported)
    }
  }
}

/// The footer of a file, decoded and checked in itself.
struct Footer {
  let schema: ArrowSchema
  let blocks: [Block]
  /// Where the values of dictionary-encoded columns lie.
  let dictionaries: [Block]
  let metadata: [ArrowKeyValue]

  /// Decodes the flatbuffer of a footer that lies at `base`.
  init(_ bytes: [UInt8], base: Int, _ options: ArrowReadOptions) throws(ArrowError) {
    var reader = FlatBufferReader(
      bytes, base: base, passesOverUnsupported: options.passesOverUnsupported)
    let root = try reader.root()
    try reader.checkVersion(root)
    guard let table = try reader.table(root, 1) else {
      throw reader.fault(root, "a footer without a schema")
    }
    schema = try reader.schema(table)
    dictionaries = Self.blocks(try reader.structs(root, 2, width: 24) ?? [])
    guard dictionaries.isEmpty || options.passesOverUnsupported else {
      throw reader.fault(root, "dictionary batches are not supported", .unsupported)
    }
    blocks = Self.blocks(try reader.structs(root, 3, width: 24) ?? [])
    metadata = try reader.keyValues(root, 4)
  }

  private static func blocks(_ words: [Int64]) -> [Block] {
    stride(from: 0, to: words.count, by: 3).map { start in
      // The second word is an int32 and its padding.
      Block(
        offset: Int(truncatingIfNeeded: words[start]),
        metadataLength: Int(Int32(truncatingIfNeeded: words[start + 1])),
        bodyLength: Int(truncatingIfNeeded: words[start + 2]))
    }
  }
}

extension FlatBufferReader {
  func checkVersion(_ root: Table) throws(ArrowError) {
    let version = try scalar(root, 0, default: Int16(0))
    guard version == Format.version4 || version == Format.version5 else {
      throw fault(
        root, "metadata version V\(Int(version) + 1); versions V4 and V5 are read", .unsupported)
    }
  }

  mutating func keyValues(_ parent: Table, _ id: Int) throws(ArrowError) -> [ArrowKeyValue] {
    var entries: [ArrowKeyValue] = []
    for table in try tables(parent, id) ?? [] {
      guard let key = try string(table, 0), let value = try string(table, 1) else {
        throw fault(table, "metadata without a key or value")
      }
      entries.append(ArrowKeyValue(key, value))
    }
    return entries
  }

  mutating func schema(_ table: Table) throws(ArrowError) -> ArrowSchema {
    guard try scalar(table, 0, default: Int16(0)) == 0 else {
      throw fault(table, "big-endian data is not supported", .unsupported)
    }
    guard let columns = try tables(table, 1) else {
      throw fault(table, "a schema without fields")
    }
    var fields: [ArrowField] = []
    for column in columns { fields.append(try field(column, depth: 1, parents: [])) }
    return ArrowSchema(fields: fields, metadata: try keyValues(table, 2))
  }

  private mutating func field(
    _ table: Table, depth: Int, parents: [String]
  ) throws(ArrowError) -> ArrowField {
    guard depth <= ArrowSchema.maximumDepth else {
      throw fault(table, "types nest deeper than \(ArrowSchema.maximumDepth)", .limitExceeded)
    }
    let path = parents + [try string(table, 0) ?? ""]
    do throws(ArrowError) {
      if try self.table(table, 4) != nil {
        guard passesOverUnsupported else {
          throw fault(table, "dictionary-encoded columns are not supported", .unsupported)
        }
        // A batch holds the indices: validity and numbers, no children whatever the values are.
        return ArrowField(
          path[path.count - 1],
          .unsupported(.init(name: "dictionary", bufferCount: 2, children: [])),
          isNullable: try bool(table, 1), metadata: try keyValues(table, 6))
      }
      let children = try tables(table, 5) ?? []
      let shape = try typeShape(table, childCount: children.count)
      var nested: [ArrowField] = []
      for child in children {
        nested.append(try field(child, depth: depth + 1, parents: path))
      }
      return ArrowField(
        path[path.count - 1], shape.type(nested), isNullable: try bool(table, 1),
        metadata: try keyValues(table, 6))
    } catch {
      throw error.located(column: path.joined(separator: "."))
    }
  }

  mutating func batch(_ table: Table) throws(ArrowError) -> BatchLayout {
    guard let nodes = try structs(table, 1, width: 16),
      let buffers = try structs(table, 2, width: 16)
    else { throw fault(table, "a batch without nodes or buffers") }
    var codec: UInt8?
    if let compression = try self.table(table, 3) {
      let stored = try scalar(compression, 0, default: Format.Codec.lz4Frame)
      let method = try scalar(compression, 1, default: UInt8(0))
      guard method == 0 else { throw fault(compression, "compression method \(method)") }
      guard stored == Format.Codec.zstd || stored == Format.Codec.lz4Frame else {
        throw fault(compression, "unknown codec \(stored)", .unsupported)
      }
      codec = stored
    }
    let viewBuffers = try structs(table, 4, width: 8) ?? []
    let rows = try scalar(table, 0, default: Int64(0))
    guard let rowCount = Int(exactly: rows), rowCount >= 0 else {
      throw fault(table, "a batch of \(rows) rows")
    }
    var layout = BatchLayout(rowCount: rowCount, codec: codec)
    layout.nodes = stride(from: 0, to: nodes.count, by: 2).map {
      .init(
        length: Int(truncatingIfNeeded: nodes[$0]),
        nullCount: Int(truncatingIfNeeded: nodes[$0 + 1]))
    }
    layout.buffers = stride(from: 0, to: buffers.count, by: 2).map {
      .init(
        offset: Int(truncatingIfNeeded: buffers[$0]),
        length: Int(truncatingIfNeeded: buffers[$0 + 1]))
    }
    for count in viewBuffers {
      guard count >= 0, count <= layout.buffers.count else {
        throw fault(table, "an array of views into \(count) buffers")
      }
      layout.viewBuffers.append(Int(count))
    }
    return layout
  }
}
