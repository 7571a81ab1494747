// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import Training
internal import Validation

/// Prepares what a training is judged by: held-out examples, what they are held against, the
/// baselines of frequencies, and what the inputs give away.
struct TrainingJudge {
  /// Held-out examples that are judged, of a task and of the head over pairs.
  private static let examplesOfOneTask = 1024
  private static let examplesOfManyTasks = 192
  /// Examples of each task among those of all tasks together.
  private static let examplesOfAPart = 96
  private static let pairs = 1536

  let heads: [JudgedHead]
  /// Held-out examples by task, for completion.
  let heldOut: [[TrainingExample]]

  /// - Parameters:
  ///   - sample: training examples, from which frequencies are taken.
  ///   - heldOut: examples of the validation split in random order.
  init(
    _ plan: TrainingPlan, sample: [TrainingExample], heldOut: [TrainingExample], ids: IDMap,
    knownShortcut: String?, seed: UInt64
  ) throws {
    let limit =
      plan.pairColumn != nil
      ? Self.pairs : plan.tasks.count == 1 ? Self.examplesOfOneTask : Self.examplesOfManyTasks
    var heads: [JudgedHead] = []
    var byTask: [[TrainingExample]] = []
    for (number, task) in plan.tasks.enumerated() {
      let own = heldOut.filter { $0.task == number }
      let training = sample.filter { $0.task == number }
      byTask.append(Array(own.prefix(limit)))
      guard !own.isEmpty || !training.isEmpty else { continue }
      heads += try Self.heads(of: task, training, own, limit, plan, ids, seed)
    }
    if plan.tasks.count > 1 {
      for index in heads.indices { heads[index].isOfEveryStep = false }
      heads.insert(Self.pooled(heads, plan), at: 0)
    }
    if let column = plan.pairColumn {
      heads.append(
        try Self.pairHead(
          column, sample, byTask.flatMap { $0 }, plan, ids, knownShortcut: knownShortcut))
    }
    self.heads = heads
    self.heldOut = byTask
  }

  // MARK: Heads of tasks

  private static func heads(
    of task: TrainingTask, _ training: [TrainingExample], _ heldOut: [TrainingExample],
    _ limit: Int, _ plan: TrainingPlan, _ ids: IDMap, _ seed: UInt64
  ) throws -> [JudgedHead] {
    var audit = CopyAudit(task.kind, keptShare: plan.keptShare)
    var leak = TargetLeak()
    for example in training + heldOut {
      audit.add(example, isSpecial: plan.isSpecial)
      if task.kind == .spans || task.kind == .prefix {
        let (source, target) = example.sourceAndTarget
        leak.add(source: source, target: target) { plan.isSpecial(Int32(truncatingIfNeeded: $0)) }
      }
    }
    guard let counterfactual = Counterfactual(task.kind) else {
      return [replacementHead(task, training, Array(heldOut.prefix(limit)), plan, ids)]
    }
    var labels = LabelModel(size: ids.size)
    for example in training { labels.add(example) { ids[$0] } }
    let pairs = try counterfactual.pairs(
      heldOut, limit: limit, seed: seed, isSpecial: plan.isSpecial)
    let nats = labels.nats(of: pairs.map(\.own)) { ids[$0] }
    var heads = [
      JudgedHead(
        name: task.name, examples: pairs.map(\.own),
        opponent: .context(counterfactual, pairs.map(\.other)),
        expectation: Expectation(task.kind).scaled(vocabularySize: ids.size),
        unigram: nats.unigram, bigram: nats.bigram, leak: audit.leak ?? leak.finding?.message)
    ]
    if task.kind == .middle {
      let pairs = try Counterfactual.otherSuffix.pairs(
        heldOut, limit: limit, seed: seed, isSpecial: plan.isSpecial)
      heads.append(
        JudgedHead(
          name: "\(task.name)-suffix", examples: pairs.map(\.own),
          opponent: .context(.otherSuffix, pairs.map(\.other)),
          expectation: Expectation.suffix.scaled(vocabularySize: ids.size)))
      heads[1].isOfEveryStep = false
    }
    return heads
  }

