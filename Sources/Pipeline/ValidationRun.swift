// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import JSON
public import Objectives
public import Validation

/// `prep validate`: a dataset against its sums, its manifest, its source and the rules of its kind.
public struct ValidationRun {
  private enum Subject {
    case dataset(DatasetValidation)
    case files(FilesValidation, ExampleRules)
  }

  private let subject: Subject

  /// Opens a dataset that prep made.
  ///
  /// - Parameters:
  ///   - level: how much is looked at.
  ///   - against: the token datasets it was built from, to check that nothing was lost.
  /// - Throws: `DatasetError` when there is none.
  public init(
    directory: String, level: ValidationLevel = .full, against: [String] = [], threads: Int
  ) throws {
    let source = against.isEmpty ? nil : try SourceTokens(against)
    subject = .dataset(
      try DatasetValidation(
        directory: directory, level: level, threads: threads,
        sources: source.map { $0.documents(of:) }))
  }

  /// Opens Arrow files that need not have a manifest.
  ///
  /// - Parameters:
  ///   - path: a file, or a directory of them.
  ///   - objective: what the rows are said to be made for.
  ///   - settings: its parameters.
  ///   - tokenizer: the tokenizer of the ids.
  ///   - against: the tokens they were made from; all shards are taken together.
  /// - Throws: `ObjectiveError` for wrong parameters; errors of reading.
  public init(
    path: String, objective: String, settings: [Setting], tokenizer: String,
    specials: [String] = [], against: [String] = [], threads: Int
  ) throws {
    let file = try TokenizerFile(path: tokenizer, specials: specials)
    let vocabulary = try file.vocabulary()
    let made = try ObjectiveRegistry.standard.make(
      objective, settings: settings, vocabulary: vocabulary)
    let source = against.isEmpty ? nil : try SourceTokens(against)
    subject = .files(
      try FilesValidation(path: path, threads: threads, source: source.map { try $0.all() }),
      ExampleRules(
        schema: nil, objective: made, vocabulary: vocabulary, text: Self.text(made, file)))
  }

  /// Checks everything.
  ///
  /// - Throws: `DatasetError` when the directory cannot be read; faults of the data are findings.
  public func run(progress: ProgressHandler) throws -> ValidationReport {
    let show = { (done: Int, total: Int) in
      progress(Progress(stage: "validate", done: done, total: total, measure: "rows", rows: done))
    }
    switch subject {
    case .dataset(let validation): return try validation.run(rules: Self.rules, progress: show)
    case .files(let validation, let rules): return try validation.run(rules: rules, progress: show)
    }
  }

  /// Restores what can be restored of a damaged dataset.
  ///
  /// - Throws: `DatasetError` when nothing can be saved, or writing fails.
  public static func repair(directory: String) throws -> DatasetRepair.Report {
    var repair = try DatasetRepair(directory: directory)
    return try repair.run(rules: rules)
  }

  /// The rules that the manifest of a dataset implies.
  private static func rules(of dataset: Dataset) throws -> any RowRules {
    let manifest = dataset.manifest
    switch manifest.kind {
    case .tokens:
      let parameters = manifest.parameters
      let columns = TokenColumns(
        vocabularySize: manifest.tokenizer.vocabularySize,
        wordStarts: parameters["word_starts"]?.boolValue ?? false,
        sentenceStarts: parameters["sentences"]?.boolValue ?? false,
        text: parameters["keep_text"]?.boolValue ?? false,
        keptFields: parameters["keep_fields"]?.arrayValue?.compactMap(\.stringValue) ?? [])
      let metadata = ShardMetadata.entries(
        kind: .tokens, tokenizer: manifest.tokenizer, parameters: parameters)
      return TokenRules(schema: columns.schema(metadata: metadata), manifest: manifest)
    case .examples:
      guard let record = manifest.objective else {
        throw PipelineError(.malformed, "member 'objective' is missing")
      }
      let (objective, vocabulary) = try objective(of: dataset)
      let columns = ExampleColumns(
        columns: objective.columns, vocabularySize: manifest.tokenizer.vocabularySize,
        provenance: manifest.parameters["provenance"]?.boolValue ?? true)
      let metadata = ShardMetadata.entries(
        kind: .examples, tokenizer: manifest.tokenizer, parameters: manifest.parameters,
        objective: record)
      return ExampleRules(
        schema: columns.schema(metadata: metadata), objective: objective, vocabulary: vocabulary,
        text: try Self.text(
          objective, TokenizerFile(path: dataset.directory, roles: manifest.tokenizer)))
    }
  }

  /// The objective of a dataset of examples, with the parameters of its manifest.
  static func objective(of dataset: Dataset) throws -> (any Objective, Vocabulary) {
    guard let record = dataset.manifest.objective else {
      throw PipelineError(.malformed, "\(dataset.directory): member 'objective' is missing")
    }
    let tokenizer = try TokenizerFile(
      path: dataset.directory, roles: dataset.manifest.tokenizer)
    let vocabulary = try tokenizer.vocabulary()
    let objective = try ObjectiveRegistry.standard.make(
      record.name, settings: settings(record.parameters), vocabulary: vocabulary)
    return (objective, vocabulary)
  }

  /// The bytes of tokens, where an objective divides texts into other tokens.
  private static func text(
    _ objective: any Objective, _ file: TokenizerFile
  ) -> (@Sendable ([Int64]) -> [UInt8])? {
    guard objective.needs.textCodec else { return nil }
    let table = TokenizerTextCodec.TokenBytes(file.tokenizer)
    return { table.text(of: $0) }
  }

  /// The parameters of a manifest as settings, the preset first so that it decides nothing that
  /// stands there itself.
  private static func settings(_ parameters: JSONValue) throws -> [Setting] {
    guard let object = parameters.objectValue else {
      throw PipelineError(.malformed, "member 'objective.parameters' is not an object")
    }
    return object.entries.compactMap { entry in
      let text: String? =
        switch entry.value {
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .double(let value): String(value)
        case .string(let value): value
        default: nil
        }
      return text.map { Setting(entry.key, $0) }
    }
  }
}
