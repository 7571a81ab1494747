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
  /// Ids of the longest list column in a batch: few enough that an order drawn over batches mixes.
  private static let idsPerBatch = 131_072

  let options: BuildOptions
  let input: TokenInput
  let objective: any Objective
  /// The key of all randomness.
  let seed: UInt64
  let tokenizer: TokenizerFile
  let columns: ExampleColumns
  let start: StageStart?
  let preparation: Preparation

  /// What takes work to make: it is made when the first row needs it.
  final class Preparation {
    struct Result {
      let services: BuildServices
      let sampling: DocumentSampling?
      let record: Manifest.Objective
      let schema: ArrowSchema
    }

    private let make: () throws -> Result
    private var result: Result?

    init(_ make: @escaping () throws -> Result) { self.make = make }

    func get() throws -> Result {
      if let result { return result }
      let made = try make()
      result = made
      return made
    }
  }

  /// Checks everything that can be checked before the work starts.
  ///
  /// - Throws: `ObjectiveError` when parameters are wrong or the tokens lack what the objective
  ///   needs, `DatasetError` and `PipelineError` naming an input that cannot serve.
  public init(_ options: BuildOptions) throws {
    self.options = options
    try Self.checkNumbers(options)
    input = try TokenInput(options.inputs)
    seed = try options.seed ?? options.after.map { try StageStart.seed(of: $0) } ?? 0
    start = try Self.start(options, input)
    tokenizer = try input.tokenizer(options)
    let vocabulary = try tokenizer.vocabulary()
    objective = try ObjectiveRegistry.standard.make(
      options.objective, settings: options.settings, vocabulary: vocabulary)
    try objective.needs.check(
      objective: options.objective, hasWordStarts: input.hasColumn("word_starts"),
      hasSentenceStarts: input.hasColumn("sentence_starts"), documents: input.documentCount)
    try BuildServices.check(objective, options, input, tokenizer)
    columns = ExampleColumns(
      columns: objective.columns, vocabularySize: tokenizer.record.vocabularySize,
      provenance: options.provenance)
    preparation = Preparation { [objective, input, tokenizer, columns, seed] in
      let services = try BuildServices(
        for: objective, options, input, tokenizer, vocabulary, seed: seed)
      let sampling = try Self.sampling(options, input)
      var facts = services.facts
      if let sampling { facts["sampling"] = sampling.facts }
      let record = Self.record(objective, options, facts: facts)
      let schema = columns.schema(
        metadata: ShardMetadata.entries(
          kind: .examples, tokenizer: tokenizer.record, parameters: options.parameters,
          objective: record))
      return Preparation.Result(
        services: services, sampling: sampling, record: record, schema: schema)
    }
  }

  /// What the manifest says of the objective.
  private static func record(
    _ objective: any Objective, _ options: BuildOptions, facts: JSONObject
  ) -> Manifest.Objective {
    Manifest.Objective(
      name: options.objective, parameters: objective.parameters.json,
      modelColumns: objective.modelColumns,
      facts: .object(objective.facts.reduce(into: facts) { $0[$1.name] = .init($1.value) }))
  }

  /// What decides the bytes, the stage before among it.
  var parameters: JSONValue {
    guard let start, case .object(var object) = options.parameters else {
      return options.parameters
    }
    object["stage"] = start.json
    return .object(object)
  }

  private static func checkNumbers(_ options: BuildOptions) throws {
    guard options.startRow >= 0 else {
      throw PipelineError(.usage, "--start-row counts from 0; it cannot be \(options.startRow)")
    }
    guard (1...65_536).contains(options.epochs ?? 1) else {
      throw PipelineError(.usage, "--epochs takes 1 to 65,536, not \(options.epochs ?? 1)")
    }
    try checkStage(options)
    guard let epoch = options.epoch else { return }
    guard options.epochs ?? 1 == 1 else {
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
      let staged = try StagedDataset(directory: path, policy: policy, plan: plan())
      if staged.isComplete { return try Dataset(path).manifest }
      let (manifest, rest) = try staged.attempt {
        let manifest = try run(.directory(staged), progress: progress).manifest
        return (manifest, try self.rest(after: manifest))
      }
      try staged.complete(
        manifest, companions: tokenizer.companions + preparation.get().services.companions + rest)
      return manifest
    case .standardOutput:
      let schema = try preparation.get().schema
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
    guard options.limit == nil, options.part == .whole, options.startRow == 0,
      options.budget == nil
    else {
      throw PipelineError(
        .usage,
        "--limit, --part, --start-row and --budget count from the first unit on; tasks cannot keep to them"
      )
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
    guard let first = passes(datasets, onlyTrain: false).first,
      let task = tasks(datasets, split: first.split, epoch: first.epochs.lowerBound).first,
      let total = totalTokens(datasets, onlyTrain: false)
    else { return nil }
    let unit = try datasets.load(task.reference)
    let streams = try RandomStreams(key: StreamKey(seed: seed), unit: Int(unit.ordinal))
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
    return Int(bytesPerToken * Double(total))
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
    return max(1, Self.idsPerBatch / longest)
  }

  /// What one thread works with.
  func makeWorker(metadata: [ArrowKeyValue] = []) throws -> BuildWorker {
    let prepared = try preparation.get()
    return try BuildWorker(
      objective: objective, columns: columns, schema: prepared.schema,
      compression: options.compression, metadata: metadata, services: prepared.services.make())
  }

  /// Rewrites the documents of a unit if the objective does, and plans the frames.
  func frames(of unit: TokenizedUnit, random: RandomStreams) throws -> FramedUnit {
    let services = try preparation.get().services
    let unit = try objective.rewrite(unit, random, services.make()) ?? unit
    return try objective.framing.frames(of: unit, random: random)
  }

  // MARK: What the plan and the manifest say

  static func counts(
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

  /// Everything that decides the bytes. What is counted in the input follows from the input.
  private func plan() throws -> JSONValue {
    let record = Self.record(objective, options, facts: [:])
    return [
      "command": "build", "parameters": parameters, "objective": .string(record.name),
      "objective_parameters": record.parameters, "facts": record.facts,
      "proposal": try options.proposal.map {
        .string("\(SHA256.digest(of: try FileSystem.read($0)))")
      } ?? nil,
      "models": .array(try BuildServices.modelDigests(objective)),
      "seed": .string(String(seed)),
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
