// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
public import Datasets

/// Where a command puts its dataset.
public enum Destination: Sendable, Hashable {
  /// A directory, with what to do when something is there.
  case directory(String, StagedDataset.Policy)
  /// An Arrow stream on standard output.
  case standardOutput

  /// `-` for standard output, anything else for a directory.
  ///
  /// - Throws: `PipelineError` with `.usage` when both policies are asked for.
  public init(_ path: String, resume: Bool, overwrite: Bool) throws(PipelineError) {
    guard !(resume && overwrite) else {
      throw PipelineError(.usage, "--resume and --overwrite exclude each other")
    }
    self =
      path == "-"
      ? .standardOutput
      : .directory(path, resume ? .resume : overwrite ? .overwrite : .refuse)
  }
}

/// The open output of a run.
enum OpenOutput {
  case directory(StagedDataset)
  case stream(DatasetStreamWriter)

  /// What an earlier run recorded of a unit.
  func finished(_ key: String) -> Manifest.Unit? {
    if case .directory(let staged) = self { staged.finished[key] } else { nil }
  }

  /// Whether the unit (or group of units) at a position of the list of all is for this run.
  func concerns(_ position: Int) -> Bool {
    if case .directory(let staged) = self { staged.concerns(position) } else { true }
  }

  /// Whether nothing is made: what was not recorded is not there.
  var isMerge: Bool {
    if case .directory(let staged) = self { staged.policy == .merge } else { false }
  }
}

/// Receives the batches of one unit in order: into one shard a split, or into the stream.
final class UnitOutput {
  private let output: OpenOutput
  private let unit: String
  private let splits: [String]
  private let schema: ArrowSchema
  private var writers: [ShardWriter?]

  /// - Parameter unit: `GROUP-CUT`, with the epoch where there is more than one.
  init(_ output: OpenOutput, unit: String, splits: [String], schema: ArrowSchema) {
    self.output = output
    self.unit = unit
    self.splits = splits
    self.schema = schema
    writers = splits.map { _ in nil }
  }

  func append(_ batch: ShardBatch, split: Int) throws {
    switch output {
    case .stream(let stream):
      try stream.append(batch)
    case .directory(let dataset):
      let writer =
        try writers[split]
        ?? dataset.shard(
          file: "\(splits[split])-\(unit).arrow", split: splits[split], schema: schema)
      writers[split] = writer
      try writer.append(batch)
    }
  }

  /// Completes the shards; a split without rows has none.
  func finish() throws -> [Manifest.Shard] {
    try writers.compactMap { try $0?.finish() }
  }

  /// What each batch says of itself: its unit, in a stream.
  static func batchMetadata(_ output: OpenOutput, unit: String, split: String) -> [ArrowKeyValue] {
    guard case .stream = output else { return [] }
    return [ArrowKeyValue(DatasetStreamWriter.unitKey, "\(split)-\(unit)")]
  }
}
