// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import JSON
internal import Objectives
internal import Training

/// `prep train`: a small model learns from a dataset, and its validation split tells whether the
/// data taught what it should.
public struct TrainingRun {
  let options: TrainingOptions
  let dataset: Dataset
  let plan: TrainingPlan
  let cutter: RowCutter
  let canJudge: Bool
  private let knownShortcut: String?

  /// Measurements of the held-out losses on the way.
  private static let measurements = 12
  /// Held-out examples of a measurement on the way.
  private static let examplesOnTheWay = 48

  /// Opens the dataset.
  ///
  /// - Throws: `DatasetError` when there is none, `PipelineError` when nothing can be judged.
  public init(_ options: TrainingOptions) throws {
    self.options = options
    dataset = try Dataset(options.dataset)
    let manifest = dataset.manifest
    guard manifest.kind == .examples else {
      throw PipelineError(
        .malformed,
        "\(options.dataset): tokenized documents; models are trained on examples (prep build)")
    }
    guard manifest.splits.contains("train") else {
      throw PipelineError(.malformed, "\(options.dataset): no rows in a split 'train'")
    }
    canJudge = manifest.splits.contains("validation")
    guard canJudge || options.output != nil && !options.isCheck else {
      throw PipelineError(
        .malformed,
        "\(options.dataset): no split 'validation', and no judgement without one; make the tokens "
          + "with prep tokenize --split train=0.99,validation=0.01 and build again")
    }
    let (objective, vocabulary) = try ValidationRun.objective(of: dataset)
    knownShortcut = objective.examination.knownShortcut
    plan = TrainingPlan(manifest, objective: objective, vocabulary: vocabulary)
    cutter = RowCutter(
      plan, length: options.length ?? (options.isCheck ? Self.checkedLength(plan) : 128))
  }

  /// Half of a row of 128 tokens; where it has an end of its own in every piece, with room for that.
  private static func checkedLength(_ plan: TrainingPlan) -> Int {
    plan.tasks.contains { $0.kind.hasSource } ? 72 : 64
  }

  /// Trains and judges.
  ///
  /// - Throws: errors of reading and writing; `TrainingError` if the loss is not a number any more.
  public func run(progress: ProgressHandler) throws -> TrainingReport {
    try run(progress: progress, interrupted: {})
  }

  /// - Parameter interrupted: is called after each step; what it throws ends the run.
  func run(
    progress: ProgressHandler = { _ in }, interrupted: () throws -> Void
  ) throws -> TrainingReport {
    var stream = try ExampleStream(
      dataset, split: "train", cutter: cutter, seed: options.seed, shuffles: options.shuffles)
    let sample = try stream.sample()
    guard !sample.isEmpty else {
      throw PipelineError(.malformed, "\(options.dataset): no row of 'train' has anything to learn")
    }
    let ids = idMap(sample)
    let judge = try makeJudge(sample, ids)
    var report = TrainingReport(
      dataset: options.dataset, objective: plan.objective, family: plan.family)
    // Where the answers are given away there is nothing to train for in a check.
    if options.isCheck, let heads = judge?.heads.filter({ $0.unigram != nil || $0.leak != nil }),
      !heads.isEmpty, heads.allSatisfy({ $0.leak != nil })
    {
      report.judgements = heads.compactMap { head in
        head.leak.map { Judgement(name: head.name, leak: $0) }
      }
      return report
    }
    let steps = steps(sample, isWholeSplit: stream.epochs == 1, judge, ids)
    let checkpoint = try TrainingCheckpoint(options, dataset, plan, steps: steps)
    let model = try checkpoint.model(ids: ids, length: cutter.length)
    if options.initial == nil { model.begin(withFrequencies: frequencies(sample, ids)) }
    report.parameters = model.weightCount
    var log = TrainingLog()
    if let place = try checkpoint.resume(model) {
      log = place.log
      report.tokens = place.tokens
      try stream.skip(place.consumed)
    }
    let builder = BatchBuilder(plan, ids: ids, shapedBy: sample)
    let schedule = LearningRateSchedule(
      peak: options.learningRate ?? Self.learningRate(plan.family, isCheck: options.isCheck),
      warmup: options.warmup ?? max(1, min(100, steps / 10)), steps: steps,
      shape: options.schedule, floor: 0.1)
    var optimizer = options.optimizer
    let interval = max(1, steps / Self.measurements)
    while model.steps < steps {
      if model.steps % interval == 0 {
        try measure(judge, model, builder, &log)
      }
      var batches: [TrainingBatch] = []
      for _ in 0..<options.accumulation {
        let examples = try stream.take(options.rows)
        report.tokens += examples.reduce(0) { $0 + $1.tokenCount }
        batches.append(builder.batch(examples))
      }
      try dump(batches, model)
      optimizer.learningRate = schedule.rate(at: model.steps + 1)
      let losses = try model.step(batches, optimizer: optimizer)
      log.step(model.steps, losses, rate: optimizer.learningRate, tokens: report.tokens)
      report.epochs = stream.epochs
      progress(
        Progress(
          stage: "train", done: report.tokens,
          total: report.tokens * steps / max(1, model.steps), measure: "tokens",
          rows: stream.consumed, tokens: report.tokens, loss: losses.total))
      try checkpoint.save(model, log, tokens: report.tokens, consumed: stream.consumed)
      try interrupted()
    }
    report.steps = model.steps
    try conclude(judge, model, builder, &log, &report)
    report.curves = (judge?.heads ?? []).map { log.curve(of: $0) }
    if let judge { report.samples = try samples(judge, model, builder, ids) }
    report.checkpoint = try checkpoint.finish(model, log, report, ids: ids)
    return report
  }

