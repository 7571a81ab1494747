// SPDX-License-Identifier: Apache-2.0

/// Reads an Arrow file batch by batch, in any order and from any thread.
///
///     let file = try ArrowFileReader(path: "train-00000-000.arrow")
///     for index in 0..<file.batchCount {
///       let ids = try file.batch(index, columns: ["input_ids"])
///     }
///
/// Opening reads the footer, the schema and nothing else. Every number in the file is checked
/// before it is used, every array is validated, and the two copies of the schema are compared, so
/// bytes of any origin give data that keeps the rules of the format or an `ArrowError`.
public final class ArrowFileReader: Sendable {
  /// The columns and the metadata of the file.
  public let schema: ArrowSchema
  /// Custom metadata of the footer.
  public let footerMetadata: [ArrowKeyValue]
  private let blocks: [Block]
  private let source: ByteSource
  private let path: String?
  private let options: ArrowReadOptions

  /// The number of batches.
  public var batchCount: Int { blocks.count }

  /// Opens a file; batches are read with `pread` when they are asked for.
  ///
  /// - Throws: `.system` when it cannot be opened; otherwise as `init(bytes:)`.
  public convenience init(
    path: String, options: ArrowReadOptions = ArrowReadOptions()
  ) throws(ArrowError) {
    do throws(ArrowError) {
      try self.init(.file(try OpenFile(path: path)), path: path, options)
    } catch {
      throw error.located(path: path)
    }
  }

  /// Reads a file that is in memory.
  ///
  /// - Throws: `.notArrow`, `.truncated`, `.malformed`, `.unsupported` or `.limitExceeded`.
  public convenience init(
    bytes: [UInt8], options: ArrowReadOptions = ArrowReadOptions()
  ) throws(ArrowError) {
    try self.init(.memory(bytes), path: nil, options)
  }

  private init(
    _ source: ByteSource, path: String?, _ options: ArrowReadOptions
  ) throws(ArrowError) {
    let footerRange = try Self.footerRange(source, options)
    let footer = try Footer(
      try source.read(at: footerRange.lowerBound, count: footerRange.count),
      base: footerRange.lowerBound)
    let end = try Self.checkFirstMessage(source, against: footer.schema, footerRange, options)
    let gaps = try Self.gaps(footer.blocks, between: end, and: footerRange.lowerBound)
    for gap in gaps { try Self.checkUnlisted(source, gap) }
    schema = footer.schema
    footerMetadata = footer.metadata
    blocks = footer.blocks
    self.source = source
    self.path = path
    self.options = options
  }

  /// The number of rows of a batch; reads its metadata only.
  public func rowCount(ofBatch index: Int) throws(ArrowError) -> Int {
    try layout(index).layout.rowCount
  }

  /// Custom metadata of the message of a batch.
  public func metadata(ofBatch index: Int) throws(ArrowError) -> [ArrowKeyValue] {
    try layout(index).metadata
  }

  /// Reads a batch, or some columns of it in the order of their names.
  ///
  /// - Throws: `.invalidArgument` for an index or a column that does not exist, or a name that
  ///   two columns share; otherwise what is wrong with the data.
  public func batch(_ index: Int, columns: [String]? = nil) throws(ArrowError) -> RecordBatch {
    let selection = try columns.map { (names) throws(ArrowError) in try indices(of: names) }
    let (layout, _, body) = try layout(index)
    let isSelected = selection.map { chosen in schema.fields.indices.map(chosen.contains) }
    do throws(ArrowError) {
      let arrays = try BatchDecoder.decode(
        layout, schema, from: source, start: body.lowerBound, base: body.lowerBound,
        options: options, isSelected: isSelected)
      guard let selection else {
        return RecordBatch(schema: schema, rowCount: layout.rowCount, columns: arrays)
      }
      // Arrays come in the order of the schema; hand them over in the order of the names.
      let stored = selection.sorted()
      let order = selection.compactMap(stored.firstIndex(of:))
      return RecordBatch(
        schema: ArrowSchema(
          fields: selection.map { schema.fields[$0] }, metadata: schema.metadata),
        rowCount: layout.rowCount, columns: order.map { arrays[$0] })
    } catch {
      throw error.located(path: path)
    }
  }

  private func indices(of names: [String]) throws(ArrowError) -> [Int] {
    var indices: [Int] = []
    for name in names {
      guard let index = schema.index(of: name) else {
        let known = schema.fields.map(\.name).joined(separator: ", ")
        throw ArrowError(
          .invalidArgument, "no single column “\(name)”; there are: \(known)", path: path)
      }
      guard !indices.contains(index) else {
        throw ArrowError(.invalidArgument, "the column “\(name)” is named twice", path: path)
      }
      indices.append(index)
    }
    return indices
  }

  /// The message of a batch, checked against its block, and where its body lies.
  private func layout(
    _ index: Int
  ) throws(ArrowError) -> (layout: BatchLayout, metadata: [ArrowKeyValue], body: Range<Int>) {
    guard blocks.indices.contains(index) else {
      throw ArrowError(
        .invalidArgument, "no batch \(index) in a file of \(blocks.count)", path: path)
    }
    let block = blocks[index]
    do throws(ArrowError) {
      let bodyStart = block.offset + block.metadataLength
      let (message, end) = try Self.message(source, at: block.offset, limit: bodyStart, options)
      guard case .batch(let layout) = message.header else {
        throw ArrowError(.malformed, "the footer points to something that is no batch")
      }
      guard end == bodyStart, message.bodyLength == block.bodyLength else {
        throw ArrowError(.malformed, "the footer and batch \(index) disagree on its size")
      }
      try layout.check(against: schema, bodyLength: block.bodyLength, at: block.offset)
      return (layout, message.metadata, bodyStart..<(bodyStart + block.bodyLength))
    } catch {
      throw error.located(offset: block.offset, path: path)
    }
  }
}

