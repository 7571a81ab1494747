// SPDX-License-Identifier: Apache-2.0
internal import UnicodeText

/// Reads one file: stored bytes in, whole records out.
final class FileReader {
  /// Some whole records and whatever lies between them.
  struct Chunk {
    var bytes: [UInt8]
    var records: [RawRecord]
    /// The offset of the first byte in the decoded file.
    var offset: Int
    /// Whether the last record reached the end of a cut.
    var endsCut: Bool
  }

  let file: InputFile
  private(set) var isJSON = false
  /// Whether records are rows of a table, put as JSON.
  var isTable: Bool { table != nil }
  private let input: StoredInput
  private let options: CorpusOptions
  private let limit: Int
  private let buffer: DecodedBuffer
  private let transcoder: TranscodingProducer?
  private let table: ArrowProducer?
  private let isCompressed: Bool
  private var splitter: RecordSplitter
  private var isStarted = false
  private var ordinal = 0

  /// How many stretches were not valid in the encoding of the file.
  var malformedInEncoding: Int { transcoder?.malformed ?? 0 }

  /// How many bytes of the file, as stored, were read.
  var storedBytesRead: Int { table?.storedBytesRead ?? input.offset }

  init(_ file: InputFile, _ options: CorpusOptions, batchBytes: Int) throws(CorpusError) {
    self.file = file
    self.options = options
    // So that sums with it cannot overflow; no file is that long.
    limit = min(options.maxDocumentBytes, 1 << 48)
    splitter = RecordSplitter(options.split)
    input = try StoredInput(file)
    let head = try input.peek(StoredFormat.headLength)
    let format = try StoredFormat(head: head).named(file, head: head)
    var producer: any ByteProducer = input
    isCompressed = format == .gzip || format == .zstd
    switch format {
    case .gzip: producer = try GzipProducer(input)
    case .zstd: producer = try ZstdProducer(input)
    case .arrow: producer = try ArrowProducer(input, options)
    default: if let refusal = format.refusal(of: file, options: options) { throw refusal }
    }
    table = producer as? ArrowProducer
    if options.convertsEncoding, let encoding = options.encoding {
      let transcoder = try TranscodingProducer(
        producer, file, encoding: encoding, refusesMalformed: options.invalidUTF8 == .error)
      producer = transcoder
      self.transcoder = transcoder
    } else {
      transcoder = nil
    }
    buffer = DecodedBuffer(producer, size: batchBytes)
  }

  /// The next records, of which none but the last reaches `cutAfter` bytes from here; nil at the
  /// end of the file.
  func nextChunk(cutAfter: Int) throws(CorpusError) -> Chunk? {
    try buffer.fill()
    if !isStarted { try start() }
    while true {
      let bytes = buffer.bytes
      var records: [RawRecord] = []
      var position = 0
      var endsCut = false
      if buffer.offset == 0, bytes.starts(with: ContentFormat.byteOrderMark) {
        position = ContentFormat.byteOrderMark.count
      }
      // After a record that made the buffer grow, batches have their usual size again.
      while !endsCut, position < buffer.usualSize,
        let step = splitter.next(bytes, from: position, isLast: buffer.isAtEnd)
      {
        position = step.end
        guard let range = step.record else { continue }
        let place =
          step.line.map { isTable ? RawRecord.Place.row($0 - 1) : .line($0) }
          ?? .byte(buffer.offset + range.lowerBound)
        guard range.count <= limit else { throw tooLarge(place) }
        records.append(RawRecord(range: range, ordinal: ordinal, place: place))
        ordinal += 1
        endsCut = position >= cutAfter
      }
      if position > 0 || !records.isEmpty {
        let offset = buffer.offset
        splitter.drop(position)
        return Chunk(
          bytes: buffer.take(position), records: records, offset: offset, endsCut: endsCut)
      }
      if buffer.isAtEnd { return nil }
      // A record is longer than the buffer.
      guard bytes.count <= limit + splitter.terminatorBytes else {
        throw tooLarge(splitter.openPlace(offset: buffer.offset))
      }
      try buffer.fill(to: min(bytes.count * 2, limit + splitter.terminatorBytes + 1))
    }
  }

  /// Looks at the beginning of the content.
  private func start() throws(CorpusError) {
    isStarted = true
    if isTable {
      isJSON = true
      splitter = RecordSplitter(.lines)
      return
    }
    if transcoder == nil { try checkHead() }
    switch options.format {
    case .text: break
    case .jsonl: isJSON = true
    case .auto:
      isJSON = ContentFormat.isNamedJSON(file.name)
      if !isJSON { isJSON = try ContentFormat.beginsWithObject(buffer, maximum: limit) }
    }
    if isJSON { splitter = RecordSplitter(.lines) }
  }

  /// Refuses what is not text although the file as stored did not show it.
  private func checkHead() throws(CorpusError) {
    let head = Array(buffer.bytes.prefix(StoredFormat.headLength))
    if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
      throw CorpusError(
        .malformed, file: file.path, "the text is UTF-16; give its encoding: --encoding utf-16")
    }
    guard isCompressed else { return }
    switch head.withUnsafeBytes({ StoredFormat(head: $0) }) {
    case .plain: break
    case .gzip, .zstd:
      throw CorpusError(
        .unsupported, file: file.path, "the content is compressed twice; unpack it once")
    case .arrow:
      throw CorpusError(
        .unsupported, file: file.path,
        "the content is Arrow data; unpack it first: \(StoredFormat.unpackCommand(file))")
    case .parquet, .archive:
      throw CorpusError(
        .unsupported, file: file.path, "the content is a file of another format, not text")
    }
  }

  private func tooLarge(_ place: RawRecord.Place) -> CorpusError {
    var line: Int?
    var byte: Int?
    switch place {
    case .line(let number): line = number
    case .byte(let offset): byte = offset
    case .row(let row): line = row + 1
    }
    return CorpusError(
      .tooLarge, file: file.path, line: line, byteOffset: byte,
      "a document is longer than \(limit) bytes; raise --max-document-bytes, or see --split-on")
  }
}
