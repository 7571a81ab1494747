// SPDX-License-Identifier: Apache-2.0
internal import Corpus
internal import Datasets
internal import Objectives
internal import Tokenization
internal import UnicodeText

/// What a pipeline file says: sources, a tokenizer, datasets and checks.
///
///     output: demo                      # all paths are relative to the file
///     sources:
///       tales: {inputs: [corpus/tales], lang: en}
///     corpus: {text-field: text}
///     tokenizer:
///       train: {vocab-size: 32000}      # or  file: tokenizer.json
///     tokens: {sentences: true, split: "train=0.99,validation=0.01"}
///     datasets:
///       t5: {objective: t5-span, seed: 1, set: {length: 512}}
///       mixed:
///         objective: mixture
///         members:                    # name: {objective: (name), weight: 1, prefix:, preset:, set:}
///           t5-span: {weight: 3}
///           prefix-lm: {weight: 1}
///       second: {objective: clm, after: t5}       # budget: rows=N, sample: {by: lang, alpha: 0.3}
///     checks: [validate]
public struct PipelineFile: Sendable {
  /// A dataset of examples to make.
  public struct ExampleDataset: Sendable, Hashable {
    /// The name of its directory.
    public var name: String
    /// The objective's name in the catalogue.
    public var objective: String
    var settings: [Setting] = []
    var seed: UInt64?
    var epochs: Int?
    var budget: Budget?
    /// The dataset that this one goes on from.
    var after: String?
    var sampling: SamplingOptions?
  }

  /// Where the tokenizer comes from.
  enum TokenizerSource: Sendable {
    case file(String)
    case train(vocabularySize: Int, minimumFrequency: Int, PreTokenizerRule, NormalForm, String)
  }

  /// The directory under which everything is written.
  public var output: String
  /// The datasets in order.
  public private(set) var datasets: [ExampleDataset] = []
  /// Whether each dataset is validated when it is made.
  public private(set) var validates = false

  private(set) var sources: [TokenizeOptions.Source] = []
  private(set) var corpus = CorpusOptions()
  private(set) var tokenizer = TokenizerSource.file("")
  private(set) var specials: [String] = []
  private(set) var tokens = TokenizeOptions(sources: [], tokenizer: "")

  /// Reads a pipeline file.
  ///
  /// - Parameter output: replaces the output that the file names.
  /// - Throws: `DatasetError` when it cannot be read, `PipelineError` naming the line of anything
  ///   that is unknown, missing or not of its kind.
  public init(path: String, output: String? = nil) throws {
    let bytes = try FileSystem.read(path)
    let root = try YAMLSection(parsing: bytes, path: path)
    let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let resolve = { (name: String) in
      name.hasPrefix("/") || name == InputFile.standardInput
        ? name : Self.shortened(directory + name)
    }
    let namedOutput = try root.string("output")
    self.output = output ?? resolve(namedOutput ?? "out")
    for (name, section) in try root.sections("sources") {
      sources.append(
        TokenizeOptions.Source(
          name: name, inputs: try section.strings("inputs").map(resolve),
          language: try section.string("lang")))
      try section.finish()
    }
    guard !sources.isEmpty else { throw root.fault("sources", "names no source") }
    try readCorpus(root.section("corpus"))
    try readTokenizer(root.section("tokenizer"), resolve)
    try readTokens(root.section("tokens"))
    for (name, section) in try root.sections("datasets") {
      datasets.append(try Self.dataset(name, section))
    }
    for (index, dataset) in datasets.enumerated() {
      guard let after = dataset.after, !datasets[..<index].contains(where: { $0.name == after })
      else { continue }
      throw root.fault(
        "datasets", "has '\(dataset.name)' go on after '\(after)', which is not above it")
    }
    for check in try root.strings("checks") {
      guard check == "validate" else {
        throw root.fault("checks", "knows validate, not '\(check)'")
      }
      validates = true
    }
    try root.finish()
  }

