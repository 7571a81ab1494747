// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Concurrency
internal import Corpus
public import Datasets
internal import Digests
internal import JSON
internal import Tokenization
internal import UnicodeText

/// `prep tokenize`: documents in, token shards out.
///
///     let sources = TokenizeOptions.sources(of: ["books.jsonl.zst"])
///     var options = TokenizeOptions(sources: sources, tokenizer: "tokenizer.json")
///     options.sentences = true
///     let manifest = try TokenizeRun(options).write(to: .directory("tokens", .refuse)) { _ in }
public struct TokenizeRun {
  /// A batch closes with the document in which it reaches this many ids: 2 MiB of 16 bits each, as
  /// far back as zstd looks for matches at level 3. Smaller batches cost repetitive text a tenth.
  static let idsPerBatch = 1_048_576

  private let options: TokenizeOptions
  private let tokenizer: TokenizerFile
  private let groups: [InputGroup]
  private let columns: TokenColumns
  private let schema: ArrowSchema

  /// Checks everything that can be checked before the work starts.
  ///
  /// - Throws: `CorpusError`, `TokenizerError`, `PipelineError` naming what cannot be used.
  public init(_ options: TokenizeOptions) throws {
    self.options = options
    tokenizer = try TokenizerFile(
      path: options.tokenizer, specials: options.specials, preTokenizer: options.preTokenizer,
      preparesEncoders: options.threads > 1)
    guard options.sources.count <= 65_536 else {
      throw PipelineError(
        .usage,
        "\(options.sources.count) inputs, but a shard can name 65,536 sources: "
          + "give the directory that holds them, or a quoted glob")
    }
    if let name = options.corpus.keepFields.first(where: TokenColumns.reservedNames.contains) {
      throw PipelineError(.usage, "--keep-field: '\(name)' is the name of a column of ours")
    }
    groups = try InputUnits.groups(InputListing.files(for: options.inputs))
    columns = TokenColumns(
      vocabularySize: tokenizer.tokenizer.vocabularySize, wordStarts: options.wordStarts,
      sentenceStarts: options.sentences, text: options.keepText,
      keptFields: options.corpus.keepFields)
    schema = columns.schema(
      metadata: ShardMetadata.entries(
        kind: .tokens, tokenizer: tokenizer.record, parameters: options.parameters))
    // Fails early on a step or locale that ICU does not have.
    _ = try TextPipeline(steps: options.steps)
    if let locale = options.locale { _ = try SentenceBreaker(locale: locale) }
  }

  /// Reads, tokenizes and writes everything.
  ///
  /// - Returns: the manifest of the dataset; of a dataset that was there already with `.resume`,
  ///   that one.
  /// - Throws: the first error in the order of the input; what was finished before it stays in
  ///   `.partial/` for `--resume`.
  public func write(to destination: Destination, progress: ProgressHandler) throws -> Manifest {
    var seconds = StageSeconds()
    return try write(to: destination, seconds: &seconds, progress: progress)
  }

  /// As `write(to:progress:)`, adding up what it takes.
  public func write(
    to destination: Destination, seconds: inout StageSeconds, progress: ProgressHandler
  ) throws -> Manifest {
    switch destination {
    case .directory(let path, let policy):
      try checkResumption(policy, path)
      try checkDivision(policy)
      let staged = try StagedDataset(directory: path, policy: policy, plan: plan)
      if staged.isComplete { return try Dataset(path).manifest }
      let manifest = try staged.attempt {
        try run(.directory(staged), &seconds, progress: progress)
      }
      try staged.complete(manifest, companions: tokenizer.companions)
      return manifest
    case .standardOutput:
      guard options.split.names.count == 1 else {
        throw PipelineError(
          .usage, "-o - carries one split: leave --split out, or write to a directory")
      }
      let stream = try DatasetStreamWriter(schema: schema)
      let manifest = try run(.stream(stream), &seconds, progress: progress)
      let empty = TokenRows(keptFields: columns.keptFields.count)
      try stream.finish(empty: empty.recordBatch(columns, schema: schema).columns)
      return manifest
    }
  }

