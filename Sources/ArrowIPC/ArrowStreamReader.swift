// SPDX-License-Identifier: Apache-2.0

/// Reads an Arrow stream from anything that delivers bytes in order, such as a pipe.
///
///     let stream = try ArrowStreamReader { buffer in read(0, buffer.baseAddress, buffer.count) }
///     while let (batch, metadata) = try stream.next() { … }
///
/// Memory grows with the bytes that have arrived, never with what a message announces.
public final class ArrowStreamReader {
  /// Fills the start of a buffer and says with how many bytes; zero at the end.
  public typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

  /// The columns and the metadata of the stream.
  public let schema: ArrowSchema
  /// Whether the end-of-stream marker was seen. Without it, a stream that just stops between two
  /// messages is complete as far as the format can tell.
  public private(set) var hasEndMarker = false

  private var input: StreamInput
  private let options: ArrowReadOptions
  private var failure: (any Error)?
  private var isFinished = false

  /// Starts to read: takes the schema from the source.
  ///
  /// - Throws: `ArrowError`, or what the source throws.
  public init(options: ArrowReadOptions = ArrowReadOptions(), read: @escaping Source) throws {
    var input = StreamInput(source: read)
    guard let (message, offset) = try input.message(options) else {
      throw ArrowError(.truncated, "a stream without a schema", offset: input.offset)
    }
    guard case .schema(let schema) = message.header else {
      throw ArrowError(.malformed, "the first message is not a schema", offset: offset)
    }
    self.schema = schema
    self.input = input
    self.options = options
  }

  /// Reads a stream that is in memory.
  ///
  /// - Throws: `ArrowError`.
  public convenience init(
    bytes: [UInt8], options: ArrowReadOptions = ArrowReadOptions()
  ) throws {
    var position = 0
    try self.init(options: options) { buffer in
      let count = min(buffer.count, bytes.count - position)
      buffer.copyBytes(from: bytes[position..<(position + count)])
      position += count
      return count
    }
  }

  /// The next batch and the custom metadata of its message; nil at the end.
  ///
  /// - Throws: `ArrowError`, or what the source throws; again at every call after that.
  public func next() throws -> (RecordBatch, [ArrowKeyValue])? {
    if let failure { throw failure }
    if isFinished { return nil }
    do {
      return try readNext()
    } catch {
      failure = error
      throw error
    }
  }

  private func readNext() throws -> (RecordBatch, [ArrowKeyValue])? {
    guard let (message, offset) = try input.message(options) else {
      isFinished = true
      hasEndMarker = input.hasEndMarker
      return nil
    }
    guard case .batch(let layout) = message.header else {
      throw ArrowError(.malformed, "a second schema", offset: offset)
    }
    // No body is longer than its content but for padding and incompressible data.
    guard message.bodyLength <= options.maximumBatchBytes else {
      throw ArrowError(.limitExceeded, "a body of \(message.bodyLength) bytes", offset: offset)
    }
    try layout.check(against: schema, bodyLength: message.bodyLength, at: offset)
    let base = input.offset
    let body = try input.bytes(message.bodyLength)
    let columns = try BatchDecoder.decode(
      layout, schema, from: .memory(body), start: 0, base: base, options: options)
    let batch = RecordBatch(schema: schema, rowCount: layout.rowCount, columns: columns)
    return (batch, message.metadata)
  }
}

/// The bytes of a stream in order, with their position.
private struct StreamInput {
  let source: ArrowStreamReader.Source
  private(set) var offset = 0
  private(set) var hasEndMarker = false

  init(source: @escaping ArrowStreamReader.Source) { self.source = source }

  /// The next message without its body and where it starts; nil at the end of the stream.
  mutating func message(_ options: ArrowReadOptions) throws -> (Message, offset: Int)? {
    let start = offset
    let framing = try take(Format.framingSize)
    if framing.isEmpty { return nil }
    guard framing.count == Format.framingSize else { throw cut() }
    if start == 0, framing.starts(with: Format.magic) {
      throw ArrowError(.notArrow, "an Arrow file, not a stream", offset: 0)
    }
    guard let length = try Framing.metadataLength(framing, at: start, options: options) else {
      hasEndMarker = true
      return nil
    }
    return (try Message(try bytes(length), base: start + Format.framingSize), start)
  }

  /// Exactly `count` bytes.
  mutating func bytes(_ count: Int) throws -> [UInt8] {
    let bytes = try take(count)
    guard bytes.count == count else { throw cut() }
    return bytes
  }

  /// Up to `count` bytes, fewer only at the end; memory at most doubles with what arrived.
  private mutating func take(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let size = min(count - bytes.count, max(bytes.count, 1 << 16))
      let part = try [UInt8](unsafeUninitializedCapacity: size) { target, initialized in
        let filled = try source(UnsafeMutableRawBufferPointer(target))
        initialized = max(0, min(filled, size))
      }
      if part.isEmpty { break }
      if bytes.isEmpty { bytes = part } else { bytes.append(contentsOf: part) }
      offset += part.count
    }
    return bytes
  }

  private func cut() -> ArrowError {
    ArrowError(.truncated, "the stream ends inside a message", offset: offset)
  }
}
