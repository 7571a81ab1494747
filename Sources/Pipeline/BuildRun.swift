// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Concurrency
public import Datasets
internal import Digests
internal import JSON
internal import Objectives
internal import Randomness

/// `prep build`: token shards in, example shards out.
///
///     var options = BuildOptions(inputs: ["tokens"], objective: "t5-span")
///     options.seed = 7
///     let manifest = try BuildRun(options).write(to: .directory("shards", .refuse)) { _ in }
public struct BuildRun {
  let options: BuildOptions
  let input: TokenInput
  let objective: any Objective
  private let tokenizer: TokenizerFile
  private let services: BuildServices
  private let columns: ExampleColumns
  private let record: Manifest.Objective
  private let schema: ArrowSchema

  /// Checks everything that can be checked before the work starts.
  ///
  /// - Throws: `ObjectiveError` when parameters are wrong or the tokens lack what the objective
  ///   needs, `DatasetError` and `PipelineError` naming an input that cannot serve.
  public init(_ options: BuildOptions) throws {
    self.options = options
    try Self.checkNumbers(options)
    input = try TokenInput(options.inputs)
    tokenizer = try input.tokenizer(options)
    try BuildServices.check(options.settings)
    let vocabulary = try tokenizer.vocabulary()
    objective = try ObjectiveRegistry.standard.make(
      options.objective, settings: options.settings, vocabulary: vocabulary)
    try objective.needs.check(
      objective: options.objective, hasWordStarts: input.hasColumn("word_starts"),
      hasSentenceStarts: input.hasColumn("sentence_starts"), documents: input.documentCount)
    services = try BuildServices(for: objective, options, input, tokenizer, vocabulary)
    columns = ExampleColumns(
      columns: objective.columns, vocabularySize: tokenizer.record.vocabularySize,
      provenance: options.provenance)
    record = Manifest.Objective(
      name: options.objective, parameters: objective.parameters.json,
      modelColumns: objective.modelColumns,
      facts: .object(objective.facts.reduce(into: services.facts) { $0[$1.name] = .init($1.value) })
    )
    schema = columns.schema(
      metadata: ShardMetadata.entries(
        kind: .examples, tokenizer: tokenizer.record, parameters: options.parameters,
        objective: record))
  }

  private static func checkNumbers(_ options: BuildOptions) throws {
    guard options.startRow >= 0 else {
      throw PipelineError(.usage, "--start-row counts from 0; it cannot be \(options.startRow)")
    }
    guard (1...65_536).contains(options.epochs) else {
      throw PipelineError(.usage, "--epochs takes 1 to 65,536, not \(options.epochs)")
    }
    guard let epoch = options.epoch else { return }
    guard options.epochs == 1 else {
      throw PipelineError(.usage, "--epochs and --epoch exclude each other")
    }
    guard (0...65_535).contains(epoch) else {
      throw PipelineError(.usage, "--epoch counts from 0 to 65,535; it cannot be \(epoch)")
    }
  }

  /// Frames, corrupts and writes everything.
  ///
  /// - Returns: the manifest of the dataset.
  /// - Throws: the first error in the order of the units; finished units stay in `.partial/`.
  public func write(to destination: Destination, progress: ProgressHandler) throws -> Manifest {
    switch destination {
    case .directory(let path, let policy):
      if case .stream = input, policy == .resume {
        throw PipelineError(.usage, "--resume cannot continue a build from a pipe; --overwrite can")
      }
      try checkDivision(policy)
      let staged = try StagedDataset(directory: path, policy: policy, plan: plan)
      if staged.isComplete { return try Dataset(path).manifest }
      let manifest = try staged.attempt { try run(.directory(staged), progress: progress).manifest }
      try staged.complete(manifest, companions: tokenizer.companions + services.companions)
      return manifest
    case .standardOutput:
      let stream = try DatasetStreamWriter(schema: schema)
      let (manifest, rowsOfAllParts) = try run(.stream(stream), progress: progress)
      var builder = ExampleBuilder(columns: objective.columns)
      let empty = columns.recordBatch(
        builder.takeBatch(), provenance: ProvenanceRows(), schema: schema)
      try stream.finish(empty: empty.columns, rowsOfAllParts: rowsOfAllParts)
      return manifest
    }
  }