  /// What comes through a pipe cannot be compared with what came through it before.
  private func checkResumption(_ policy: StagedDataset.Policy, _ path: String) throws {
    let readsPipe = groups.contains { $0.files.contains(where: \.isStandardInput) }
    guard policy == .resume, readsPipe, FileSystem.exists(path) else { return }
    throw PipelineError(
      .usage, "--resume cannot continue from standard input; --overwrite starts anew")
  }

  /// Tasks must be able to begin anywhere.
  private func checkDivision(_ policy: StagedDataset.Policy) throws {
    guard case .task = policy else { return }
    if groups.contains(where: { $0.files.contains(where: \.isStandardInput) }) {
      throw PipelineError(.usage, "standard input cannot be divided among tasks")
    }
    if options.limit != nil {
      throw PipelineError(.usage, "--limit counts from the first unit on; tasks cannot keep to it")
    }
  }

  // MARK: One unit after another

  private func run(
    _ output: OpenOutput, _ seconds: inout StageSeconds, progress: ProgressHandler
  ) throws -> Manifest {
    var units: [Manifest.Unit] = []
    let workers = (0..<max(1, options.threads)).map { _ in
      TokenizeWorkerPlace(options: options, tokenizer: tokenizer.tokenizer)
    }
    var meter = Meter(total: totalBytes)
    var recordsLeft = options.limit ?? Int.max
    for (index, group) in groups.enumerated() where recordsLeft > 0 && output.concerns(index) {
      let finished = finishedUnits(of: index, in: output)
      units += finished
      for unit in finished {
        meter.add(unit)
        recordsLeft -= unit.input["records"]?.integerValue ?? 0
      }
      // In a merge every group is done: one without units has no documents.
      if output.isMerge || finished.last?.input["ends_group"]?.boolValue == true { continue }
      let reader = try GroupReader(
        group: group, options: options.corpus, startingAtCut: finished.count)
      let source = BatchSource(reader, limit: recordsLeft)
      meter.begin(group: source)
      while let cut = try source.nextCut() {
        if cut == finished.count { try check(finished, against: source) }
        let name = "\(padded(index, 5))-\(padded(cut, 3))"
        units.append(
          try write(
            name, from: source, by: workers, to: output, meter: &meter, seconds: &seconds,
            progress: progress))
        if case .directory(let staged) = output, let unit = units.last { try staged.record(unit) }
      }
      recordsLeft = source.recordsLeft
      meter.endGroup(storedBytes: group.storedSize)
    }
    return Manifest(
      kind: .tokens, parameters: options.parameters, tokenizer: tokenizer.record,
      inputs: inputs, units: units, versions: Versions.all)
  }

  /// Units that an earlier run finished must have been made from the very bytes that were passed
  /// over now.
  private func check(_ finished: [Manifest.Unit], against source: BatchSource) throws {
    for (cut, unit) in finished.enumerated() {
      guard let recorded = unit.input["sha256"]?.stringValue, let digest = source.digest(ofCut: cut)
      else { continue }
      guard recorded == "\(digest)" else {
        throw PipelineError(
          .malformed,
          "the input of unit \(unit.name) has changed since the run began; --overwrite starts anew")
      }
    }
  }

