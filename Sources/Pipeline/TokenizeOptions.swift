// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import Corpus
internal import Datasets
internal import JSON
public import Tokenization
public import UnicodeText

/// What `prep tokenize` is told, apart from where the output goes.
public struct TokenizeOptions: Sendable {
  /// Whether single newlines inside a paragraph are taken for blanks when sentences are found.
  public enum Unwrap: String, Sendable, CaseIterable {
    /// Decided for each document by the lengths of its lines.
    case auto
    /// Always.
    case on
    /// Never.
    case off
  }

  /// Where documents come from.
  public struct Source: Sendable, Hashable {
    /// The name in the manifest; each document has the source's index.
    public var name: String
    /// Files, directories, globs or `-`.
    public var inputs: [String]
    /// The language of documents that name none.
    public var language: String?

    /// A source.
    public init(name: String, inputs: [String], language: String? = nil) {
      self.name = name
      self.inputs = inputs
      self.language = language
    }
  }

  /// The sources in order.
  public var sources: [Source]
  /// How bytes become documents.
  public var corpus: CorpusOptions
  /// Explicit steps before the tokenizer's own normalization.
  public var steps: [TextStep] = []
  /// The tokenizer's file.
  public var tokenizer: String
  /// `ROLE=TOKEN` overrides.
  public var specials: [String] = []
  /// The split rule of a `.tiktoken` file.
  public var preTokenizer: PreTokenizerRule?
  /// Whether word starts are stored.
  public var wordStarts = true
  /// Whether sentence starts are found and stored.
  public var sentences = false
  /// The locale of the sentence rules; `nil` follows the language of each document.
  public var locale: String?
  /// How newlines count when sentences are found.
  public var unwrap = Unwrap.auto
  /// How documents are divided.
  public var split = SplitShares.trainOnly
  /// Whether the text is stored with the tokens.
  public var keepText = false
  /// Compression of the shards.
  public var compression = ArrowCompression.zstd(level: 3)
  /// Threads to work on.
  public var threads = 1
  /// Only the first so many records are read.
  public var limit: Int?
  /// Megabytes of pre-token cache a thread.
  public var cacheMegabytes = 256

  /// Options with everything at its default.
  public init(sources: [Source], tokenizer: String, corpus: CorpusOptions = CorpusOptions()) {
    self.sources = sources
    self.corpus = corpus
    self.tokenizer = tokenizer
  }

  /// One source for each input, named by the last part of its path: manifests hold no directories
  /// of this machine.
  public static func sources(of inputs: [String], language: String? = nil) -> [Source] {
    inputs.map { input in
      let name =
        input == InputFile.standardInput
        ? "stdin" : input.split(separator: "/").last.map(String.init) ?? input
      return Source(name: name, inputs: [input], language: language)
    }
  }

  /// All inputs, source by source.
  var inputs: [String] { sources.flatMap(\.inputs) }

  /// For each input the index of its source.
  var sourceOfInput: [Int] {
    sources.enumerated().flatMap { index, source in source.inputs.map { _ in index } }
  }

  /// How the corpus is read, as plans and manifests state it.
  var corpusParameters: JSONObject {
    [
      "format": .string(corpus.format.rawValue),
      "text_field": .string(corpus.textField),
      "id_field": corpus.idField.map { .string($0) } ?? nil,
      "lang_field": corpus.langField.map { .string($0) } ?? nil,
      "keep_fields": .array(corpus.keepFields.map { .string($0) }),
      "split_on": .string(corpus.split.name),
      "invalid_utf8": .string(corpus.invalidUTF8.rawValue),
      "invalid_json": .string(corpus.invalidJSON.rawValue),
      "encoding": corpus.encoding.map { .string($0) } ?? nil,
      "max_document_bytes": .init(corpus.maxDocumentBytes),
    ]
  }

  /// What decides the bytes of the dataset, as the manifest states it.
  var parameters: JSONValue {
    var parameters = corpusParameters
    parameters["steps"] = .array(steps.map { .string($0.name) })
    parameters["specials"] = .array(specials.map { .string($0) })
    parameters["word_starts"] = .bool(wordStarts)
    parameters["sentences"] = .bool(sentences)
    parameters["locale"] = locale.map { .string($0) } ?? .null
    parameters["unwrap"] = .string(unwrap.rawValue)
    parameters["split"] = split.json
    parameters["keep_text"] = .bool(keepText)
    parameters["compression"] = .string(compression.name)
    parameters["limit"] = limit.map { .init($0) } ?? .null
    return .object(parameters)
  }
}

extension CorpusOptions.Split {
  /// Reads `document`, `lines`, `blank-lines`, or any other text as the separator itself.
  public init(named name: String) {
    switch name {
    case "document": self = .document
    case "lines": self = .lines
    case "blank-lines": self = .blankLines
    default: self = .separator(Array(name.utf8))
    }
  }

  /// The name, as `--split-on` has it.
  var name: String {
    switch self {
    case .document: "document"
    case .lines: "lines"
    case .blankLines: "blank-lines"
    case .separator(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }
}

extension ArrowCompression {
  /// Reads `none`, `zstd` or `zstd:LEVEL`.
  ///
  /// - Throws: `PipelineError` with `.usage` for anything else.
  public init(named name: String) throws(PipelineError) {
    guard let compression = ArrowCompression(name: name) else {
      throw PipelineError(
        .usage, "--compression: '\(name)' is neither none nor zstd:LEVEL with a level of 1 to 22")
    }
    self = compression
  }
}
