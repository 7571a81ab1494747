// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
public import Datasets
internal import JSON
internal import Objectives
public import Validation

/// `prep report`: what is in a dataset, how long its rows are, some of them, and whether it is good.
public struct ReportRun {
  /// What was found out about one dataset.
  public struct Subject: Sendable {
    /// The last part of its path.
    public let name: String
    /// What it says of itself.
    public let manifest: Manifest
    /// What a check of everything found.
    public let validation: ValidationReport
    /// Lengths of documents, rows and targets.
    public let lengths: [LengthHistogram]
    /// Some rows, decoded, with the shard and the row's number.
    public let samples: [(place: String, lines: [RowDisplay.Line])]
  }

  /// A row longer than this is cut in the page: a sample is to be seen at a glance.
  static let longestSample = 4_000

  private let directories: [String]
  private let samples: Int
  private let threads: Int

  /// A report on datasets.
  ///
  /// - Parameter samples: how many rows of each are shown, evenly spaced.
  public init(directories: [String], samples: Int, threads: Int) {
    self.directories = directories
    self.samples = samples
    self.threads = threads
  }

  /// Reads every dataset twice: to check it, and to measure it.
  ///
  /// - Throws: `DatasetError` or `PipelineError` naming what cannot be read; faults of the data are
  ///   findings of the validation.
  public func run(progress: ProgressHandler) throws -> [Subject] {
    try directories.map { directory in
      let dataset = try Dataset(directory)
      let validation = try ValidationRun(directory: directory, threads: threads)
        .run(progress: progress)
      // What is damaged cannot be measured; the findings say so.
      let isReadable = validation.rows == dataset.manifest.shards.reduce(0) { $0 + $1.rows }
      return Subject(
        name: directory.split(separator: "/").last.map(String.init) ?? directory,
        manifest: dataset.manifest, validation: validation,
        lengths: isReadable ? try measure(dataset, progress) : [],
        samples: isReadable ? try sample(directory, rows: validation.rows) : [])
    }
  }

  private func measure(_ dataset: Dataset, _ progress: ProgressHandler) throws -> [LengthHistogram]
  {
    let isTokens = dataset.manifest.kind == .tokens
    let targetsAreRows = dataset.manifest.objective?.facts["decoder_start_token_id"] != nil
    var inputs = LengthHistogram(name: isTokens ? "tokens of a document" : "input tokens of a row")
    var losses = LengthHistogram(
      name: targetsAreRows ? "target tokens of a row" : "positions of a row with a loss")
    let wanted = ["input_ids", "attention_mask", "segment_ids", "labels"]
    let total = dataset.manifest.shards.reduce(0) { $0 + $1.rows }
    var done = 0
    for shard in dataset.manifest.shards {
      let reader = try dataset.reader(of: shard)
      let columns = wanted.filter { reader.schema.index(of: $0) != nil }
      for index in 0..<reader.batchCount {
        let batch = try reader.batch(index, columns: columns)
        for number in 0..<batch.rowCount {
          let row = batch.exampleRow(number, columns: columns)
          let real = row["attention_mask"] ?? row["segment_ids"]
          inputs.add(real.map { $0.count { $0 > 0 } } ?? row["input_ids"]?.count ?? 0)
          // Labels of 0 and 1 at every position tell replaced tokens; they have no ignored value.
          if let labels = row["labels"] { losses.add(labels.count { $0 != -100 }) }
        }
        done += batch.rowCount
        progress(Progress(stage: "measure", done: done, total: total, measure: "rows", rows: done))
      }
    }
    return losses.total > 0 ? [inputs, losses] : [inputs]
  }

  private func sample(
    _ directory: String, rows: Int
  ) throws -> [(place: String, lines: [RowDisplay.Line])] {
    let inspection = try Inspection(path: directory)
    let display = RowDisplay(tokenizer: inspection.tokenizer)
    var found: [(place: String, lines: [RowDisplay.Line])] = []
    let count = min(samples, rows)
    for index in 0..<count {
      try inspection.forEachRow(from: rows * index / count, count: 1) { row in
        found.append(("\(row.file), row \(row.number)", display.lines(row)))
      }
    }
    return found
  }
}