extension ArrowFileReader {
  /// Finds the footer between the magics.
  private static func footerRange(
    _ source: ByteSource, _ options: ArrowReadOptions
  ) throws(ArrowError) -> Range<Int> {
    // Length and magic behind the footer.
    let trailer = 4 + Format.magic.count
    let head = try source.read(at: 0, count: min(Format.fileHeaderSize, source.count))
    guard head.starts(with: Format.magic) else {
      let isStream = head.starts(with: Format.continuation)
      throw ArrowError(
        .notArrow, isStream ? "an Arrow stream, not a file" : "not an Arrow file", offset: 0)
    }
    guard source.count >= Format.fileHeaderSize + trailer else {
      throw ArrowError(.truncated, "a file of \(source.count) bytes", offset: source.count)
    }
    let tail = try source.read(at: source.count - trailer, count: trailer)
    guard tail.suffix(Format.magic.count).elementsEqual(Format.magic) else {
      throw ArrowError(
        .truncated, "no magic at the end; the file is incomplete", offset: source.count)
    }
    let length = tail.withUnsafeBytes { Int(Int32(littleEndian: $0.loadUnaligned(as: Int32.self))) }
    let end = source.count - trailer
    guard length > 0, length <= end - Format.fileHeaderSize else {
      throw ArrowError(.malformed, "a footer of \(length) bytes", offset: end)
    }
    guard length <= options.maximumMetadataBytes else {
      throw ArrowError(.limitExceeded, "a footer of \(length) bytes", offset: end)
    }
    return (end - length)..<end
  }

  /// Reads the message at `offset`, whose metadata must end at `limit` or before.
  private static func message(
    _ source: ByteSource, at offset: Int, limit: Int, _ options: ArrowReadOptions
  ) throws(ArrowError) -> (Message, end: Int) {
    guard offset <= limit - Format.framingSize else {
      throw ArrowError(.malformed, "a message without room", offset: offset)
    }
    let framing = try source.read(at: offset, count: Format.framingSize)
    let start = offset + Format.framingSize
    guard let length = try Framing.metadataLength(framing, at: offset, options: options) else {
      throw ArrowError(.malformed, "the stream ends where a message belongs", offset: offset)
    }
    guard length <= limit - start else {
      throw ArrowError(.malformed, "metadata of \(length) bytes without room", offset: offset)
    }
    return (try Message(try source.read(at: start, count: length), base: start), start + length)
  }

  /// Compares the schema at the start of the file with the footer's; returns where it ends.
  ///
  /// The format puts the first message at 8; arrow-rs pads the magic to 64 bytes instead. Polars
  /// writes a bare schema without framing, which no reader looks at: there the footer's copy
  /// stands alone.
  private static func checkFirstMessage(
    _ source: ByteSource, against schema: ArrowSchema, _ footer: Range<Int>,
    _ options: ArrowReadOptions
  ) throws(ArrowError) -> Int {
    let size = Format.fileHeaderSize
    let bytes = try source.read(at: 0, count: min(footer.lowerBound, Format.alignment + size))
    let zeros = bytes.dropFirst(size).prefix { $0 == 0 }.count
    let start = size + zeros / 8 * 8
    guard bytes.dropFirst(start).starts(with: Format.continuation) else { return size }
    let (message, end) = try message(source, at: start, limit: footer.lowerBound, options)
    guard case .schema(let first) = message.header else {
      throw ArrowError(.malformed, "the first message is not a schema", offset: start)
    }
    guard first == schema else {
      throw ArrowError(
        .malformed, "the footer's schema differs from the first message",
        offset: footer.lowerBound)
    }
    return end
  }

  /// Checks that blocks are aligned, lie between schema and footer, and do not overlap.
  ///
  /// Returns what they leave free.
  private static func gaps(
    _ blocks: [Block], between start: Int, and end: Int
  ) throws(ArrowError) -> [Range<Int>] {
    var free = start
    var gaps: [Range<Int>] = []
    for block in blocks.sorted(by: { $0.offset < $1.offset }) {
      let isAligned = (block.offset | block.metadataLength | block.bodyLength) % 8 == 0
      guard isAligned, block.offset >= free, block.metadataLength >= 16, block.bodyLength >= 0,
        block.offset <= end, block.metadataLength <= end - block.offset,
        block.bodyLength <= end - block.offset - block.metadataLength
      else {
        throw ArrowError(
          .malformed,
          "the footer lists a batch of \(block.metadataLength) + \(block.bodyLength) bytes at "
            + "\(block.offset), outside its place", offset: end)
      }
      if block.offset > free { gaps.append(free..<block.offset) }
      free = block.offset + block.metadataLength + block.bodyLength
    }
    if free < end { gaps.append(free..<end) }
    return gaps
  }

  /// Checks that nothing in the stream is missing from the footer, so that a damaged footer
  /// does not hide batches.
  private static func checkUnlisted(
    _ source: ByteSource, _ gap: Range<Int>
  ) throws(ArrowError) {
    guard gap.count >= Format.framingSize else { return }
    let bytes = try source.read(at: gap.lowerBound, count: Format.framingSize)
    if bytes.starts(with: Format.continuation), bytes != Format.endOfStream {
      throw ArrowError(
        .malformed, "a message that the footer does not list", offset: gap.lowerBound)
    }
  }
}
