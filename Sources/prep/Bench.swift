// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON
internal import Objectives
internal import Pipeline
internal import Training

/// `prep bench`
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure rates on your own data, in memory, with a digest of the result.",
    subcommands: [BenchEncode.self, BenchBuild.self, BenchScan.self, BenchTrain.self])

  /// Prints figures as JSON, or one a line for people.
  static func show(_ figures: JSONObject, json: Bool) throws {
    var output = StandardOutput()
    if json {
      let line = JSONValue.object(figures).serialized(sortedKeys: false)
      try output.line(String(decoding: line, as: UTF8.self))
    } else {
      let width = figures.keys.map(\.count).max() ?? 0
      for entry in figures.entries {
        let padding = String(repeating: " ", count: width - entry.key.count)
        let name = entry.key.split(separator: "_").joined(separator: " ")
        let value =
          switch entry.value {
          case .string(let text): text
          case .integer(let number): Quantity.grouped(Int(number))
          case .double(let number):
            number >= 1000 ? Quantity.grouped(Int(number)) : Quantity.decimal(number, 3)
          default: ""
          }
        try output.line("\(name)\(padding)  \(value)")
      }
    }
    try output.flush()
  }
}

/// `prep bench encode`
struct BenchEncode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode",
    abstract: "How fast a tokenizer encodes text that it sees for the first time, and again.")

  @OptionGroup var corpus: CorpusArguments
  @OptionGroup var tokenizer: TokenizerArguments

  @Option(help: "Warm passes, of which the median is given.")
  var rounds = 3

  @Option(help: "Megabytes of pre-token cache a thread.")
  var cache = 256

  @Flag(help: "Print a JSON object.")
  var json = false

  @OptionGroup var limit: LimitOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let benchmark = try EncodingBenchmark(
      tokenizer: tokenizer.tokenizer, specials: tokenizer.special,
      preTokenizer: tokenizer.preTokenizer, inputs: corpus.inputs, corpus: corpus.options(),
      threads: global.threads, rounds: rounds, cacheMegabytes: max(1, cache), limit: limit.limit)
    try Bench.show(benchmark.run(), json: json)
  }
}

/// `prep bench build`
struct BenchBuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "How fast an objective turns tokens in memory into examples in memory.")

  @Argument(help: ArgumentHelp("Token datasets made by prep tokenize.", valueName: "tokens"))
  var inputs: [String]

  @Option(help: ArgumentHelp("What the examples are for; see prep objectives.", valueName: "name"))
  var objective: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Set a parameter of the objective, or preset=NAME.", valueName: "key=value"))
  var settings: [String] = []

  @Option(help: "The key of all randomness.")
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Give a token a role, as in mask=<mask>.", valueName: "role=token"))
  var special: [String] = []

  @Option(help: "Timed passes, of which the median is given.")
  var rounds = 3

  @Flag(help: "Print a JSON object.")
  var json = false

  @OptionGroup var global: GlobalOptions

  func run() throws {
    var options = BuildOptions(inputs: inputs, objective: objective)
    options.settings = try settings.map(Build.setting)
    options.seed = seed
    options.specials = special
    options.threads = global.threads
    try Bench.show(BuildBenchmark(options, rounds: rounds).measure(), json: json)
  }
}

/// `prep bench train`
struct BenchTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "How fast a model of prep train learns, from random batches.",
    discussion: """
      A step is the forward pass, the backward pass and AdamW, on the same batch each time. Two steps
      go first untimed. For comparison with other trainers give the same sizes, labels and threads.
      """)

  @Option(help: "The architecture: bert, electra, t5 or gpt2.")
  var family: ModelFamily = .bert

  @Option(help: ArgumentHelp("Entries of the vocabulary.", valueName: "n"))
  var vocabSize = 8192

  @Option(help: ArgumentHelp("The width of the model, a multiple of 64.", valueName: "n"))
  var width = 256

  @Option(help: ArgumentHelp("Layers, of each stack; by default 4, of t5 2.", valueName: "n"))
  var layers: Int?

  @Option(help: ArgumentHelp("Rows in a batch.", valueName: "rows"))
  var batch = 16

  @Option(help: ArgumentHelp("Positions in a row.", valueName: "tokens"))
  var length = 128

  @Option(
    help: ArgumentHelp("t5: positions of the decoder; by default --length.", valueName: "tokens"))
  var targetLength: Int?

  @Option(help: ArgumentHelp("The share of positions with a label.", valueName: "share"))
  var labels = 1.0

  @Option(help: "What multiplies matrices: openblas (fast) or portable (the same bits everywhere).")
  var kernel: MatrixKernel = .openBLAS

  @Option(help: ArgumentHelp("Timed steps, of which the median is given.", valueName: "n"))
  var steps = 10

  @Option(help: "The key of all randomness.")
  var seed: UInt64 = 0

  @Flag(help: "Print a JSON object.")
  var json = false

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (0...1).contains(labels) else {
      throw ValidationError("--labels takes a share from 0 to 1, not \(labels).")
    }
  }

  func run() throws {
    var benchmark = TrainingBenchmark()
    benchmark.family = family
    benchmark.vocabularySize = vocabSize
    benchmark.hiddenSize = width
    benchmark.layers = layers
    benchmark.rows = batch
    benchmark.length = length
    benchmark.targetLength = targetLength
    benchmark.labels = labels
    benchmark.threads = global.threads
    benchmark.kernel = kernel
    benchmark.steps = steps
    benchmark.seed = seed
    try Bench.show(benchmark.measure(), json: json)
  }
}
