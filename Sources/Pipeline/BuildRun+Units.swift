// SPDX-License-Identifier: Apache-2.0

internal import ArrowIPC
internal import Concurrency
internal import Datasets
internal import Objectives
internal import Randomness

/// One unit after another: what is written of each split and epoch, and how.
extension BuildRun {
  /// A unit of output: a token shard in an epoch.
  struct Task {
    let reference: TokenUnitReference
    let epoch: Int
    let isNamedByEpoch: Bool

    var epochInName: Int? { isNamedByEpoch ? epoch : nil }
    /// The unit's name in the manifest: a split and a token shard give one unit.
    var unitName: String { "\(reference.split)-\(reference.name)" }
    var key: String { StagedDataset.key(name: unitName, epoch: epochInName) }
    var isTraining: Bool { reference.split == "train" }
  }

  /// The splits that will be written, in order, with their epochs. Only `train` is drawn more than
  /// once; a budget may end it before.
  func passes(
    _ datasets: TokenDatasets, onlyTrain: Bool
  ) -> [(split: String, epochs: Range<Int>)] {
    let first = options.epoch ?? start?.epoch ?? 0
    let end = min(65_536, options.passes.map { first + $0 } ?? 65_536)
    return datasets.splits.filter { $0 == "train" || !onlyTrain }
      .map { ($0, $0 == "train" ? min(first, end)..<end : 0..<1) }
  }

  /// What will be written of a split in an epoch, unless a budget ends it before.
  func tasks(_ datasets: TokenDatasets, split: String, epoch: Int) -> [Task] {
    datasets.units
      .filter { unit in
        unit.split == split
          && !(split == "train" && start?.isBehind(unit, epoch: epoch) ?? false)
      }
      .map { task($0, epoch: epoch) }
  }

  /// The source tokens of everything that will be written; nil where a budget decides.
  func totalTokens(_ datasets: TokenDatasets, onlyTrain: Bool) -> Int? {
    guard options.passes != nil else { return nil }
    return passes(datasets, onlyTrain: onlyTrain).reduce(0) { sum, pass in
      pass.epochs.reduce(sum) { sum, epoch in
        tasks(datasets, split: pass.split, epoch: epoch).reduce(sum) { $0 + $1.reference.tokens }
      }
    }
  }

  func task(_ reference: TokenUnitReference, epoch: Int) -> Task {
    let isNamed =
      reference.split == "train"
      && (options.passes != 1 || options.epoch != nil || start != nil || options.budget != nil)
    return Task(reference: reference, epoch: epoch, isNamedByEpoch: isNamed)
  }

  func run(
    _ output: OpenOutput, progress: ProgressHandler
  ) throws -> (manifest: Manifest, rowsOfAllParts: Int) {
    var units: [Manifest.Unit] = []
    var dealer = RowDealer(options, startSplit: input.hasTrainSplit ? "train" : nil)
    switch input {
    case .datasets(let datasets):
      var onlyTrain = false
      if case .stream = output { onlyTrain = datasets.splits.contains("train") }
      let total = totalTokens(datasets, onlyTrain: onlyTrain)
      var done = 0
      var meter = BudgetMeter(options.budget)
      var position = 0
      for (split, epochs) in passes(datasets, onlyTrain: onlyTrain) {
        for epoch in epochs where split != "train" || !meter.isUsedUp {
          let before = units.count
          for task in tasks(datasets, split: split, epoch: epoch)
          where split != "train" || !meter.isUsedUp {
            defer { position += 1 }
            guard output.concerns(position) else { continue }
            let unit: Manifest.Unit
            if let finished = output.finished(task.key) {
              unit = finished
              dealer.pass(unit, split: split, epoch: epoch)
            } else {
              unit = try build(datasets, task, &dealer, meter, to: output) { rows, share in
                progress(
                  Progress(
                    stage: "build \(options.objective)",
                    done: done + Int(share * Double(task.reference.tokens)), total: total,
                    measure: "tokens", rows: rows, tokens: 0))
              }
            }
            if task.isTraining { meter.use(unit) }
            units.append(unit)
            done += task.reference.tokens
          }
          guard options.passes != nil || units[before...].contains(where: { !$0.shards.isEmpty })
          else { throw PipelineError(.usage, "--budget: an epoch of train gives no row") }
        }
      }
    case .stream(let stream):
      guard options.passes == 1 else {
        throw PipelineError(.usage, "a pipe can be read only once: --epochs needs a token dataset")
      }
      var done = 0
      while let (name, split, tokens) = try stream.nextUnit() {
        let task = task(
          TokenUnitReference(streamed: name, split: split, ordinal: tokens.ordinal),
          epoch: split == "train" ? options.epoch ?? 0 : 0)
        let streams = try RandomStreams(
          key: StreamKey(seed: seed), unit: Int(tokens.ordinal), epoch: task.epoch)
        let unit = try build(tokens, streams, task, &dealer, nil, to: output) { rows, share in
          progress(
            Progress(
              stage: "build \(options.objective)",
              done: done + Int(share * Double(tokens.tokens.count)), total: nil,
              measure: "tokens", rows: rows, tokens: 0))
        }
        if case .directory(let staged) = output { try staged.record(unit) }
        units.append(unit)
        done += tokens.tokens.count
      }
    }
    try dealer.checkStart(options)
    let manifest = Manifest(
      kind: .examples, parameters: parameters, objective: try preparation.get().record, seed: seed,
      tokenizer: tokenizer.record, inputs: input.json, units: units, versions: Versions.all)
    return (manifest, dealer.rowsOfAllParts)
  }

