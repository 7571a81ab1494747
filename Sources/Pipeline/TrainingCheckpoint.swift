// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import JSON
internal import Training

/// Where a training writes: the model, the tokenizer beside it, the log, the curves.
struct TrainingCheckpoint {
  private let options: TrainingOptions
  private let dataset: Dataset
  private let plan: TrainingPlan
  private let steps: Int

  /// The names of what is written beside the model.
  private enum Name {
    static let log = "log.jsonl"
    static let plot = "loss.svg"
    static let report = "training.json"
    static let ids = "ids.json"
    static let tokenizer = ["tokenizer.json", "tokenizer_config.json"]
    /// Of what is needed to go on.
    static let partial = ".partial"
    static let state = "state.safetensors"
  }

  /// - Throws: `PipelineError` when something is at the output and is not to be replaced.
  init(
    _ options: TrainingOptions, _ dataset: Dataset, _ plan: TrainingPlan, steps: Int
  ) throws {
    self.options = options
    self.steps = steps
    self.dataset = dataset
    self.plan = plan
    guard let output = options.output else { return }
    if FileSystem.exists(output), !options.overwrites, !options.resumes {
      guard FileSystem.isDirectory(output), try FileSystem.names(in: output).isEmpty else {
        throw PipelineError(
          .outputRefused, "\(output): something is there; --resume goes on, --overwrite replaces it"
        )
      }
    }
    if options.resumes, FileSystem.exists("\(output)/\(Name.report)") {
      throw PipelineError(
        .outputRefused, "\(output): that run is finished; --overwrite replaces it")
    }
    let partial = "\(output)/\(Name.partial)"
    if !options.resumes, FileSystem.exists(partial) { try FileSystem.removeTree(partial) }
    try FileSystem.createDirectory(partial)
  }

  // MARK: Going on

  /// Where a run was interrupted.
  struct Place {
    /// The log up to there.
    let log: TrainingLog
    /// Tokens that were trained on.
    let tokens: Int
    /// Examples that were taken.
    let consumed: Int
  }

  /// What has to be the same in a run that goes on.
  private var identity: String {
    let parts = [
      "\(dataset.manifest.planDigest.map { "\($0)" } ?? "")", "\(steps)", "\(options.seed)",
      "\(options.rows)", "\(options.accumulation)", "\(options.length ?? 0)", "\(options.isCheck)",
      "\(options.learningRate ?? 0)", options.kernel.rawValue, options.initial ?? "",
    ]
    return parts.joined(separator: " ")
  }

  /// Saves what is needed to go on, a few times in a run.
  func save(_ model: Model, _ log: TrainingLog, tokens: Int, consumed: Int) throws {
    let interval = options.saveEvery ?? max(1, steps / 10)
    guard let output = options.output, model.steps % interval == 0, model.steps < steps else {
      return
    }
    // The log first: what it has too much is cut when the run goes on.
    try FileSystem.replace("\(output)/\(Name.partial)/\(Name.log)", with: log.bytes)
    try model.saveState(
      to: "\(output)/\(Name.partial)/\(Name.state)",
      texts: [
        "run": identity, "tokens": "\(tokens)", "consumed": "\(consumed)",
        "log_bytes": "\(log.bytes.count)",
      ])
  }

  /// Puts the model where an interrupted run was; nil if there is none.
  ///
  /// - Throws: `PipelineError` if that run had other options.
  func resume(_ model: Model) throws -> Place? {
    guard let output = options.output, options.resumes else { return nil }
    let state = "\(output)/\(Name.partial)/\(Name.state)"
    guard FileSystem.exists(state) else { return nil }
    let texts = try model.restoreState(from: state)
    guard texts["run"] == identity else {
      throw PipelineError(
        .usage,
        "\(output): the interrupted run had other options or another dataset; --overwrite begins anew"
      )
    }
    let number = { (key: String) in texts[key].flatMap { Int($0) } ?? 0 }
    let log = try FileSystem.read("\(output)/\(Name.partial)/\(Name.log)")
    return Place(
      log: try TrainingLog(Array(log.prefix(number("log_bytes")))), tokens: number("tokens"),
      consumed: number("consumed"))
  }

