// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
internal import Datasets
internal import JSON
internal import Objectives

/// `prep export`: a dataset in the format of another program.
public struct ExportRun {
  /// What is written.
  public enum Format: String, Sendable, CaseIterable {
    /// MosaicML Streaming shards, one directory a split.
    case mds
    /// Megatron's `.bin` and `.idx`, one pair a split; token datasets only.
    case megatron
    /// One JSON object a row, one file a split.
    case jsonl
    /// The same dataset with another compression.
    case arrow
  }

  /// What a sequence of the Megatron format is.
  public enum Sequence: String, Sendable, CaseIterable {
    /// A document, as for causal models.
    case document
    /// A sentence, documents grouping theirs, as for BERT and T5.
    case sentence
  }

  private let dataset: Dataset
  private let format: Format

  /// The compression of `mds` and `arrow`.
  public var compression = ArrowCompression.zstd(level: 3)
  /// What a Megatron sequence is.
  public var sequence = Sequence.document
  /// Whether the end-of-document token closes each Megatron document.
  public var appendsEOD = true
  /// Columns to leave out.
  public var leftOut: Set<String> = []

  /// Opens the dataset.
  ///
  /// - Throws: `DatasetError` when there is none, `PipelineError` when the format cannot hold it.
  public init(_ directory: String, format: Format) throws {
    dataset = try Dataset(directory)
    self.format = format
    guard format != .megatron || dataset.manifest.kind == .tokens else {
      throw PipelineError(
        .usage,
        "\(directory): Megatron's format holds token ids alone, no labels or masks; export the token "
          + "dataset, or these examples as mds or arrow")
    }
  }

  /// Writes everything.
  ///
  /// - Returns: what was written, one path a line.
  /// - Throws: `PipelineError` with `.outputRefused` when something is there.
  public func write(to output: String, progress: ProgressHandler) throws -> [String] {
    guard format != .arrow else { return try recompress(to: output, progress: progress) }
    if FileSystem.exists(output), !(try FileSystem.names(in: output)).isEmpty {
      throw PipelineError(.outputRefused, "\(output): the directory is not empty; choose another")
    }
    try FileSystem.createDirectory(output)
    var written: [String] = []
    for split in dataset.manifest.splits {
      switch format {
      case .mds: written.append(try writeMDS(split, to: "\(output)/\(split)", progress))
      case .megatron: written += try writeMegatron(split, to: output, progress)
      case .jsonl: written.append(try writeJSONL(split, to: "\(output)/\(split).jsonl", progress))
      case .arrow: break
      }
    }
    return written
  }

  private func forEachBatch(
    of split: String, _ progress: ProgressHandler, _ body: (RecordBatch) throws -> Void
  ) throws {
    let shards = dataset.manifest.shards.filter { $0.split == split }
    let total = shards.reduce(0) { $0 + $1.rows }
    var done = 0
    for shard in shards {
      let reader = try dataset.reader(of: shard)
      let columns = reader.schema.fields.map(\.name).filter { !leftOut.contains($0) }
      for index in 0..<reader.batchCount {
        let batch: RecordBatch
        do {
          batch = try reader.batch(index, columns: columns)
        } catch {
          throw PipelineError(.malformed, "\(shard.file): \(error)")
        }
        try body(batch)
        done += batch.rowCount
        progress(Progress(stage: "export", done: done, total: total, measure: "rows", rows: done))
      }
    }
  }

  private func writeMDS(
    _ split: String, to directory: String, _ progress: ProgressHandler
  ) throws -> String {
    var writer: MDSWriter?
    let level: Int? = if case .zstd(let level) = compression { level } else { nil }
    try forEachBatch(of: split, progress) { batch in
      let open =
        try writer
        ?? MDSWriter(directory: directory, schema: batch.schema, compressionLevel: level)
      writer = open
      try open.append(batch)
    }
    try writer?.finish()
    return directory
  }

  private func writeJSONL(
    _ split: String, to path: String, _ progress: ProgressHandler
  ) throws -> String {
    try FileSystem.replace(path) { write in
      try forEachBatch(of: split, progress) { batch in
        for row in 0..<batch.rowCount {
          try write(batch.json(row: row).serialized(sortedKeys: false) + [UInt8(ascii: "\n")])
        }
      }
    }
    return path
  }

