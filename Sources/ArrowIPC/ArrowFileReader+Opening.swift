// SPDX-License-Identifier: Apache-2.0

extension ArrowFileReader {
  /// Finds the footer between the magics.
  static func footerRange(
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
  static func message(
    _ source: ByteSource, at offset: Int, limit: Int, _ options: ArrowReadOptions
  ) throws(ArrowError) -> (Message, end: Int) {
    guard offset <= limit - Format.framingSize else {
      throw ArrowError(.malformed, "a message without room", offset: offset)
    }
    let framing = try Framing(
      try source.read(at: offset, count: Format.framingSize), at: offset, options: options)
    let start = offset + framing.size
    let length = framing.metadataLength
    guard length > 0 else {
      throw ArrowError(.malformed, "the stream ends where a message belongs", offset: offset)
    }
    guard length <= limit - start else {
      throw ArrowError(.malformed, "metadata of \(length) bytes without room", offset: offset)
    }
    let metadata = try source.read(at: start, count: length)
    return (try Message(metadata, base: start, options), start + length)
  }

  /// Compares the schema at the start of the file with the footer's; returns where it ends.
  ///
  /// The format puts the first message at 8; arrow-rs pads the magic to 64 bytes instead. Polars
  /// writes a bare schema without framing, which no reader looks at: there the footer's copy
  /// stands alone.
  static func checkFirstMessage(
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
  static func gaps(
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
  static func checkUnlisted(
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
