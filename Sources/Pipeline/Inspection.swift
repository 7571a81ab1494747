// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
public import JSON
public import Tokenization

/// Reads single rows of a dataset or of any Arrow file, for people and for comparison.
public struct Inspection {
  /// A row with the place where it stands.
  public struct Row: Sendable {
    /// The name of the file.
    public let file: String
    /// The row's number in the file, from 0.
    public let number: Int
    /// The columns in the order of the schema.
    public let values: JSONObject
  }

  /// The dataset's tokenizer; `nil` for a single file, whose ids stay ids.
  public let tokenizer: Tokenizer?
  /// What the rows are, in one line.
  public let summary: String
  /// Columns that hold token ids.
  public let idColumns: Set<String>

  private let files: [(name: String, data: ArrowData)]

  /// Opens a dataset's directory or an Arrow file.
  ///
  /// - Parameters:
  ///   - split: only shards of this split.
  ///   - tokenizerPath: a tokenizer to decode with, where the input brings none.
  /// - Throws: `DatasetError` or `PipelineError` naming what cannot be read.
  public init(path: String, split: String? = nil, tokenizerPath: String? = nil) throws {
    if FileSystem.isDirectory(path) {
      let dataset = try Dataset(path)
      let manifest = dataset.manifest
      if let split, !manifest.splits.contains(split) {
        let known = manifest.splits.joined(separator: ", ")
        throw PipelineError(.usage, "\(path): no split '\(split)'; there are \(known)")
      }
      let shards = manifest.shards.filter { split == nil || $0.split == split }
      files = try shards.map { ($0.file, .file(try dataset.reader(of: $0))) }
      tokenizer = try TokenizerFile(
        path: tokenizerPath ?? path, roles: tokenizerPath == nil ? manifest.tokenizer : nil
      ).tokenizer
      let rows = shards.reduce(0) { $0 + $1.rows }
      let what = manifest.objective.map { "examples for \($0.name)" } ?? "tokenized documents"
      let splits = manifest.splits.joined(separator: ", ")
      let count = shards.count == 1 ? "1 shard" : "\(shards.count) shards"
      summary = "\(rows) \(what) in \(count) (\(splits))"
    } else {
      guard FileSystem.exists(path) else {
        throw PipelineError(.missing, "\(path): no such file or directory")
      }
      let data = try ArrowData(path: path)
      files = [(path.split(separator: "/").last.map(String.init) ?? path, data)]
      tokenizer = try tokenizerPath.map { try TokenizerFile(path: $0).tokenizer }
      summary = data.summary
    }
    idColumns = ["input_ids", "labels", "decoder_input_ids", "original_ids"]
  }

  /// The columns of the first file, with their types.
  public var columns: [(name: String, type: String)] {
    files.first?.data.schema.fields.map { ($0.name, "\($0.type)") } ?? []
  }

  /// Calls `body` with `count` rows from row `first` on, counted over all files.
  ///
  /// - Throws: `PipelineError` when there is no such row or a batch is damaged.
  public func forEachRow(from first: Int, count: Int, _ body: (Row) throws -> Void) throws {
    var skip = first
    var left = count
    var seen = 0
    for (name, data) in files where left > 0 {
      let start = skip
      let rows = try data.forEachBatch(fromRow: start, name: name) { batch, firstRow in
        let skipped = max(0, start - firstRow)
        for row in skipped..<(skipped + min(batch.rowCount - skipped, left)) {
          guard case .object(let values) = batch.json(row: row) else { continue }
          try body(Row(file: name, number: firstRow + row, values: values))
          left -= 1
        }
        return left > 0
      }
      seen += rows
      skip = max(0, skip - rows)
    }
    if left == count, count > 0, first > 0 {
      throw PipelineError(.usage, "there is no row \(first): there are \(seen)")
    }
  }
}