  private func writeMegatron(
    _ split: String, to output: String, _ progress: ProgressHandler
  ) throws -> [String] {
    let tokenizer = dataset.manifest.tokenizer
    var end: [UInt32] = []
    if appendsEOD {
      guard let id = tokenizer.roles["eos"] else {
        throw PipelineError(
          .usage, "the tokenizer has no eos token to close documents with; use --no-eod")
      }
      end = [id]
    }
    let prefix = "\(output)/\(split)_text_\(sequence.rawValue)"
    var writer = try MegatronWriter(prefix: prefix, vocabularySize: tokenizer.vocabularySize)
    for shard in dataset.manifest.shards where shard.split == split {
      let reader = try dataset.reader(of: shard)
      guard sequence == .document || reader.schema.index(of: "sentence_starts") != nil else {
        throw PipelineError(
          .usage, "\(shard.file): no sentence starts; tokenize with --sentences to export sentences"
        )
      }
      var loader = try TokenUnitLoader(schema: reader.schema, path: shard.file)
      for index in 0..<reader.batchCount { try loader.append(reader.batch(index)) }
      let unit = try loader.unit(ordinal: 0)
      for document in 0..<unit.documentCount {
        try writer.append(document: sequences(of: document, in: unit, end: end))
      }
      progress(Progress(stage: "export", done: shard.rows, total: nil, measure: "rows"))
    }
    try writer.finish()
    return [prefix + ".bin", prefix + ".idx"]
  }

  /// The sequences of a document; the end-of-document token belongs to the last.
  private func sequences(
    of document: Int, in unit: TokenizedUnit, end: [UInt32]
  ) -> [ArraySlice<UInt32>] {
    let first = unit.documentOffsets[document]
    let last = unit.documentOffsets[document + 1]
    guard sequence == .sentence, let sentences = unit.sentenceStarts else {
      return [unit.tokens[first..<last] + end]
    }
    let range = sentences.offsets[document]..<sentences.offsets[document + 1]
    let starts = sentences.starts[range].map { first + Int($0) } + [last]
    var sequences = zip(starts, starts.dropFirst()).map { unit.tokens[$0..<$1] }
    if let final = sequences.popLast() { sequences.append(final + end) }
    return sequences
  }

  private func recompress(to output: String, progress: ProgressHandler) throws -> [String] {
    var manifest = dataset.manifest
    guard case .object(var parameters) = manifest.parameters else { return [] }
    parameters["compression"] = .string(compression.name)
    manifest.parameters = .object(parameters)
    let plan: JSONValue = [
      "command": "export", "compression": .string(compression.name),
      "shards": .array(manifest.shards.map { .string("\($0.contentDigest)") }),
    ]
    let staged = try StagedDataset(directory: output, policy: .refuse, plan: plan)
    let metadata = ShardMetadata.entries(
      kind: manifest.kind, tokenizer: manifest.tokenizer, parameters: manifest.parameters,
      objective: manifest.objective)
    for (unitIndex, unit) in manifest.units.enumerated() {
      for (index, shard) in unit.shards.enumerated() {
        manifest.units[unitIndex].shards[index] = try recompress(shard, metadata, staged)
        progress(Progress(stage: "export", done: unitIndex, total: nil, measure: "units"))
      }
    }
    let companions = try ["tokenizer.json", "tokenizer_config.json"].map { name in
      (name: name, bytes: try dataset.bytes(of: name))
    }
    try staged.seal(manifest, companions: companions)
    return [output]
  }

  private func recompress(
    _ shard: Manifest.Shard, _ metadata: [ArrowKeyValue], _ staged: StagedDataset
  ) throws -> Manifest.Shard {
    let reader = try dataset.reader(of: shard)
    let schema = ArrowSchema(fields: reader.schema.fields, metadata: metadata)
    let writer = try staged.shard(file: shard.file, split: shard.split, schema: schema)
    var encoder = try BatchEncoder(schema: schema, compression: compression)
    for index in 0..<reader.batchCount {
      let batch = try reader.batch(index)
      try writer.append(
        ShardBatch(
          RecordBatch(schema: schema, rowCount: batch.rowCount, columns: batch.columns),
          tokens: 0, lossTokens: nil, encoder: &encoder))
    }
    var result = try writer.finish()
    guard result.contentDigest == shard.contentDigest else {
      throw PipelineError(
        .malformed, "\(shard.file): the content is not what the manifest says; validate the dataset"
      )
    }
    result.tokens = shard.tokens
    result.lossTokens = shard.lossTokens
    return result
  }
}
