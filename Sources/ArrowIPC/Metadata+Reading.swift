// SPDX-License-Identifier: Apache-2.0

/// A message of a stream or file, decoded and checked in itself.
struct Message {
  enum Header {
    case schema(ArrowSchema)
    case batch(BatchLayout)
  }

  let header: Header
  let bodyLength: Int
  let metadata: [ArrowKeyValue]

  /// Decodes the flatbuffer of a message that lies at `base`.
  init(_ bytes: [UInt8], base: Int) throws(ArrowError) {
    var reader = FlatBufferReader(bytes, base: base)
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
  let metadata: [ArrowKeyValue]

  /// Decodes the flatbuffer of a footer that lies at `base`.
  init(_ bytes: [UInt8], base: Int) throws(ArrowError) {
    var reader = FlatBufferReader(bytes, base: base)
    let root = try reader.root()
    try reader.checkVersion(root)
    guard let table = try reader.table(root, 1) else {
      throw reader.fault(root, "a footer without a schema")
    }
    schema = try reader.schema(table)
    guard try reader.structs(root, 2, width: 24)?.isEmpty ?? true else {
      throw reader.fault(root, "dictionary batches are not supported", .unsupported)
    }
    let words = try reader.structs(root, 3, width: 24) ?? []
    var blocks: [Block] = []
    blocks.reserveCapacity(words.count / 3)
    for start in stride(from: 0, to: words.count, by: 3) {
      // The second word is an int32 and its padding.
      blocks.append(
        Block(
          offset: Int(truncatingIfNeeded: words[start]),
          metadataLength: Int(Int32(truncatingIfNeeded: words[start + 1])),
          bodyLength: Int(truncatingIfNeeded: words[start + 2])))
    }
    self.blocks = blocks
    metadata = try reader.keyValues(root, 4)
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
      guard try self.table(table, 4) == nil else {
        throw fault(table, "dictionary-encoded columns are not supported", .unsupported)
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
    var isCompressed = false
    if let compression = try self.table(table, 3) {
      let codec = try scalar(compression, 0, default: Format.Codec.lz4Frame)
      let method = try scalar(compression, 1, default: UInt8(0))
      guard method == 0 else { throw fault(compression, "compression method \(method)") }
      switch codec {
      case Format.Codec.zstd: isCompressed = true
      case Format.Codec.lz4Frame:
        throw fault(compression, "LZ4-compressed batches are not supported", .unsupported)
      default: throw fault(compression, "unknown codec \(codec)", .unsupported)
      }
    }
    guard try structs(table, 4, width: 8)?.isEmpty ?? true else {
      throw fault(table, "view buffers in a batch without views")
    }
    let rows = try scalar(table, 0, default: Int64(0))
    guard let rowCount = Int(exactly: rows), rowCount >= 0 else {
      throw fault(table, "a batch of \(rows) rows")
    }
    var layout = BatchLayout(rowCount: rowCount, isCompressed: isCompressed)
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
    return layout
  }
}