  /// Writes what the next step is made of, for comparison with other trainers.
  private func dump(_ batches: [TrainingBatch], _ model: Model) throws {
    guard let dump = options.dump else { return }
    for (index, batch) in batches.enumerated() {
      let part = batches.count == 1 ? "" : "-\(index + 1)"
      let directory = "\(dump)/step-\(model.steps + 1)\(part)"
      if model.steps == 0, batches.count == 1 {
        try model.dump(batch, to: directory)
      } else {
        try FileSystem.createDirectory(directory)
        try batch.write(to: "\(directory)/batch.safetensors")
      }
    }
  }

  // MARK: Preparation

  private func idMap(_ sample: [TrainingExample]) -> IDMap {
    guard options.isCheck, options.initial == nil else {
      return IDMap(vocabularySize: plan.vocabularySize)
    }
    let special = ["pad", "mask", "eos"].compactMap { plan.roles[$0] }
    return IDMap(
      mostFrequentOf: sample, labelsAreIDs: plan.family != .electra,
      vocabularySize: plan.vocabularySize, always: special)
  }

  /// How often each of the model's ids is a label.
  private func frequencies(_ sample: [TrainingExample], _ ids: IDMap) -> [Int] {
    var counts = [Int](repeating: 0, count: ids.size)
    for example in sample {
      for label in example.labels where label != TrainingExample.ignored {
        let id = Int(ids[label])
        if counts.indices.contains(id) { counts[id] += 1 }
      }
    }
    return counts
  }

  private func makeJudge(_ sample: [TrainingExample], _ ids: IDMap) throws -> TrainingJudge? {
    guard canJudge else { return nil }
    var stream = try ExampleStream(
      dataset, split: "validation", cutter: cutter, seed: options.seed)
    let heldOut = try stream.sample()
    guard !heldOut.isEmpty else {
      throw PipelineError(
        .malformed, "\(options.dataset): no row of 'validation' has anything to predict")
    }
    return try TrainingJudge(
      plan, sample: sample, heldOut: heldOut, ids: ids, knownShortcut: knownShortcut,
      seed: options.seed)
  }

  /// What was asked for, or what is expected to be enough; of little data at most ten epochs.
  private func steps(
    _ sample: [TrainingExample], isWholeSplit: Bool, _ judge: TrainingJudge?, _ ids: IDMap
  ) -> Int {
    if let steps = options.steps { return steps }
    let expectations =
      judge?.heads.map(\.expectation)
      ?? plan.tasks.map { Expectation($0.kind).scaled(vocabularySize: ids.size) }
    let needed = expectations.map(\.steps).max() ?? 1
    guard isWholeSplit else { return needed }
    let epoch = max(1, sample.count / (options.rows * options.accumulation))
    return min(needed, max(100, 10 * epoch))
  }

  private static func learningRate(_ family: ModelFamily, isCheck: Bool) -> Double {
    // The model of a check is so small that it stands more. What normalizes behind its residual
    // connections stands less.
    switch family {
    case .bert, .electra: isCheck ? 1.5e-3 : 7e-4
    case .gpt2: isCheck ? 3e-3 : 1e-3
    case .t5: isCheck ? 1.5e-3 : 1e-3
    }
  }

  // MARK: Judgement

  private func measure(
    _ judge: TrainingJudge?, _ model: Model, _ builder: BatchBuilder, _ log: inout TrainingLog
  ) throws {
    for (index, head) in (judge?.heads ?? []).enumerated() where !head.examples.isEmpty {
      let isPart = (judge?.heads.count ?? 0) > 2 && index > 0
      let evidence = try head.measure(
        model, builder: builder, steps: model.steps, seed: options.seed,
        limit: isPart ? Self.examplesOnTheWay / 6 : Self.examplesOnTheWay)
      log.measurement(model.steps, evidence)
    }
  }

  private func conclude(
    _ judge: TrainingJudge?, _ model: Model, _ builder: BatchBuilder, _ log: inout TrainingLog,
    _ report: inout TrainingReport
  ) throws {
    for head in judge?.heads ?? [] {
      let evidence = try head.measure(
        model, builder: builder, steps: model.steps, seed: options.seed)
      let judgement = Judgement(evidence)
      report.judgements.append(judgement)
      log.verdict(judgement, step: model.steps)
    }
    if judge == nil {
      report.notes.append("not judged: there is no split 'validation'")
    }
  }
}