  /// All tasks together; what one of them gives away, they give away.
  private static func pooled(_ heads: [JudgedHead], _ plan: TrainingPlan) -> JudgedHead {
    var examples: [TrainingExample] = []
    var others: [TrainingExample] = []
    var kinds: Set<Counterfactual> = []
    var expectation = Expectation(steps: 0, effect: 0, floor: 0)
    var sums = (unigram: 0.0, bigram: 0.0, labels: 0)
    var counterfactual = Counterfactual.otherSource
    for head in heads {
      guard case .context(let kind, let other) = head.opponent, let unigram = head.unigram,
        let bigram = head.bigram
      else { continue }
      kinds.insert(kind)
      counterfactual = kind
      examples += head.examples.prefix(Self.examplesOfAPart)
      others += other.prefix(Self.examplesOfAPart)
      let labels = head.examples.prefix(Self.examplesOfAPart).reduce(0) { $0 + $1.labelCount }
      sums.unigram += unigram * Double(labels)
      sums.bigram += bigram * Double(labels)
      sums.labels += labels
      expectation.steps = max(expectation.steps, head.expectation.steps)
      expectation.effect = max(expectation.effect ?? 0, head.expectation.effect ?? 0)
    }
    // In turns, so that the first examples are of every task.
    let order = Self.interleaved(examples.map(\.task))
    let labels = Double(max(1, sums.labels))
    let told = heads.filter { $0.leak != nil }
    let leak = told.first?.leak.map { "\(told.map(\.name).joined(separator: ", ")): \($0)" }
    return JudgedHead(
      name: plan.objective, examples: order.map { examples[$0] },
      opponent: .context(counterfactual, order.map { others[$0] }), expectation: expectation,
      unigram: sums.unigram / labels, bigram: sums.bigram / labels, leak: leak)
  }

  private static func interleaved(_ tasks: [Int]) -> [Int] {
    var seen: [Int: Int] = [:]
    let ranks = tasks.map { task in
      defer { seen[task, default: 0] += 1 }
      return seen[task, default: 0]
    }
    return tasks.indices.sorted { (ranks[$0], tasks[$0], $0) < (ranks[$1], tasks[$1], $1) }
  }

  // MARK: Replaced tokens

  private static func replacementHead(
    _ task: TrainingTask, _ training: [TrainingExample], _ heldOut: [TrainingExample],
    _ plan: TrainingPlan, _ ids: IDMap
  ) -> JudgedHead {
    var baseline = ReplacementBaseline(vocabularySize: plan.vocabularySize)
    for example in training { baseline.add(example) }
    let nats = baseline.nats(of: heldOut)
    let labels = max(1, heldOut.reduce(0) { $0 + $1.labelCount })
    let mean = nats.reduce(0) { $0 + $1.reduce(0, +) } / Double(labels)
    var expectation = Expectation(task.kind).scaled(vocabularySize: ids.size)
    // The floor is a share of what the rate alone leaves open.
    let floor = expectation.floor * baseline.entropy
    expectation.floor = mean > 0 ? floor / mean : 0
    let isTold = labels >= 200 && mean < floor
    return JudgedHead(
      name: task.name, examples: heldOut, opponent: .labels("p(label | token, place)", nats),
      expectation: expectation, unigram: nil, bigram: nil,
      leak: isTold
        ? "the token and its place alone tell whether it was replaced: \(Nats.text(mean)) nats of "
          + "\(Nats.text(baseline.entropy)) are left open" : nil)
  }

  // MARK: Pairs

  private static func pairHead(
    _ column: String, _ training: [TrainingExample], _ heldOut: [TrainingExample],
    _ plan: TrainingPlan, _ ids: IDMap, knownShortcut: String?
  ) throws -> JudgedHead {
    let isOrder = column != "next_sentence_label"
    var surface = PairSurface(swapsSegments: isOrder)
    for example in training {
      guard let label = example.pairLabel else { continue }
      let (first, second) = example.segments(isSpecial: plan.isSpecial)
      surface.learn(first, second, label: label == 1)
    }
    let pairs = heldOut.filter { $0.pairLabel != nil }
    for example in pairs {
      let (first, second) = example.segments(isSpecial: plan.isSpecial)
      surface.hold(first, second, label: example.pairLabel == 1)
    }
    let outcome = surface.run(column: column, known: knownShortcut)
    let finding = outcome.finding.flatMap { $0.severity == .fault ? $0.message : nil }
    return JudgedHead(
      name: isOrder ? "sop" : "nsp", examples: pairs,
      opponent: .pairs(
        isOrder ? "the lengths of the segments" : "the surface of the pair", outcome.nats),
      expectation: Expectation.pairs.scaled(vocabularySize: ids.size), leak: finding)
  }
}

extension TrainingExample {
  /// What stands in the source and in the target, of rows that have both.
  fileprivate var sourceAndTarget: ([Int64], [Int64]) {
    let target =
      decoderInputs == nil ? labels.dropFirst(max(0, sourceLength - 1)) : labels[...]
    return (
      (decoderInputs == nil ? inputs.prefix(sourceLength) : inputs[...]).map { Int64($0) },
      target.map { Int64($0) }
    )
  }

  /// The ordinary tokens of both segments, those that were hidden put back.
  fileprivate func segments(isSpecial: (Int32) -> Bool) -> ([Int64], [Int64]) {
    var first: [Int64] = []
    var second: [Int64] = []
    for (position, token) in inputs.enumerated() {
      let id = labels[position] == Self.ignored ? token : labels[position]
      guard !isSpecial(id) else { continue }
      if tokenTypes?[position] == 1 { second.append(Int64(id)) } else { first.append(Int64(id)) }
    }
    return (first, second)
  }
}
