// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import ArrowIPC
internal import Datasets
internal import Pipeline

/// `prep tokenize`
struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn a corpus into token shards.",
    discussion: """
      Writes one row a document: its id, its token ids without framing tokens,
      word starts, and on request sentence starts. The bytes depend on the input
      and the options alone, not on threads, crashes or resumption. Memory stays
      below about 500 MB for inputs of any size.
      """)

  @OptionGroup var corpus: CorpusArguments
  @OptionGroup var tokenizer: TokenizerArguments
  @OptionGroup var text: TextArguments
  @OptionGroup var output: OutputOptions

  @Flag(help: "Find sentences and store where they start.")
  var sentences = false

  @Option(help: "The locale of the sentence rules; by default each document's language.")
  var locale: String?

  @Option(help: "Take single newlines for blanks when finding sentences: auto, on or off.")
  var unwrap: TokenizeOptions.Unwrap = .auto

  @Flag(help: "Store no word starts.")
  var noWords = false

  @Option(help: "The language of documents that name none.")
  var lang: String?

  @Option(
    help: ArgumentHelp(
      "Divide documents by a hash of their text, as in train=0.99,validation=0.01.",
      valueName: "name=share,…"))
  var split: String?

  @Flag(help: "Store the text as well.")
  var keepText = false

  @Option(help: ArgumentHelp("Carry a JSON field along as a column.", valueName: "name"))
  var keepField: [String] = []

  @Option(help: "none, or zstd:LEVEL.")
  var compression = "zstd:3"

  @Option(help: "Megabytes of pre-token cache a thread.")
  var cache = 256

  @Flag(help: "Print the totals as JSON on standard output.")
  var json = false

  @OptionGroup var limit: LimitOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let destination = try output.destination()
    if json, destination == .standardOutput {
      throw ValidationError("--json and -o - both want standard output.")
    }
    var options = TokenizeOptions(
      sources: TokenizeOptions.sources(of: corpus.inputs, language: lang),
      tokenizer: tokenizer.tokenizer)
    options.corpus = corpus.options(keepFields: keepField)
    options.steps = text.steps
    options.specials = tokenizer.special
    options.preTokenizer = tokenizer.preTokenizer
    options.wordStarts = !noWords
    options.sentences = sentences
    options.locale = locale
    options.unwrap = unwrap
    if let split { options.split = try SplitShares(split) }
    options.keepText = keepText
    options.compression = try ArrowCompression(named: compression)
    options.threads = global.threads
    options.limit = limit.limit
    options.cacheMegabytes = max(1, cache)

    let display = global.display()
    var seconds = StageSeconds()
    let manifest = try TokenizeRun(options).write(to: destination, seconds: &seconds) {
      display.show($0)
    }
    display.end()
    try Summary(manifest, seconds: display.elapsed, stages: seconds).show(
      json: json, global: global, output: output.output)
  }
}
