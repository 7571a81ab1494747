// SPDX-License-Identifier: Apache-2.0
internal import Corpus
public import Datasets
internal import Digests
internal import JSON
internal import Tokenization
internal import UnicodeText
public import Validation

/// `prep run`: everything that a pipeline file names, in order; what is there already and was made
/// the same way stays.
public struct PipelineRun {
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
  }

  private let file: PipelineFile
  private let threads: Int
  private let limit: Int?
  private let overwrites: Bool

  /// A run of a pipeline file.
  ///
  /// - Parameter overwrites: whether outputs that were made differently are replaced.
  public init(_ file: PipelineFile, threads: Int, limit: Int?, overwrites: Bool) {
    self.file = file
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
    try make(tokens, report) { policy in
      try TokenizeRun(options).write(to: .directory(tokens, policy), progress: progress)
    }
    if file.validates { try validate(tokens, progress, report) }
    for dataset in file.datasets {
      var options = BuildOptions(inputs: [tokens], objective: dataset.objective)
      options.settings = dataset.settings
      options.seed = dataset.seed
      options.epochs = dataset.epochs
      options.threads = threads
      let path = "\(file.output)/\(dataset.name)"
      try make(path, report) { policy in
        try BuildRun(options).write(to: .directory(path, policy), progress: progress)
      }
      if file.validates { try validate(path, progress, report) }
    }
  }

  /// Makes a dataset, or keeps it where its plan is the same.
  private func make(
    _ path: String, _ report: (Event) throws -> Void,
    _ write: (StagedDataset.Policy) throws -> Manifest
  ) throws {
    let wasThere = FileSystem.exists("\(path)/\(Manifest.fileName)")
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
      let training = try TokenizerTraining(
        inputs: file.sources.flatMap(\.inputs), corpus: file.corpus, trainer: trainer,
        threads: threads, limit: limit)
      let result = try training.run(progress: progress)
      try FileSystem.createDirectory("\(file.output)/tokenizer")
      try TokenizerTraining.write(result.tokenizer, to: path)
      try FileSystem.replace(planPath, with: plan)
      try report(
        .tokenizer(path: path, vocabularySize: result.tokenizer.vocabularySize, .made))
      return path
    }
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