  /// Tasks must be able to begin with any unit.
  private func checkDivision(_ policy: StagedDataset.Policy) throws {
    guard case .task = policy else { return }
    if case .stream = input {
      throw PipelineError(.usage, "a pipe cannot be divided among tasks")
    }
    guard options.limit == nil, options.part == .whole, options.startRow == 0 else {
      throw PipelineError(
        .usage,
        "--limit, --part and --start-row count from the first unit on; tasks cannot keep to them")
    }
  }

  /// Whether a stream of this build leaves splits out.
  public var leavesSplitsOut: Bool {
    guard case .datasets(let datasets) = input else { return false }
    return datasets.splits.count > 1 && datasets.splits.contains("train")
  }

  /// About how many bytes the dataset will take, extrapolated from one batch; `nil` for a pipe or
  /// without rows.
  ///
  /// - Throws: as `write`.
  public func estimatedBytes() throws -> Int? {
    guard case .datasets(let datasets) = input else { return nil }
    let tasks = tasks(datasets, onlyTrain: false)
    guard let first = tasks.first else { return nil }
    let unit = try datasets.load(first.reference)
    let streams = try RandomStreams(key: StreamKey(seed: options.seed), unit: Int(unit.ordinal))
    let frames = try frames(of: unit, random: streams)
    guard frames.count > 0 else { return nil }
    let worker = try makeWorker(metadata: [])
    let rows = min(frames.count, rowsPerBatch(frames))
    let batch = try worker.build(
      0..<rows, RowSelection(all: rows), of: frames, random: streams
    ).batch.encoded
    let bytesPerToken =
      Double(batch.bytes.count) * Double(frames.count) / Double(rows)
      / Double(max(1, unit.tokens.count))
    return Int(bytesPerToken * Double(tasks.reduce(0) { $0 + $1.reference.tokens }))
  }

  // MARK: One unit after another

  /// A unit of output: a token shard in an epoch.
  private struct Task {
    let reference: TokenUnitReference
    let epoch: Int
    let isNamedByEpoch: Bool

    var epochInName: Int? { isNamedByEpoch ? epoch : nil }
    /// The unit's name in the manifest: a split and a token shard give one unit.
    var unitName: String { "\(reference.split)-\(reference.name)" }
    var key: String { StagedDataset.key(name: unitName, epoch: epochInName) }
  }

  /// Everything that will be written, in order. Only `train` is drawn more than once.
  private func tasks(_ datasets: TokenDatasets, onlyTrain: Bool) -> [Task] {
    var tasks: [Task] = []
    for split in datasets.splits where split == "train" || !onlyTrain {
      let epochs =
        split == "train" ? options.epoch.map { [$0] } ?? Array(0..<options.epochs) : [0]
      for epoch in epochs {
        for reference in datasets.units where reference.split == split {
          tasks.append(task(reference, epoch: epoch))
        }
      }
    }
    return tasks
  }

  private func task(_ reference: TokenUnitReference, epoch: Int) -> Task {
    let isNamed = reference.split == "train" && (options.epochs > 1 || options.epoch != nil)
    return Task(reference: reference, epoch: epoch, isNamedByEpoch: isNamed)
  }

