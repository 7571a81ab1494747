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
  let blocks: [Block]
  let source: ByteSource
  let path: String?
  let options: ArrowReadOptions
  /// Where the messages behind the schema begin.
  let messagesStart: Int
  /// Where the footer lies.
  let footerRange: Range<Int>
  /// What the footer says about the rows of the batches; nil where it says nothing.
  private let listedRows: RowOffsets?

  /// The number of batches.
  public var batchCount: Int { blocks.count }

  /// Opens a file; batches are read when they are asked for, with `pread` unless the options say
  /// to map it.
  ///
  /// - Throws: `.system` when it cannot be opened; otherwise as `init(bytes:)`.
  public convenience init(
    path: String, options: ArrowReadOptions = ArrowReadOptions()
  ) throws(ArrowError) {
    do throws(ArrowError) {
      let file = try OpenFile(path: path)
      let source: ByteSource = options.mapsFiles ? .mapped(try MappedFile(file)) : .file(file)
      try self.init(source, path: path, options)
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
      base: footerRange.lowerBound, options)
    let end = try Self.checkFirstMessage(source, against: footer.schema, footerRange, options)
    let gaps = try Self.gaps(
      footer.blocks + footer.dictionaries, between: end, and: footerRange.lowerBound)
    for gap in gaps { try Self.checkUnlisted(source, gap) }
    schema = footer.schema
    footerMetadata = footer.metadata
    blocks = footer.blocks
    self.footerRange = footerRange
    messagesStart = end
    do throws(ArrowError) {
      listedRows = try footer.metadata.first { $0.key == RowOffsets.key }.map {
        (entry) throws(ArrowError) in
        try RowOffsets(entry.value, batchCount: footer.blocks.count)
      }
    } catch {
      throw error.located(offset: footerRange.lowerBound)
    }
    self.source = source
    self.path = path
    self.options = options
  }

  /// Where batches begin, by rows: from the footer, else from the metadata of each batch.
  ///
  /// The footer's word is taken for it until a batch is read.
  public func rowOffsets() throws(ArrowError) -> RowOffsets {
    if let listedRows { return listedRows }
    var rows: [Int] = []
    for index in blocks.indices { rows.append(try rowCount(ofBatch: index)) }
    return RowOffsets(batchRows: rows)
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
    do throws(ArrowError) {
      let selection = try columns.map { (names) throws(ArrowError) in
        try ColumnSelection(names, of: schema)
      }
      let (layout, _, body) = try layout(index)
      let arrays = try BatchDecoder.decode(
        layout, schema,
        from: .init(
          source: source, start: body.lowerBound, length: body.count, base: body.lowerBound),
        options: options, isSelected: selection?.isSelected)
      return selection?.batch(rowCount: layout.rowCount, arrays)
        ?? RecordBatch(schema: schema, rowCount: layout.rowCount, columns: arrays)
    } catch {
      throw error.located(path: path)
    }
  }

  /// The message of a batch, checked against its block, and where its body lies.
  func layout(
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
      if let listed = listedRows?.rows(ofBatch: index).count, listed != layout.rowCount {
        throw ArrowError(
          .malformed,
          "the footer says that batch \(index) has \(listed) rows, it has \(layout.rowCount)")
      }
      try layout.check(against: schema, bodyLength: block.bodyLength, at: block.offset)
      return (layout, message.metadata, bodyStart..<(bodyStart + block.bodyLength))
    } catch {
      throw error.located(offset: block.offset, path: path)
    }
  }
}