  // MARK: The model

  /// The model to begin with.
  ///
  /// - Parameter length: the longest piece.
  func model(ids: IDMap, length: Int) throws -> Model {
    let needsPairs = plan.pairColumn != nil
    guard let initial = options.initial else {
      var configuration = ModelConfiguration.small(
        plan.family, vocabularySize: ids.size, positions: length,
        hiddenSize: options.width ?? (options.isCheck ? 128 : 256),
        layers: options.layers ?? (options.isCheck ? 2 : nil),
        hasPairHead: needsPairs)
      if plan.family != .t5 { configuration.padTokenID = Int(ids[plan.padID]) }
      configuration.generationIDs = generationIDs(ids)
      return try Model(
        configuration, seed: options.seed, threads: options.threads, kernel: options.kernel)
    }
    let (model, _) = try Model.load(
      initial, needsPairHead: needsPairs, seed: options.seed, threads: options.threads,
      kernel: options.kernel)
    let configuration = model.configuration
    guard configuration.family == plan.family else {
      throw PipelineError(
        .usage,
        "\(initial): a model of the family \(configuration.family.rawValue); rows of "
          + "\(plan.objective) are for \(plan.family.rawValue)")
    }
    guard configuration.vocabularySize >= ids.size else {
      throw PipelineError(
        .usage,
        "\(initial): \(configuration.vocabularySize) entries; the dataset has ids up to "
          + "\(ids.size - 1). Build it with the tokenizer of the model")
    }
    guard configuration.positions == 0 || configuration.positions >= length else {
      throw PipelineError(
        .usage, "\(initial): takes \(configuration.positions) positions; give --length")
    }
    return model
  }

  /// What a decoder of `transformers` begins and ends with; null where the tokenizer has no such token,
  /// whose defaults are ids of other tokenizers.
  private func generationIDs(_ ids: IDMap) -> [String: Int?] {
    let id = { (role: String) in plan.roles[role].map { Int(ids[$0]) } }
    switch plan.family {
    case .bert, .electra: return [:]
    case .gpt2: return ["bos_token_id": id("bos"), "eos_token_id": id("eos")]
    case .t5:
      return [
        "eos_token_id": id("eos"), "pad_token_id": Int(ids[plan.padID]),
        "decoder_start_token_id": plan.decoderStart.map { Int(ids[$0]) },
      ]
    }
  }

  /// Writes everything; `config.json` comes with the model.
  func finish(
    _ model: Model, _ log: TrainingLog, _ report: TrainingReport, ids: IDMap
  ) throws -> String? {
    guard let output = options.output else { return nil }
    if let table = ids.table {
      // The tokenizer's ids are not the model's.
      let list = JSONValue.array(table.map { .init(Int($0)) })
      try FileSystem.replace("\(output)/\(Name.ids)", with: list.serialized())
    } else {
      for name in Name.tokenizer where FileSystem.exists(dataset.path(of: name)) {
        try FileSystem.replace("\(output)/\(name)", with: dataset.bytes(of: name))
      }
    }
    try FileSystem.replace("\(output)/\(Name.log)", with: log.bytes)
    let title = "\(plan.objective), \(plan.family.rawValue), \(report.steps) steps"
    try FileSystem.replace(
      "\(output)/\(Name.plot)", with: Array(LossPlot(title: title, report.curves).svg.utf8))
    try FileSystem.replace(
      "\(output)/\(Name.report)",
      with: report.json.serialized(pretty: true))
    try model.save(to: output)
    try FileSystem.removeTree("\(output)/\(Name.partial)")
    return output
  }
}
