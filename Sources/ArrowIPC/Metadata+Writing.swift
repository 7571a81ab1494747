// SPDX-License-Identifier: Apache-2.0

/// Constants of `Message.fbs`, `Schema.fbs` and `File.fbs`.
enum Format {
  static let magic: [UInt8] = Array("ARROW1".utf8)
  static let continuation: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
  static let endOfStream: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
  /// Magic and padding before the first message of a file.
  static let fileHeaderSize = 8
  /// Continuation marker and length before each message.
  static let framingSize = 8
  /// Buffers and bodies start at multiples of this, in files also in absolute terms.
  static let alignment = 64

  static let version4: Int16 = 3
  static let version5: Int16 = 4

  enum Header {
    static let schema: UInt8 = 1
    static let dictionaryBatch: UInt8 = 2
    static let recordBatch: UInt8 = 3
    static let tensor: UInt8 = 4
    static let sparseTensor: UInt8 = 5
  }

  enum Codec {
    static let lz4Frame: UInt8 = 0
    static let zstd: UInt8 = 1
  }

  static func padded(_ size: Int, to alignment: Int = alignment) -> Int {
    (size + alignment - 1) / alignment * alignment
  }
}

/// One batch of a file: `Block` of `File.fbs`.
struct Block: Hashable, Sendable {
  /// Position of the continuation marker.
  var offset: Int
  /// Framing and metadata with its padding.
  var metadataLength: Int
  var bodyLength: Int
}

/// What a RecordBatch message says about its body.
struct BatchLayout: Hashable, Sendable {
  struct Node: Hashable, Sendable {
    var length: Int
    var nullCount: Int
  }

  struct Buffer: Hashable, Sendable {
    var offset: Int
    var length: Int
  }

  var rowCount: Int
  var nodes: [Node] = []
  var buffers: [Buffer] = []
  /// The codec of the buffers, of `Format.Codec`; nil where they are stored as they are.
  var codec: UInt8?
  /// For each array of views, in pre-order, the number of buffers that they lead to.
  var viewBuffers: [Int] = []
}

extension [FlatValue] {
  static func message(
    _ header: UInt8, _ table: [FlatValue], bodyLength: Int, metadata: [ArrowKeyValue] = []
  ) -> [FlatValue] {
    [
      .int16(Format.version5), .uint8(header), .table(table), .int64(Int64(bodyLength)),
      .keyValues(metadata),
    ]
  }

  static func schema(_ schema: ArrowSchema) -> [FlatValue] {
    [.int16(0), .tables(schema.fields.map(field)), .keyValues(schema.metadata)]
  }

  static func batch(_ batch: BatchLayout) -> [FlatValue] {
    let nodes = batch.nodes.flatMap { [Int64($0.length), Int64($0.nullCount)] }
    let buffers = batch.buffers.flatMap { [Int64($0.offset), Int64($0.length)] }
    return [
      .int64(Int64(batch.rowCount)), .structs(width: 16, words: nodes),
      .structs(width: 16, words: buffers),
      batch.codec.map { .table([.uint8($0), .uint8(0)]) } ?? .absent,
    ]
  }

  static func footer(
    _ schema: ArrowSchema, _ blocks: [Block], metadata: [ArrowKeyValue]
  ) -> [FlatValue] {
    let words = blocks.flatMap {
      // The int32 length and its four bytes of padding make one little-endian word.
      [Int64($0.offset), Int64($0.metadataLength), Int64($0.bodyLength)]
    }
    return [
      .int16(Format.version5), .table(.schema(schema)), .structs(width: 24, words: []),
      .structs(width: 24, words: words), .keyValues(metadata),
    ]
  }

  private static func field(_ field: ArrowField) -> [FlatValue] {
    let (id, table) = type(field.type)
    return [
      .string(field.name), .bool(field.isNullable), .uint8(id), .table(table), .absent,
      .tables(field.type.children.map { self.field($0) }), .keyValues(field.metadata),
    ]
  }

  /// The id in the Type union and the fields of the type's table.
  private static func type(_ type: ArrowType) -> (UInt8, [FlatValue]) {
    switch type {
    case .null: (1, [])
    case .int8: (2, [.int32(8), .bool(true)])
    case .int16: (2, [.int32(16), .bool(true)])
    case .int32: (2, [.int32(32), .bool(true)])
    case .int64: (2, [.int32(64), .bool(true)])
    case .uint8: (2, [.int32(8), .bool(false)])
    case .uint16: (2, [.int32(16), .bool(false)])
    case .uint32: (2, [.int32(32), .bool(false)])
    case .uint64: (2, [.int32(64), .bool(false)])
    case .float16: (3, [.int16(0)])
    case .float32: (3, [.int16(1)])
    case .float64: (3, [.int16(2)])
    case .binary: (4, [])
    case .utf8: (5, [])
    case .bool: (6, [])
    case .list: (12, [])
    case .structure: (13, [])
    case .fixedSizeBinary(let width): (15, [.int32(Int32(clamping: width))])
    case .fixedSizeList(_, let size): (16, [.int32(Int32(clamping: size))])
    case .largeBinary: (19, [])
    case .largeUtf8: (20, [])
    case .largeList: (21, [])
    case .binaryView: (23, [])
    case .utf8View: (24, [])
    case .unsupported: (0, [])
    }
  }
}

extension FlatValue {
  fileprivate static func keyValues(_ entries: [ArrowKeyValue]) -> FlatValue {
    entries.isEmpty ? .absent : .tables(entries.map { [.string($0.key), .string($0.value)] })
  }
}

extension Format {
  /// A framed message without its body: marker, length, metadata, zeros.
  ///
  /// `size + leading` becomes a multiple of `alignment`, so that what follows is aligned when the
  /// message starts `leading` bytes behind such a multiple.
  static func framed(_ message: [FlatValue], leading: Int = 0) throws(ArrowError) -> [UInt8] {
    let metadata = try FlatBufferWriter.serialize(root: message)
    let size = padded(leading + framingSize + metadata.count) - leading
    guard let length = Int32(exactly: size - framingSize) else {
      throw ArrowError(.limitExceeded, "metadata of \(metadata.count) bytes; the end is 2 GiB")
    }
    var bytes = continuation
    bytes.reserveCapacity(size)
    withUnsafeBytes(of: length.littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: metadata)
    bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
    return bytes
  }

  static func schemaMessage(_ schema: ArrowSchema) throws(ArrowError) -> [UInt8] {
    try schema.validateForWriting()
    return try framed(
      .message(Header.schema, .schema(schema), bodyLength: 0), leading: fileHeaderSize)
  }
}
