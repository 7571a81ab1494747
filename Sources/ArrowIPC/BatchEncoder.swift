// SPDX-License-Identifier: Apache-2.0

/// A batch as it stands in a file or stream: a framed message and its body.
public struct EncodedBatch: Sendable, Hashable {
  /// All bytes of the message, a multiple of 64.
  public let bytes: [UInt8]
  /// The bytes before the body, framing included.
  public let metadataLength: Int
  /// The bytes of the body, padding included.
  public let bodyLength: Int
  /// The rows of the batch.
  public let rowCount: Int
}

/// Turns batches into messages. Make one per thread: it owns a compression context.
///
///     var encoder = try BatchEncoder(schema: schema, compression: .zstd(level: 3))
///     let message = try encoder.encode(batch)
///
/// Bodies follow a strict profile: buffers in schema order at multiples of 64 bytes, zero padding,
/// validity only where something is null, and with zstd every non-empty buffer as one frame with
/// content size and checksum, so that any reader notices a flipped bit.
public struct BatchEncoder: ~Copyable {
  private let schema: ArrowSchema
  private var compressor: ZstdCompressor?

  /// Makes an encoder for batches of one schema.
  ///
  /// - Throws: `.invalidArgument` for a schema or compression level out of range.
  public init(schema: ArrowSchema, compression: ArrowCompression) throws(ArrowError) {
    try schema.validateForWriting()
    compressor = try Self.compressor(compression)
    self.schema = schema
  }

  private static func compressor(
    _ compression: ArrowCompression
  ) throws(ArrowError) -> ZstdCompressor? {
    switch compression {
    case .none: nil
    case .zstd(let level): try ZstdCompressor(level: level)
    }
  }

  /// Encodes one batch, with custom metadata of its own message.
  ///
  /// - Throws: `.invalidArgument` when the batch does not fit the schema or itself.
  public mutating func encode(
    _ batch: borrowing RecordBatch, metadata: [ArrowKeyValue] = []
  ) throws(ArrowError) -> EncodedBatch {
    guard batch.schema.fields == schema.fields else {
      throw ArrowError(.invalidArgument, "the batch has another schema than the encoder")
    }
    try batch.validate()

    var layout = BatchLayout(
      rowCount: batch.rowCount, codec: compressor == nil ? nil : Format.Codec.zstd)
    var body: [UInt8] = []
    for column in batch.columns { try append(column, &layout, &body) }

    var bytes = try Format.framed(
      .message(
        Format.Header.recordBatch, .batch(layout), bodyLength: body.count, metadata: metadata))
    let metadataLength = bytes.count
    bytes.append(contentsOf: body)
    return EncodedBatch(
      bytes: bytes, metadataLength: metadataLength, bodyLength: body.count,
      rowCount: batch.rowCount)
  }

  /// Appends the nodes and buffers of an array and its children, in pre-order.
  private mutating func append(
    _ array: ArrowArray, _ layout: inout BatchLayout, _ body: inout [UInt8],
    hasShortRows: Bool = false
  ) throws(ArrowError) {
    layout.nodes.append(.init(length: array.length, nullCount: array.nullCount))
    if array.type.ownBufferCount >= 1 {
      try append(array.nullCount == 0 ? [] : array.validity ?? [], .bits, &layout, &body)
    }
    var isList = false
    switch array.type.layout {
    case .none, .structure, .fixedSizeList: break
    case .bits: try append(array.data, .bits, &layout, &body)
    case .fixed(let width):
      let numbers = ZstdSearch.Content.numbers(width: width, inShortRows: hasShortRows)
      try append(array.data, numbers, &layout, &body)
    case .list(let width):
      isList = true
      try append(array.offsets, .numbers(width: width), &layout, &body)
    case .variable(let width, _):
      try append(array.offsets, .numbers(width: width), &layout, &body)
      try append(array.data, .text, &layout, &body)
    }
    for child in array.children {
      try append(child, &layout, &body, hasShortRows: isList && child.length >> 8 < array.length)
    }
  }

  private mutating func append(
    _ buffer: [UInt8], _ content: ZstdSearch.Content, _ layout: inout BatchLayout,
    _ body: inout [UInt8]
  ) throws(ArrowError) {
    let start = body.count
    if !buffer.isEmpty {
      if compressor != nil {
        try appendFrame(buffer, content, &body)
      } else {
        body.append(contentsOf: buffer)
      }
    }
    layout.buffers.append(.init(offset: start, length: body.count - start))
    body.append(contentsOf: repeatElement(0, count: Format.padded(body.count) - body.count))
  }

  private mutating func appendFrame(
    _ buffer: [UInt8], _ content: ZstdSearch.Content, _ body: inout [UInt8]
  ) throws(ArrowError) {
    withUnsafeBytes(of: Int64(buffer.count).littleEndian) { body.append(contentsOf: $0) }
    try compressor?.prepare(forBytes: buffer.count, of: content)
    try buffer.withUnsafeBufferPointer { (bytes) throws(ArrowError) in
      try compressor?.compress(UnsafeRawBufferPointer(bytes)) { body.append(contentsOf: $0) }
    }
  }
}
