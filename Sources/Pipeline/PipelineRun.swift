// SPDX-License-Identifier: Apache-2.0
internal import Corpus
public import Datasets
internal import Digests
internal import JSON
internal import Tokenization
internal import UnicodeText
public import Validation

/// `prep run` and `prep merge`: everything that a pipeline file names, in order; what is there
/// already and was made the same way stays.
public struct PipelineRun {
  /// How much of it this process does.
  public enum Work: Sendable, Hashable {
    /// Everything.
    case everything
    /// The share of one of several tasks in what can be made now: the tokens, or, where those are
    /// whole, the datasets of examples. Nothing is sealed or validated.
    case task(Part)
    /// Seals, and validates, what the tasks have made.
    case merge
  }

  /// What became of one stage.
  public enum Outcome: Sendable, Hashable {
    /// It was made now.
    case made
    /// It was there, made from the same input with the same parameters.
    case kept
  }

  /// One stage that is done.
  public enum Event: Sendable {
    /// The tokenizer is at `path`.
    case tokenizer(path: String, vocabularySize: Int, Outcome)
    /// A dataset is at `path`.
    case dataset(path: String, Manifest, Outcome)
    /// A dataset was validated.
    case validation(path: String, ValidationReport)
    /// The share of a task is made: so many units of `path`.
    case share(path: String, units: Int, Part)
    /// What comes next is for the tasks to make: these datasets.
    case tasksAreNext([String])
  }

  private let file: PipelineFile
  private let work: Work
  private let threads: Int
  private let limit: Int?
  private let overwrites: Bool

  /// A run of a pipeline file.
  ///
  /// - Parameters:
  ///   - overwrites: whether outputs that were made differently are replaced.
  ///   - work: how much is done.
  public init(
    _ file: PipelineFile, threads: Int, limit: Int?, overwrites: Bool, work: Work = .everything
  ) {
    self.file = file
    self.work = work
    self.threads = threads
    self.limit = limit
    self.overwrites = overwrites
  }

  /// Runs all stages.
  ///
  /// - Parameter report: receives each stage when it is done.
  /// - Throws: the error of the first stage that fails.
  public func run(progress: ProgressHandler, report: (Event) throws -> Void) throws {
    let tokenizer = try prepareTokenizer(progress: progress, report: report)
    var options = file.tokens
    options.sources = file.sources
    options.corpus = file.corpus
    options.tokenizer = tokenizer
    options.specials = file.specials
    options.threads = threads
    options.limit = limit
    let tokens = "\(file.output)/tokens"
    let isWhole = try make(tokens, progress, report) { policy in
      try TokenizeRun(options).write(to: .directory(tokens, policy), progress: progress)
    }
    // Examples are made from whole tokens.
    guard isWhole else {
      if work == .merge { try report(.tasksAreNext([tokens])) }
      return
    }
    var next: [String] = []
    for dataset in file.datasets {
      var options = BuildOptions(inputs: [tokens], objective: dataset.objective)
      options.settings = dataset.settings
      options.seed = dataset.seed
      options.epochs = dataset.epochs
      options.budget = dataset.budget
      options.after = dataset.after.map { "\(file.output)/\($0)" }
      options.sampling = dataset.sampling
      options.threads = threads
      let path = "\(file.output)/\(dataset.name)"
      let isWhole = try make(path, progress, report) { policy in
        try BuildRun(options).write(to: .directory(path, policy), progress: progress)
      }
      if !isWhole { next.append(path) }
    }
    if work == .merge, !next.isEmpty { try report(.tasksAreNext(next)) }
  }

  /// Makes a dataset, or keeps it where its plan is the same, and validates it; or does what else
  /// is the work of this process.
  ///
  /// - Returns: whether the dataset is whole.
  private func make(
    _ path: String, _ progress: ProgressHandler, _ report: (Event) throws -> Void,
    _ write: (StagedDataset.Policy) throws -> Manifest
  ) throws -> Bool {
    let wasThere = FileSystem.exists("\(path)/\(Manifest.fileName)")
    switch work {
    case .everything:
      try makeWhole(path, wasThere: wasThere, report, write)
    case .task(let part):
      let manifest = try write(.task(part))
      guard wasThere else {
        try report(.share(path: path, units: manifest.units.count, part))
        return false
      }
      try report(.dataset(path: path, manifest, .kept))
      return true
    case .merge:
      guard try wasThere || StagedDataset.taskCount(in: path) != nil else { return false }
      try report(.dataset(path: path, try write(.merge), wasThere ? .kept : .made))
    }
    if file.validates { try validate(path, progress, report) }
    return true
  }