  private func run(
    _ output: OpenOutput, progress: ProgressHandler
  ) throws -> (manifest: Manifest, rowsOfAllParts: Int) {
    var units: [Manifest.Unit] = []
    var dealer = RowDealer(options, startSplit: input.hasTrainSplit ? "train" : nil)
    switch input {
    case .datasets(let datasets):
      var onlyTrain = false
      if case .stream = output { onlyTrain = datasets.splits.contains("train") }
      let tasks = tasks(datasets, onlyTrain: onlyTrain).enumerated().filter {
        output.concerns($0.offset)
      }
      .map(\.element)
      let total = tasks.reduce(0) { $0 + $1.reference.tokens }
      var done = 0
      for task in tasks {
        let unit: Manifest.Unit
        if let finished = output.finished(task.key) {
          unit = finished
          dealer.pass(unit, split: task.reference.split, epoch: task.epoch)
        } else {
          let tokens = try datasets.load(task.reference)
          unit = try build(tokens, task, &dealer, to: output) { rows, share in
            progress(
              Progress(
                stage: "build \(options.objective)",
                done: done + Int(share * Double(task.reference.tokens)), total: total,
                measure: "tokens", rows: rows, tokens: 0))
          }
        }
        units.append(unit)
        done += task.reference.tokens
      }
    case .stream(let stream):
      guard options.epochs == 1 else {
        throw PipelineError(.usage, "a pipe can be read only once: --epochs needs a token dataset")
      }
      var done = 0
      while let (name, split, tokens) = try stream.nextUnit() {
        let task = task(
          TokenUnitReference(streamed: name, split: split, ordinal: tokens.ordinal),
          epoch: split == "train" ? options.epoch ?? 0 : 0)
        let unit = try build(tokens, task, &dealer, to: output) { rows, share in
          progress(
            Progress(
              stage: "build \(options.objective)",
              done: done + Int(share * Double(tokens.tokens.count)), total: nil,
              measure: "tokens", rows: rows, tokens: 0))
        }
        units.append(unit)
        done += tokens.tokens.count
      }
    }
    try dealer.checkStart(options)
    let manifest = Manifest(
      kind: .examples, parameters: options.parameters, objective: record, seed: options.seed,
      tokenizer: tokenizer.record, inputs: input.json, units: units, versions: Versions.all)
    return (manifest, dealer.rowsOfAllParts)
  }

  private func build(
    _ unit: TokenizedUnit, _ task: Task, _ dealer: inout RowDealer, to output: OpenOutput,
    progress: (_ rows: Int, Double) -> Void
  ) throws -> Manifest.Unit {
    let streams = try RandomStreams(
      key: StreamKey(seed: options.seed), unit: Int(unit.ordinal), epoch: task.epoch)
    let frames = try frames(of: unit, random: streams)
    let share = dealer.deal(
      frames.count, split: task.reference.split, epoch: task.epoch,
      order: options.shuffle ? Self.rowOrder(frames, random: streams) : nil)
    let count = share.selection.count
    let stem = task.reference.name + (task.epochInName.map { "-e\(padded($0, 2))" } ?? "")
    let shard = UnitOutput(output, unit: stem, splits: [task.reference.split], schema: schema)
    let metadata = UnitOutput.batchMetadata(output, unit: stem, split: task.reference.split)
    let step = rowsPerBatch(frames)
    var next = 0
    var rows = 0
    var tally = Tally()
    try OrderedPipeline<Range<Int>, BuiltBatch, BuiltBatch, BuiltBatch>(threads: options.threads)
      .run(
        source: {
          guard next < count else { return nil }
          defer { next = min(count, next + step) }
          return next..<min(count, next + step)
        },
        worker: {
          let worker = try makeWorker(metadata: metadata)
          return .init(
            map: { try worker.build($0, share.selection, of: frames, random: streams) },
            finish: { $0 })
        },
        fold: { batch, emit in emit(batch) },
        flush: { _ in },
        sink: { batch in
          try shard.append(batch.batch, split: 0)
          tally.add(batch.tally)
          rows += batch.batch.encoded.rowCount
          progress(rows, Double(rows) / Double(max(1, count)))
        })
    let finished = Manifest.Unit(
      name: task.unitName, epoch: task.epochInName, input: task.reference.input,
      shards: try shard.finish(),
      counts: Self.counts(unit, frames.report, tally).merging(share.counts) { $1 })
    if case .directory(let staged) = output { try staged.record(finished) }
    return finished
  }

