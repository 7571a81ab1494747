// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC

/// An Arrow file, or a stream in a file, of any origin.
enum ArrowData: Sendable {
  case file(ArrowFileReader)
  case stream(path: String, ArrowSchema)

  /// Opens a file and tells by its beginning which of both it is.
  ///
  /// - Throws: `PipelineError` naming what is wrong.
  init(path: String) throws {
    do {
      self = .file(try ArrowFileReader(path: path))
    } catch {
      guard error.code == .notArrow else { throw PipelineError(.malformed, "\(error)") }
      self = .stream(path: path, try Self.open(path).schema)
    }
  }

  var schema: ArrowSchema {
    switch self {
    case .file(let reader): reader.schema
    case .stream(_, let schema): schema
    }
  }

  /// What it is, in one line.
  var summary: String {
    let columns = "\(schema.fields.count) columns"
    return switch self {
    case .file(let reader): "\(columns) in \(reader.batchCount) batches"
    case .stream: "\(columns) in a stream"
    }
  }

  /// Calls `body` with the batches that hold rows from `first` on, each with the number of its first
  /// row, until it returns false. Files are entered at the batch that holds the row.
  ///
  /// - Returns: the number of rows that are known to be there.
  func forEachBatch(
    fromRow first: Int, name: String, _ body: (RecordBatch, _ firstRow: Int) throws -> Bool
  ) throws -> Int {
    do {
      switch self {
      case .file(let reader):
        let offsets = try reader.rowOffsets()
        guard let start = offsets.batch(ofRow: first) else { return offsets.rowCount }
        for index in start..<reader.batchCount {
          let rows = offsets.rows(ofBatch: index)
          if !rows.isEmpty, try !body(try reader.batch(index), rows.lowerBound) { break }
        }
        return offsets.rowCount
      case .stream(let path, _):
        let reader = try Self.open(path)
        var firstRow = 0
        while let (batch, _) = try reader.next() {
          let end = firstRow + batch.rowCount
          if end > first, try !body(batch, firstRow) { return end }
          firstRow = end
        }
        return firstRow
      }
    } catch let error as ArrowError {
      throw PipelineError(.malformed, "\(name): \(error)")
    }
  }

  private static func open(_ path: String) throws -> ArrowStreamReader {
    do {
      return try ArrowStreamReader(path: path)
    } catch let error as ArrowError {
      throw PipelineError(.malformed, "\(path): \(error)")
    }
  }
}
