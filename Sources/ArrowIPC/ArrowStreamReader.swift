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
  private let selection: ColumnSelection?
  private var failure: (any Error)?
  private var isFinished = false

  /// Starts to read: takes the schema from the source.
  ///
  /// - Parameter choose: names the columns that batches shall have, from the schema; nil for all.
  /// - Throws: `ArrowError`, or what the source throws.
  public init(
    options: ArrowReadOptions = ArrowReadOptions(),
    choosing choose: (ArrowSchema) throws -> [String]? = { _ in nil }, read: @escaping Source
  ) throws {
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
    selection = try choose(schema).map { try ColumnSelection($0, of: schema) }
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

  /// Reads a stream that is in a regular file.
  ///
  /// - Throws: `ArrowError`, `.system` when the file cannot be opened.
  public convenience init(
    path: String, options: ArrowReadOptions = ArrowReadOptions()
  ) throws {
    let file: OpenFile
    do throws(ArrowError) { file = try OpenFile(path: path) } catch {
      throw error.located(path: path)
    }
    var position = 0
    try self.init(options: options) { buffer in
      let bytes = try file.read(at: position, count: min(buffer.count, file.size - position))
      buffer.copyBytes(from: bytes)
      position += bytes.count
      return bytes.count
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
    while let (message, offset) = try input.message(options) {
      switch message.header {
      case .batch(let layout): return (try batch(layout, message, offset), message.metadata)
      case .schema: throw ArrowError(.malformed, "a second schema", offset: offset)
      case .dictionary: try input.skip(message.bodyLength)
      }
    }
    isFinished = true
    hasEndMarker = input.hasEndMarker
    return nil
  }

  private func batch(
    _ layout: BatchLayout, _ message: Message, _ offset: Int
  ) throws -> RecordBatch {
    // No body is longer than its content but for padding and incompressible data.
    guard message.bodyLength <= options.maximumBatchBytes else {
      throw ArrowError(.limitExceeded, "a body of \(message.bodyLength) bytes", offset: offset)
    }
    try layout.check(against: schema, bodyLength: message.bodyLength, at: offset)
    let base = input.offset
    let body = try input.bytes(message.bodyLength)
    let columns = try BatchDecoder.decode(
      layout, schema,
      from: .init(source: .memory(body), start: 0, length: body.count, base: base),
      options: options, isSelected: selection?.isSelected)
    return selection?.batch(rowCount: layout.rowCount, columns)
      ?? RecordBatch(schema: schema, rowCount: layout.rowCount, columns: columns)
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
    var first = try take(4)
    if first.isEmpty { return nil }
    guard first.count == 4 else { throw cut() }
    if start == 0, Format.magic.starts(with: first) {
      throw ArrowError(.notArrow, "an Arrow file, not a stream", offset: 0)
    }
    if Framing.hasMarker(first) { first += try bytes(4) }
    let framing = try Framing(first, at: start, options: options)
    guard framing.metadataLength > 0 else {
      hasEndMarker = true
      return nil
    }
    let metadata = try bytes(framing.metadataLength)
    return (try Message(metadata, base: start + framing.size, options), start)
  }

  /// Passes over bytes.
  mutating func skip(_ count: Int) throws {
    var rest = count
    while rest > 0 {
      let part = try take(min(rest, 1 << 16)).count
      guard part > 0 else { throw cut() }
      rest -= part
    }
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
