// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import JSON
internal import Objectives
public import Validation

/// `prep validate`: a dataset against its sums, its manifest and the rules of its kind.
public struct ValidationRun {
  private let validation: DatasetValidation

  /// Opens the dataset.
  ///
  /// - Throws: `DatasetError` when there is none.
  public init(directory: String, threads: Int) throws {
    validation = try DatasetValidation(directory: directory, threads: threads)
  }

  /// Checks everything.
  ///
  /// - Throws: `DatasetError` when the directory cannot be read; faults of the data are findings.
  public func run(progress: ProgressHandler) throws -> ValidationReport {
    try validation.run(rules: Self.rules) { done, total in
      progress(Progress(stage: "validate", done: done, total: total, measure: "rows", rows: done))
    }
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
      let tokenizer = try TokenizerFile(path: dataset.directory, roles: manifest.tokenizer)
      let objective = try ObjectiveRegistry.standard.make(
        record.name, settings: settings(record.parameters), vocabulary: tokenizer.vocabulary())
      let columns = ExampleColumns(
        columns: objective.columns, vocabularySize: manifest.tokenizer.vocabularySize,
        provenance: manifest.parameters["provenance"]?.boolValue ?? true)
      let metadata = ShardMetadata.entries(
        kind: .examples, tokenizer: manifest.tokenizer, parameters: manifest.parameters,
        objective: record)
      return ExampleRules(schema: columns.schema(metadata: metadata), objective: objective)
    }
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