  private func makeWhole(
    _ path: String, wasThere: Bool, _ report: (Event) throws -> Void,
    _ write: (StagedDataset.Policy) throws -> Manifest
  ) throws {
    do {
      let manifest = try write(.resume)
      try report(.dataset(path: path, manifest, wasThere ? .kept : .made))
    } catch let error as DatasetError where error.code == .usage && overwrites {
      try report(.dataset(path: path, try write(.overwrite), .made))
    }
  }

  private func validate(
    _ path: String, _ progress: ProgressHandler, _ report: (Event) throws -> Void
  ) throws {
    let result = try ValidationRun(directory: path, threads: threads).run(progress: progress)
    try report(.validation(path: path, result))
  }

  // MARK: The tokenizer

  /// The path of the tokenizer, trained first where the file says so.
  private func prepareTokenizer(
    progress: ProgressHandler, report: (Event) throws -> Void
  ) throws -> String {
    switch file.tokenizer {
    case .file(let path):
      return path
    case .train(let size, let frequency, let rule, let form, let specials):
      guard case .task = work else {
        return try trainTokenizer(
          size, frequency, rule, form, specials, progress: progress, report: report)
      }
      // The first task trains, the others wait for it.
      try FileSystem.createDirectory("\(file.output)/tokenizer")
      return try FileSystem.oneAfterAnother(lock: "\(file.output)/tokenizer/lock") {
        try trainTokenizer(
          size, frequency, rule, form, specials, progress: progress, report: report)
      }
    }
  }

  private func trainTokenizer(
    _ size: Int, _ frequency: Int, _ rule: PreTokenizerRule, _ form: NormalForm,
    _ specials: String, progress: ProgressHandler, report: (Event) throws -> Void
  ) throws -> String {
    let path = "\(file.output)/tokenizer/tokenizer.json"
    let planPath = "\(file.output)/tokenizer/plan.json"
    let plan = try trainingPlan(size, frequency, rule, form, specials)
    if FileSystem.exists(path), FileSystem.exists(planPath) {
      if try FileSystem.read(planPath) == plan {
        let size = try TokenizerFile(path: path).record.vocabularySize
        try report(.tokenizer(path: path, vocabularySize: size, .kept))
        return path
      }
      guard overwrites else {
        throw PipelineError(
          .usage,
          "\(path): trained from other input or parameters; --overwrite replaces what differs")
      }
    }
    let trainer = try BPETrainer(
      vocabularySize: size, minimumFrequency: frequency, preTokenizer: rule, form: form,
      specials: TokenizerTraining.specials(specials))
    try FileSystem.createDirectory("\(file.output)/tokenizer")
    let training = TokenizerTraining(
      trainer: trainer,
      resources: .init(
        threads: threads, memory: TokenizerTraining.Resources.usualMemory,
        temporary: "\(file.output)/tokenizer/words"))
    let result = try training.run(
      inputs: file.sources.flatMap(\.inputs), corpus: file.corpus, limit: limit,
      progress: progress)
    try TokenizerTraining.write(result.tokenizer, to: path)
    try FileSystem.replace(planPath, with: plan)
    try report(
      .tokenizer(path: path, vocabularySize: result.tokenizer.vocabularySize, .made))
    return path
  }

  private func trainingPlan(
    _ size: Int, _ frequency: Int, _ rule: PreTokenizerRule, _ form: NormalForm, _ specials: String
  ) throws -> [UInt8] {
    let inputs = try InputListing.files(for: file.sources.flatMap(\.inputs))
    let specialDigest =
      ["default", "none"].contains(specials)
      ? specials : "\(SHA256.digest(of: try FileSystem.read(specials)))"
    let options = TokenizeOptions(sources: file.sources, tokenizer: "", corpus: file.corpus)
    let plan: JSONValue = [
      "command": "tokenizer train", "vocab_size": .init(size), "min_frequency": .init(frequency),
      "pre_tokenizer": .string(rule.rawValue), "form": .string(form.rawValue),
      "special_tokens": .string(specialDigest), "corpus": .object(options.corpusParameters),
      "limit": limit.map { .init($0) } ?? nil,
      "files": .array(
        inputs.map { ["name": .string($0.name), "bytes": .init($0.storedSize)] }),
      "versions": Versions.json,
    ]
    return plan.serialized(pretty: true)
  }
}
