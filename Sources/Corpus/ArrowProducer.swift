// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC

/// Turns an Arrow file or stream into JSON Lines with the wanted columns, one line a row.
///
/// A file on disk is read by way of its footer. What comes through a pipe is read as a stream: of a
/// file that is everything between its magic and its footer. Memory: one batch.
final class ArrowProducer: ByteProducer {
  /// Batches as they come.
  private enum Source {
    case file(ArrowFileReader, next: Int)
    case stream(ArrowStreamReader)
  }

  private let input: StoredInput
  private let file: InputFile
  private let serializer: RowSerializer
  private let columns: [String]
  private var source: Source
  private var batch: RecordBatch?
  private var nextRow = 0
  private var lines: [UInt8] = []
  private var given = 0

  init(_ input: StoredInput, _ options: CorpusOptions) throws(CorpusError) {
    guard !options.convertsEncoding else {
      throw CorpusError(
        .usage, file: input.file.path,
        "this is Arrow data, whose text is UTF-8; read it without --encoding")
    }
    self.input = input
    file = input.file
    var arrow = ArrowReadOptions()
    arrow.maximumBatchBytes = 8 << 30
    arrow.passesOverUnsupported = true
    let columns: TableColumns
    do {
      let isFile = try input.peek(8).starts(with: Self.magic)
      if isFile, !file.isStandardInput, file.storedSize > 0 {
        let reader = try ArrowFileReader(path: file.path, options: arrow)
        columns = try TableColumns(reader.schema, options, file: file.path)
        source = .file(reader, next: 0)
      } else {
        if isFile { try Self.passHead(of: input) }
        var found: TableColumns?
        let reader = try ArrowStreamReader(
          options: arrow,
          choosing: { schema in
            found = try TableColumns(schema, options, file: input.file.path)
            return found?.columns
          },
          read: { try input.read(into: $0) })
        guard let chosen = found else { throw Self.noSchema(input.file) }
        columns = chosen
        source = .stream(reader)
      }
    } catch {
      throw Self.described(error, input.file)
    }
    self.columns = columns.columns
    serializer = RowSerializer(columns)
  }

  /// How many bytes of the file, as stored, were read.
  var storedBytesRead: Int {
    guard case .file(let reader, let next) = source else { return input.offset }
    return file.storedSize / max(1, reader.batchCount) * next
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    while given == lines.count {
      if batch == nil, try !nextBatch() { return 0 }
      guard let rows = batch else { return 0 }
      lines.removeAll(keepingCapacity: true)
      given = 0
      nextRow = serializer.append(rows, from: nextRow, upTo: 256 << 10, to: &lines)
      if nextRow >= rows.rowCount { batch = nil }
    }
    let count = min(target.count, lines.count - given)
    lines.withUnsafeBytes {
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[given..<given + count]))
    }
    given += count
    return count
  }

  private func nextBatch() throws(CorpusError) -> Bool {
    nextRow = 0
    do {
      switch source {
      case .file(let reader, let next):
        guard next < reader.batchCount else { return false }
        batch = try reader.batch(next, columns: columns)
        source = .file(reader, next: next + 1)
      case .stream(let reader):
        batch = try reader.next()?.0
        guard batch == nil else { break }
        guard reader.hasEndMarker else {
          throw CorpusError(
            .corrupt, file: file.path, byteOffset: input.offset,
            "the Arrow stream ends without its end mark: what wrote it was cut short")
        }
        // What follows is a footer. Whoever writes it must not find the pipe closed.
        try drain()
        return false
      }
    } catch {
      throw Self.described(error, file)
    }
    return true
  }

  private func drain() throws(CorpusError) {
    while try input.fill() { input.take(input.window.count) }
  }

  private static let magic = Array("ARROW1".utf8)

  /// Passes the magic of a file and its padding, of 8 bytes or of 64.
  private static func passHead(of input: StoredInput) throws(CorpusError) {
    input.take(8)
    while input.offset < 64, try input.peek(8).allSatisfy({ $0 == 0 }) { input.take(8) }
    guard try input.peek(4).allSatisfy({ $0 == 0xFF }) else { throw noSchema(input.file) }
  }

  private static func noSchema(_ file: InputFile) -> CorpusError {
    CorpusError(
      .unsupported, file: file.path,
      "the schema of this Arrow file stands in its footer alone, which a pipe brings last; "
        + "give the file itself, or write a stream")
  }

  private static func described(_ error: any Error, _ file: InputFile) -> CorpusError {
    if let error = error as? CorpusError { return error }
    guard let error = error as? ArrowError else {
      return CorpusError(.io, file: file.path, "\(error)")
    }
    let code: CorpusError.Code =
      switch error.code {
      case .unsupported: .unsupported
      case .system: .io
      case .limitExceeded: .tooLarge
      default: .corrupt
      }
    let column = error.column.map { "column \($0): " } ?? ""
    return CorpusError(
      code, file: file.path, byteOffset: error.offset, "Arrow data: " + column + error.message)
  }
}