  private func write(
    _ name: String, from source: BatchSource, by workers: [TokenizeWorkerPlace],
    to output: OpenOutput, meter: inout Meter, seconds: inout StageSeconds,
    progress: ProgressHandler
  ) throws -> Manifest.Unit {
    let unit = UnitOutput(output, unit: name, splits: options.split.names, schema: schema)
    var counts: [String: Int] = [:]
    var open = options.split.names.map { _ in emptyRows }
    var current = meter
    var waiting = workers
    // One for each closure: they may run at the same time.
    var reading = StageSeconds()
    var folding = StageSeconds()
    var sinking = StageSeconds()
    try OrderedPipeline<RawBatch, TokenizedBatch, TokenBatchJob, TokenBatchOutput>(
      threads: options.threads
    ).run(
      source: { try reading.measure(.read) { try source.next() } },
      worker: {
        let worker = waiting.removeLast()
        let compressor = try TokenBatchCompressor(
          columns: columns, schema: schema, compression: options.compression)
        return .init(
          map: { try worker.tokenize($0) },
          finish: { job in
            let metadata = UnitOutput.batchMetadata(
              output, unit: name, split: options.split.names[job.split])
            return try compressor.compress(job, metadata: metadata)
          })
      },
      fold: { batch, emit in
        for (name, count) in batch.counts { counts[name, default: 0] += count }
        folding += batch.seconds
        folding.measure(.write) { distribute(batch, into: &open, emit: emit) }
      },
      flush: { emit in
        for (split, rows) in open.enumerated() where rows.count > 0 {
          emit(TokenBatchJob(split: split, rows: rows))
        }
      },
      sink: { batch in
        sinking += batch.seconds
        try sinking.measure(.write) { try unit.append(batch.batch, split: batch.split) }
        progress(
          current.advance(rows: batch.batch.encoded.rowCount, tokens: batch.batch.tokens))
      })
    meter = current
    for part in [reading, folding, sinking] { seconds += part }
    return Manifest.Unit(
      name: name, epoch: nil, input: try source.describeCut(), shards: try unit.finish(),
      counts: counts)
  }

  private var emptyRows: TokenRows {
    TokenRows(keptFields: columns.keptFields.count, expectedTokens: Self.idsPerBatch + 8192)
  }

  /// Appends each document to the open batch of its split and emits the batches that are full.
  private func distribute(
    _ batch: TokenizedBatch, into open: inout [TokenRows], emit: (TokenBatchJob) -> Void
  ) {
    var start = 0
    var row = 0
    while row < batch.rows.count {
      let split = batch.splits[row]
      var filled = open[split].tokens.count
      // A run of rows for one split, up to the end of its batch.
      start = row
      repeat {
        filled += batch.rows.tokenCount(row: row)
        row += 1
      } while row < batch.rows.count && batch.splits[row] == split && filled < Self.idsPerBatch
      open[split].append(contentsOf: batch.rows, rows: start..<row)
      if filled >= Self.idsPerBatch {
        emit(TokenBatchJob(split: split, rows: open[split]))
        open[split] = emptyRows
      }
    }
  }

  // MARK: What the plan and the manifest say

  private func finishedUnits(of group: Int, in output: OpenOutput) -> [Manifest.Unit] {
    guard case .directory(let staged) = output else { return [] }
    var units: [Manifest.Unit] = []
    while let unit = staged.finished["\(padded(group, 5))-\(padded(units.count, 3))"] {
      units.append(unit)
    }
    return units
  }

  private var inputs: JSONValue {
    let sourceOfInput = options.sourceOfInput
    return .array(
      options.sources.enumerated().map { index, source in
        var object: JSONObject = ["name": .string(source.name)]
        if let language = source.language { object["lang"] = .string(language) }
        object["files"] = .init(
          groups.reduce(0) { sum, group in
            sum + group.files.count { sourceOfInput[$0.argument] == index }
          })
        return .object(object)
      })
  }

  private var plan: JSONValue {
    let files = groups.flatMap { group in
      group.files.map { file -> JSONValue in
        [
          "name": .string(file.name), "bytes": .init(file.storedSize),
          "source": .init(file.argument),
        ]
      }
    }
    return [
      "command": "tokenize", "parameters": options.parameters, "inputs": inputs,
      "files": .array(files), "tokenizer": .string("\(tokenizer.record.digest)"),
      "versions": Versions.json,
    ]
  }

  private var totalBytes: Int? {
    groups.contains { $0.files.contains(where: \.isStandardInput) }
      ? nil : groups.reduce(0) { $0 + $1.storedSize }
  }
}

func padded(_ number: Int, _ digits: Int) -> String {
  let text = String(number)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