  /// A path without the detours that `..` behind a name makes.
  private static func shortened(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") {
      if part == "..", let last = parts.last, last != "..", last != "." {
        parts.removeLast()
      } else if part != "." {
        parts.append(part)
      }
    }
    let joined = parts.joined(separator: "/")
    return path.hasPrefix("/") ? "/" + joined : joined.isEmpty ? "." : joined
  }

  private mutating func readCorpus(_ section: YAMLSection?) throws {
    guard let section else { return }
    if let format = try section.choice("format", CorpusOptions.Format.self) {
      corpus.format = format
    }
    if let field = try section.string("text-field") { corpus.textField = field }
    if let field = try section.string("id-field") { corpus.idField = field }
    corpus.langField = try section.string("lang-field")
    corpus.keepFields = try section.strings("keep-fields")
    corpus.encoding = try section.string("encoding")
    if let policy = try section.choice("invalid-json", CorpusOptions.InvalidJSON.self) {
      corpus.invalidJSON = policy
    }
    if let policy = try section.choice("invalid-utf8", InvalidUTF8Policy.self) {
      corpus.invalidUTF8 = policy
    }
    if let rule = try section.string("split-on") { corpus.split = CorpusOptions.Split(named: rule) }
    try section.finish()
  }

  private mutating func readTokenizer(
    _ section: YAMLSection?, _ resolve: (String) -> String
  ) throws {
    guard let section else {
      throw PipelineError(.usage, "the pipeline names no tokenizer: give 'file' or 'train'")
    }
    let training = try section.section("train")
    switch (try section.string("file"), training) {
    case (let file?, nil):
      tokenizer = .file(resolve(file))
    case (nil, let training?):
      let specials = try training.string("special-tokens") ?? "default"
      tokenizer = .train(
        vocabularySize: try training.integer("vocab-size") ?? 32_000,
        minimumFrequency: try training.integer("min-frequency") ?? 2,
        try training.choice("pre-tokenizer", PreTokenizerRule.self) ?? .gpt2,
        try training.choice("form", NormalForm.self) ?? .nfc,
        ["default", "none"].contains(specials) ? specials : resolve(specials))
      try training.finish()
    default:
      throw section.fault("file", "and 'train' exclude each other, and one of them must be there")
    }
    for (role, token) in try section.settings("special") { specials.append("\(role)=\(token)") }
    try section.finish()
  }

  private mutating func readTokens(_ section: YAMLSection?) throws {
    guard let section else { return }
    tokens.sentences = try section.flag("sentences") ?? false
    tokens.wordStarts = try section.flag("words") ?? true
    tokens.keepText = try section.flag("keep-text") ?? false
    tokens.locale = try section.string("locale")
    if let unwrap = try section.choice("unwrap", TokenizeOptions.Unwrap.self) {
      tokens.unwrap = unwrap
    }
    if let split = try section.string("split") { tokens.split = try SplitShares(split) }
    if let form = try section.choice("form", NormalForm.self), form != .none {
      tokens.steps = [.normalize(form)]
    }
    if let name = try section.string("compression") { tokens.compression = try .init(named: name) }
    try section.finish()
  }

  /// The members of a mixture, as the settings that they stand for.
  private static func members(_ dataset: YAMLSection) throws -> [Setting] {
    var list: [String] = []
    var settings: [Setting] = []
    for (name, section) in try dataset.sections("members") {
      let objective = try section.string("objective") ?? name
      let weight = try section.string("weight") ?? "1"
      list.append("\(name)=\(objective):\(weight)")
      for key in ["preset", "prefix"] {
        if let value = try section.string(key) { settings.append(Setting("\(name).\(key)", value)) }
      }
      settings += try section.settings("set").map { Setting("\(name).\($0.name)", $0.value) }
      try section.finish()
    }
    return list.isEmpty ? [] : [Setting("members", list.joined(separator: ","))] + settings
  }

  private static func dataset(_ name: String, _ section: YAMLSection) throws -> ExampleDataset {
    guard let objective = try section.string("objective") else {
      throw section.fault("objective", "is missing")
    }
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix("."), name != "tokens",
      name != "tokenizer"
    else {
      throw section.fault("objective", "stands under a name that cannot be a directory of its own")
    }
    var dataset = ExampleDataset(name: name, objective: objective)
    if let preset = try section.string("preset") {
      dataset.settings.append(Setting("preset", preset))
    }
    dataset.settings += try section.settings("set").map { Setting($0.name, $0.value) }
    dataset.settings += try members(section)
    if let seed = try section.string("seed") {
      guard let number = UInt64(seed) else { throw section.fault("seed", "is not a number from 0") }
      dataset.seed = number
    }
    dataset.epochs = try section.integer("epochs")
    dataset.budget = try section.string("budget").map { try Budget($0, option: "budget") }
    dataset.after = try section.string("after")
    dataset.sampling = try section.section("sample").map { try sampling($0) }
    try section.finish()
    return dataset
  }

  private static func sampling(_ section: YAMLSection) throws -> SamplingOptions {
    guard let group = try section.choice("by", SamplingOptions.Group.self) else {
      throw section.fault("by", "is missing: source or lang")
    }
    let alpha = try section.real("alpha") ?? SamplingOptions.defaultAlpha
    let maxEpochs = try section.real("max-epochs") ?? SamplingOptions.defaultMaxEpochs
    try section.finish()
    return try SamplingOptions(group: group, alpha: alpha, maxEpochs: maxEpochs)
  }
}