  /// Builds a unit of a dataset: what an earlier stage left of it, or its documents as often as
  /// they are sampled.
  func build(
    _ datasets: TokenDatasets, _ task: Task, _ dealer: inout RowDealer, _ meter: BudgetMeter,
    to output: OpenOutput, progress: (_ rows: Int, Double) -> Void
  ) throws -> Manifest.Unit {
    let (unit, streams, counts) = try prepared(datasets, task)
    var finished = try build(unit, streams, task, &dealer, meter, to: output, progress: progress)
    finished.counts.merge(counts) { $1 }
    if case .directory(let staged) = output { try staged.record(finished) }
    return finished
  }

  /// The documents that a unit of a dataset gives, and their streams.
  func prepared(
    _ datasets: TokenDatasets, _ task: Task
  ) throws -> (unit: TokenizedUnit, streams: RandomStreams, counts: [String: Int]) {
    let unit = try datasets.load(task.reference)
    let streams = try RandomStreams(
      key: StreamKey(seed: seed), unit: Int(unit.ordinal), epoch: task.epoch)
    guard task.isTraining else { return (unit, streams, [:]) }
    var counts = ["source_documents": unit.documentCount, "source_tokens": unit.tokens.count]
    if let start, let rest = start.rest(of: task.reference, epoch: task.epoch) {
      let left = try unit.selecting(rest, isInFinalOrder: true)
      counts[Manifest.Unit.earlierStagesKey] = max(0, unit.tokens.count - left.tokens.count)
      return (left, try start.streams(task.reference, seed: seed), counts)
    }
    guard let sampling = try preparation.get().sampling else { return (unit, streams, [:]) }
    let stretches = try sampling.stretches(
      of: unit, task.reference, datasets, epoch: task.epoch, seed: seed)
    let sampled = try unit.selecting(stretches, isInFinalOrder: false)
    counts[Manifest.Unit.sampledKey] = sampled.tokens.count
    counts[Manifest.Unit.copiesKey] = Dictionary(grouping: stretches, by: \.document).values
      .reduce(0) { max($0, $1.count) }
    return (sampled, streams, counts)
  }

  /// What the rows of a stage leave of the unit in which its budget was reached.
  func rest(after manifest: Manifest) throws -> [(name: String, bytes: [UInt8])] {
    guard case .datasets(let datasets) = input, let last = manifest.units.last(where: \.isTraining),
      last.counts[Manifest.Unit.afterBudgetKey] ?? 0 > 0,
      let reference = datasets.units.first(where: { $0.input == last.input })
    else { return [] }
    let (unit, streams, _) = try prepared(datasets, task(reference, epoch: last.epoch ?? 0))
    let frames = try frames(of: unit, random: streams)
    let selection = RowSelection(
      order: options.shuffle ? Self.rowOrder(frames, random: streams) : nil, count: frames.count)
    let rows = last.shards.reduce(0) { $0 + $1.rows }
    let rest = frames.rest(after: (0..<rows).lazy.map { selection.frame(ofRow: $0) })
    return rest.isEmpty ? [] : [(RestFile.name, try RestFile(rest).bytes())]
  }

  func build(
    _ unit: TokenizedUnit, _ streams: RandomStreams, _ task: Task, _ dealer: inout RowDealer,
    _ meter: BudgetMeter?, to output: OpenOutput, progress: (_ rows: Int, Double) -> Void
  ) throws -> Manifest.Unit {
    let frames = try frames(of: unit, random: streams)
    let share = dealer.deal(
      frames.count, split: task.reference.split, epoch: task.epoch,
      order: options.shuffle ? Self.rowOrder(frames, random: streams) : nil)
    let budgeted =
      task.isTraining
      ? try meter?.rows(of: frames, share.selection, streams, threads: options.threads) {
        try (makeWorker(), rowsPerBatch(frames))
      } : nil
    let count = budgeted?.rows ?? share.selection.count
    let stem = task.reference.name + (task.epochInName.map { "-e\(padded($0, 2))" } ?? "")
    let shard = UnitOutput(
      output, unit: stem, splits: [task.reference.split], schema: try preparation.get().schema)
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
    var counts = Self.counts(unit, frames.report, tally).merging(share.counts) { $1 }
    if let budgeted { counts.merge(budgeted.counts) { $1 } }
    return Manifest.Unit(
      name: task.unitName, epoch: task.epochInName, input: task.reference.input,
      shards: try shard.finish(), counts: counts)
  }

  /// The frames of a unit in the order in which `--shuffle` puts them.
  static func rowOrder(_ frames: FramedUnit, random: RandomStreams) -> [UInt32] {
    var stream = random.stream(.rowOrder)
    return stream.permutation(count: frames.count)
  }
}