  /// The frames of a unit in the order in which `--shuffle` puts them.
  private static func rowOrder(_ frames: FramedUnit, random: RandomStreams) -> [UInt32] {
    var stream = random.stream(.rowOrder)
    return stream.permutation(count: frames.count)
  }

  /// Rows so that the longest list column has about 131,072 values; the same for every batch of a
  /// unit, so that row i is in batch i / rows.
  func rowsPerBatch(_ frames: FramedUnit) -> Int {
    var longest = 1
    for column in objective.columns {
      if case .fixed(let length) = column.shape { longest = max(longest, length) }
    }
    if objective.columns.contains(where: { $0.shape == .list }), frames.count > 0 {
      longest = max(longest, frames.unit.tokens.count / frames.count)
    }
    return max(1, TokenizeRun.idsPerBatch / longest)
  }

  /// What one thread works with.
  func makeWorker(metadata: [ArrowKeyValue] = []) throws -> BuildWorker {
    try BuildWorker(
      objective: objective, columns: columns, schema: schema, compression: options.compression,
      metadata: metadata, services: services.make())
  }

  /// Rewrites the documents of a unit if the objective does, and plans the frames.
  func frames(of unit: TokenizedUnit, random: RandomStreams) throws -> FramedUnit {
    let unit = try objective.rewrite(unit, random, services.make()) ?? unit
    return try objective.framing.frames(of: unit, random: random)
  }

  // MARK: What the plan and the manifest say

  private static func counts(
    _ unit: TokenizedUnit, _ report: FramingReport, _ tally: Tally
  ) -> [String: Int] {
    var counts = [
      "source_documents": unit.documentCount, "source_tokens": unit.tokens.count,
      "input_tokens": tally.inputTokens, "input_padding": tally.inputPadding,
      "loss_tokens": tally.lossTokens, "target_padding": tally.targetPadding,
    ]
    let repeated = unit.repeatedDocumentTokens
    if repeated > 0 { counts["repeated_document_tokens"] = repeated }
    for drop in report.drops {
      counts["dropped_documents_\(drop.reason.rawValue)"] = drop.documents
      counts["dropped_tokens_\(drop.reason.rawValue)"] = drop.tokens
    }
    for event in FramingReport.Event.allCases where report.count(of: event) > 0 {
      counts[event.rawValue] = report.count(of: event)
    }
    for event in Tally.Event.allCases where tally.count(of: event) > 0 {
      counts[event.rawValue] = tally.count(of: event)
    }
    return counts
  }

  private var plan: JSONValue {
    [
      "command": "build", "parameters": options.parameters, "objective": .string(record.name),
      "objective_parameters": record.parameters, "facts": record.facts,
      "seed": .string(String(options.seed)),
      "inputs": input.json, "tokenizer": .string("\(tokenizer.record.digest)"),
      "roles": .object(
        tokenizer.record.roles.sorted { $0.key < $1.key }.reduce(into: [:]) {
          $0[$1.key] = .init(Int($1.value))
        }),
      "versions": Versions.json,
    ]
  }
}

extension TokenizedUnit {
  /// Tokens of documents that have both the id and the text of an earlier one: in provenance they
  /// look like that one served again.
  var repeatedDocumentTokens: Int {
    var earlier: [String: [Int]] = [:]
    var repeated = 0
    for (document, id) in documentIDs.enumerated() {
      let text = tokens[documentOffsets[document]..<documentOffsets[document + 1]]
      let isRepeated = (earlier[id] ?? []).contains { other in
        text.elementsEqual(tokens[documentOffsets[other]..<documentOffsets[other + 1]])
      }
      if isRepeated { repeated += text.count } else { earlier[id, default: []].append(document) }
    }
    return repeated
  }
}
