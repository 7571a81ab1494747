// SPDX-License-Identifier: Apache-2.0

/// Finds what can be saved of a file whose footer or batches are damaged, by way of the stream inside
/// it.
///
///     let salvage = try ArrowSalvage(path: "train-00000-000.arrow")
///     for index in salvage.batches.indices { let (batch, message) = try salvage.batch(index) … }
///
/// Every batch listed has been decoded and is valid; with checksums in its buffers it is what was
/// written.
public struct ArrowSalvage: Sendable {
  /// The columns.
  public let schema: ArrowSchema
  /// Where each sound batch lies and how many rows it has.
  public private(set) var batches: [(range: Range<Int>, rowCount: Int)] = []
  /// What was wrong, with its place, in the order of the file.
  public private(set) var damage: [ArrowError] = []
  /// Rows of damaged batches whose description is sound; there may be more.
  public private(set) var lostRows = 0
  /// Whether the end of the stream is there: then no batch behind the last one is missing.
  public private(set) var hasEnd = false

  private let source: ByteSource
  private let options: ArrowReadOptions

  /// Looks through a file.
  ///
  /// - Parameter fallback: the schema, where it is known, for a file that has lost its own.
  /// - Throws: `.system` when the file cannot be read, else what keeps its schema from being read.
  public init(
    path: String, fallback: ArrowSchema? = nil, options: ArrowReadOptions = ArrowReadOptions()
  ) throws(ArrowError) {
    do throws(ArrowError) {
      try self.init(.file(try OpenFile(path: path)), fallback, options)
    } catch {
      throw error.located(path: path)
    }
  }

  /// Looks through a file in memory.
  public init(
    bytes: [UInt8], fallback: ArrowSchema? = nil, options: ArrowReadOptions = ArrowReadOptions()
  ) throws(ArrowError) {
    try self.init(.memory(bytes), fallback, options)
  }

  private init(
    _ source: ByteSource, _ fallback: ArrowSchema?, _ options: ArrowReadOptions
  ) throws(ArrowError) {
    self.source = source
    self.options = options
    var offset = Format.fileHeaderSize
    do throws(ArrowError) {
      let (message, end) = try ArrowFileReader.message(
        source, at: offset, limit: source.count, options)
      guard case .schema(let found) = message.header else {
        throw ArrowError(.malformed, "the first message is not a schema", offset: offset)
      }
      schema = found
      offset = end
    } catch {
      guard let fallback else { throw error }
      schema = fallback
      damage.append(error)
    }
    try walk(from: offset)
  }

  /// A batch and its message as it stands in the file.
  public func batch(
    _ index: Int
  ) throws(ArrowError) -> (batch: RecordBatch, message: EncodedBatch) {
    let range = batches[index].range
    let found = try decoded(at: range.lowerBound)
    return (
      found.batch,
      EncodedBatch(
        bytes: try source.read(at: range.lowerBound, count: range.count),
        metadataLength: found.body.lowerBound - range.lowerBound, bodyLength: found.body.count,
        rowCount: found.batch.rowCount)
    )
  }

  private mutating func walk(from start: Int) throws(ArrowError) {
    var offset = start
    while offset <= source.count - Format.framingSize {
      if try source.read(at: offset, count: Format.framingSize) == Format.endOfStream {
        hasEnd = true
        return
      }
      let body: Range<Int>
      let rows: Int
      do throws(ArrowError) {
        let (layout, found) = try described(at: offset)
        body = found
        rows = layout.rowCount
      } catch {
        damage.append(error)
        guard let next = try nextMessage(after: offset) else { return }
        offset = next
        continue
      }
      do throws(ArrowError) {
        _ = try decoded(at: offset)
        batches.append((offset..<body.upperBound, rows))
      } catch {
        guard error.code != .system else { throw error }
        damage.append(error)
        lostRows += rows
      }
      offset = body.upperBound
    }
    damage.append(ArrowError(.truncated, "the stream ends without its end mark", offset: offset))
  }

  /// The description of the batch at a place, and where its body lies.
  private func described(
    at offset: Int
  ) throws(ArrowError) -> (BatchLayout, body: Range<Int>) {
    let (message, end) = try ArrowFileReader.message(
      source, at: offset, limit: source.count, options)
    guard case .batch(let layout) = message.header else {
      throw ArrowError(.malformed, "a message that is no batch", offset: offset)
    }
    guard message.bodyLength <= source.count - end else {
      throw ArrowError(.truncated, "the file ends inside a batch", offset: offset)
    }
    try layout.check(against: schema, bodyLength: message.bodyLength, at: offset)
    return (layout, end..<(end + message.bodyLength))
  }

  private func decoded(
    at offset: Int
  ) throws(ArrowError) -> (batch: RecordBatch, body: Range<Int>) {
    let (layout, body) = try described(at: offset)
    let columns = try BatchDecoder.decode(
      layout, schema,
      from: .init(
        source: source, start: body.lowerBound, length: body.count, base: body.lowerBound),
      options: options)
    return (RecordBatch(schema: schema, rowCount: layout.rowCount, columns: columns), body)
  }

  /// The next place that looks like a message, or like the end of the stream.
  private func nextMessage(after offset: Int) throws(ArrowError) -> Int? {
    let window = 1 << 20
    var start = offset + 8
    while start <= source.count - Format.framingSize {
      let bytes = try source.read(at: start, count: min(window, source.count - start))
      for position in stride(from: 0, through: bytes.count - 8, by: 8)
      where bytes[position..<(position + 4)].elementsEqual(Format.continuation) {
        if bytes[position..<(position + 8)].elementsEqual(Format.endOfStream)
          || (try? described(at: start + position)) != nil
        {
          return start + position
        }
      }
      start += max(8, bytes.count / 8 * 8)
    }
    return nil
  }
}
