// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Pipeline
internal import Tokenization
internal import UnicodeText

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// How much memory counting words may take, and where the rest goes.
struct CountingArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Megabytes for words and their counts; what does not fit goes to temporary files while "
        + "counting.", valueName: "mb"))
  var memory = TokenizerTraining.Resources.usualMemory >> 20

  @Option(
    help: ArgumentHelp("The directory for temporary files; $TMPDIR, else /tmp.", valueName: "dir"))
  var temporary: String?

  func validate() throws {
    guard (1...1 << 24).contains(memory) else {
      throw ValidationError("--memory takes 1 to \(1 << 24) megabytes, not \(memory)")
    }
  }

  func resources(threads: Int) -> TokenizerTraining.Resources {
    let directory = temporary ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    return TokenizerTraining.Resources(
      threads: threads, memory: memory << 20, temporary: "\(directory)/prep-\(getpid())")
  }
}

/// `prep tokenizer count`
struct TokenizerCount: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "count",
    abstract: "Count the words of a corpus, for training on many machines.",
    discussion: """
      prep tokenizer count part-1 -o part-1.counts.arrow     # on one machine
      prep tokenizer count part-2 -o part-2.counts.arrow     # on another
      prep tokenizer train *.counts.arrow --vocab-size 32000 -o tokenizer.json

      The merges are those of training on all parts at once.
      """)

  @OptionGroup var corpus: CorpusArguments

  @Option(help: "How text is split: gpt2, cl100k, o200k, llama3, qwen2, deepseek or whitespace.")
  var preTokenizer: PreTokenizerRule = .gpt2

  @Option(help: "Unicode normal form before splitting.")
  var form: NormalForm = .nfc

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The file to write, an Arrow file.", valueName: "counts.arrow"))
  var output: String

  @Flag(help: "Replace the file that is there.")
  var overwrite = false

  @OptionGroup var counting: CountingArguments
  @OptionGroup var limit: LimitOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    try TokenizerTraining.checkOutput(output, overwrite: overwrite)
    let trainer = try BPETrainer(preTokenizer: preTokenizer, form: form)
    let training = TokenizerTraining(
      trainer: trainer, resources: counting.resources(threads: global.threads))
    let display = global.display()
    let counted = try training.count(
      inputs: corpus.inputs, corpus: corpus.options(), limit: limit.limit, to: output
    ) { display.show($0) }
    display.end()
    global.note(
      "\(output): \(Quantity.grouped(counted.words)) different words from "
        + "\(Quantity.grouped(counted.documents)) documents "
        + "(\(Quantity.short(counted.textBytes))B, \(Quantity.time(display.elapsed)))")
  }
}
