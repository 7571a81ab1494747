// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import ArrowIPC
internal import Datasets
internal import Objectives
internal import Pipeline

/// `prep build`
struct Build: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn token shards into training examples.",
    discussion: """
      prep objectives          lists what there is
      prep objectives mlm      shows the parameters that --set takes

      Masks, spans and pairs are drawn from (seed, epoch, unit, frame) alone: any
      number of threads and any interruption give the same bytes. --epochs N
      writes N differently drawn epochs; --epoch K writes the K-th of them,
      counted from 0, byte for byte.

      For live pipes: --part R/W deals the rows out in turn to W workers, of which
      this is number R, from 0; --start-row N goes on where a reader of this very
      pipe stopped, after its first N rows. A cut pipe has no closing totals.
      """)

  @Argument(
    help: ArgumentHelp(
      "Token datasets, or - for the stream of prep tokenize -o -.", valueName: "tokens"))
  var inputs: [String]

  @Option(help: ArgumentHelp("What the examples are for; see prep objectives.", valueName: "name"))
  var objective: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Set a parameter of the objective, or preset=NAME; may be repeated.", valueName: "key=value"))
  var settings: [String] = []

  @Option(
    help:
      "The key of all randomness, from 0 to 2^64 - 1; 0, or that of the stage before, by default.")
  var seed: UInt64?

  @Option(help: "How many epochs to draw; 1, or as many as the budget takes, by default.")
  var epochs: Int?

  @Option(help: "Draw only this epoch, counted from 0.")
  var epoch: Int?

  @Option(
    help: ArgumentHelp("The tokenizer of the tokens; a stream brings none.", valueName: "file"))
  var tokenizer: String?

  @Option(help: ArgumentHelp("Give a token a role, as in mask=<mask>.", valueName: "role=token"))
  var special: [String] = []

  @Option(
    help: ArgumentHelp(
      "Propose replacements by the counts of an earlier build.", valueName: "proposal.feather"))
  var proposal: String?

  @Flag(help: "Leave out the columns that say where a row came from.")
  var noProvenance = false

  @Option(help: "none, or zstd:LEVEL.")
  var compression = "zstd:3"

  @Option(help: ArgumentHelp("Write only N rows of each split and epoch.", valueName: "n"))
  var limit: Int?

  @Flag(help: "Write the rows of each unit in an order drawn anew for each epoch.")
  var shuffle = false

  @Option(
    help: ArgumentHelp("Write only the rows of part R of W, counted from 0.", valueName: "r/w"))
  var part: String?

  @Option(
    help: ArgumentHelp("Begin after the first N rows of train (of the part).", valueName: "n"))
  var startRow = 0

  @Option(
    help: ArgumentHelp(
      "End train with the row in which rows=N, tokens=N (of the source) or loss-tokens=N is reached.",
      valueName: "measure=n"))
  var budget: String?

  @Option(
    help: ArgumentHelp(
      "Go on in the stream of documents where this dataset ended.", valueName: "stage"))
  var after: String?

  @Option(help: "Give each source or lang a share of train in proportion to its tokens^alpha.")
  var sample: SamplingOptions.Group?

  @Option(help: "With --sample: from 1, as they are, to 0, the same for all; 0.3 by default.")
  var alpha: Double?

  @Option(
    help: ArgumentHelp(
      "With --sample: serve no document more often than this; 4 by default.", valueName: "n"))
  var maxEpochs: Double?

  @Flag(help: "Print the totals as JSON on standard output.")
  var json = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if sample == nil, alpha != nil || maxEpochs != nil {
      throw ValidationError("--alpha and --max-epochs go with --sample.")
    }
    if let limit, limit < 0 { throw ValidationError("--limit takes a number from 0, not \(limit)") }
  }

  func run() throws {
    let destination = try output.destination()
    if json, destination == .standardOutput {
      throw ValidationError("--json and -o - both want standard output.")
    }
    var options = BuildOptions(inputs: inputs, objective: objective)
    options.settings = try settings.map(Self.setting)
    options.seed = seed
    options.epochs = epochs
    options.epoch = epoch
    options.tokenizer = tokenizer
    options.specials = special
    options.proposal = proposal
    options.provenance = !noProvenance
    options.compression = try ArrowCompression(named: compression)
    options.threads = global.threads
    options.limit = limit
    options.shuffle = shuffle
    if let part { options.part = try Part(part, option: "--part") }
    options.startRow = startRow
    options.budget = try budget.map { try Budget($0, option: "--budget") }
    options.after = after
    options.sampling = try sample.map {
      try SamplingOptions(
        group: $0, alpha: alpha ?? SamplingOptions.defaultAlpha,
        maxEpochs: maxEpochs ?? SamplingOptions.defaultMaxEpochs)
    }

    let display = global.display()
    let run = try BuildRun(options)
    if let epochs, epochs > 1, let bytes = try run.estimatedBytes() {
      global.note("\(epochs) epochs will take about \(Quantity.short(bytes))B on disk")
    }
    if destination == .standardOutput, run.leavesSplitsOut {
      global.note("a stream carries the train split alone; -o DIR writes all splits")
    }
    let manifest = try run.write(to: destination) { display.show($0) }
    display.end()
    if let budget = options.budget, budget.used(by: manifest) < budget.amount {
      global.note("the budget was not reached: \(budget.used(by: manifest)) of \(budget)")
    }
    try Summary(manifest, seconds: display.elapsed).show(
      json: json, global: global, output: output.output)
  }

  static func setting(_ text: String) throws -> Setting {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
      throw ValidationError("--set takes KEY=VALUE, not '\(text)'.")
    }
    return Setting(String(text[..<equals]), String(text[text.index(after: equals)...]))
  }
}
