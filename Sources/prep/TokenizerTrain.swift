// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON
internal import Pipeline
internal import Tokenization
internal import UnicodeText

/// `prep tokenizer train`
struct TokenizerTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a byte-level BPE tokenizer.",
    discussion: """
      The merges are those that Hugging Face tokenizers makes of the same texts,
      ties included. The file loads in tokenizers and AutoTokenizer and gives the
      same ids there. The input is a corpus, or files of `prep tokenizer count`.
      """)

  @OptionGroup var corpus: CorpusArguments

  @Option(help: "The kind of model: bpe.")
  var model = "bpe"

  @Option(help: "Entries altogether: special tokens, 256 bytes, merges.")
  var vocabSize = 32_000

  @Option(help: "The smallest count of a pair that is merged.")
  var minFrequency = 2

  @Option(
    help:
      "How text is split before merging: gpt2 (or that of counts), cl100k, o200k, llama3, qwen2, deepseek or whitespace."
  )
  var preTokenizer: PreTokenizerRule?

  @Option(help: "Unicode normal form, in training and ever after; nfc, or that of counts.")
  var form: NormalForm?

  @Option(
    help: ArgumentHelp(
      "Make only tokens that are shorter than this, in bytes.", valueName: "bytes"))
  var maxTokenLength: Int?

  @Option(help: "Bytes that are tokens from the start: bytes (all 256) or seen.")
  var initialAlphabet: BPETrainer.Alphabet = .bytes

  @Option(
    help: ArgumentHelp(
      "default, none, or a file with one token a line.", valueName: "default|none|file"))
  var specialTokens = "default"

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The file to write; standard output without it.", valueName: "file"))
  var output: String?

  @Flag(help: "Replace the file that is there.")
  var overwrite = false

  @Flag(help: "Print what was made as JSON; needs -o.")
  var json = false

  @OptionGroup var counting: CountingArguments
  @OptionGroup var limit: LimitOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    guard model == "bpe" else {
      throw ValidationError(
        "--model \(model): training exists for byte-level BPE only, which needs no unknown token "
          + "and gives any text back; tokenizers with WordPiece or Unigram are read, not trained.")
    }
    if let output, output != "-" {
      try TokenizerTraining.checkOutput(output, overwrite: overwrite)
    }
    if json, output == nil || output == "-" {
      throw ValidationError("--json needs -o, as standard output takes the tokenizer.")
    }
    let counts = try TokenizerTraining.counts(among: corpus.inputs)
    try checkSettings(counts?.settings)
    let trainer = try BPETrainer(
      vocabularySize: vocabSize, minimumFrequency: minFrequency,
      preTokenizer: preTokenizer ?? counts?.settings.preTokenizer ?? .gpt2,
      form: form ?? counts?.settings.form ?? .nfc,
      specials: TokenizerTraining.specials(specialTokens), alphabet: initialAlphabet,
      tokenLengthBound: maxTokenLength)
    let training = TokenizerTraining(
      trainer: trainer, resources: counting.resources(threads: global.threads))
    let display = global.display()
    let result =
      if let counts {
        try training.run(counts: counts.paths) { display.show($0) }
      } else {
        try training.run(
          inputs: corpus.inputs, corpus: corpus.options(), limit: limit.limit
        ) { display.show($0) }
      }
    display.end()
    if let output, output != "-" {
      try TokenizerTraining.write(result.tokenizer, to: output)
    } else {
      var standardOutput = StandardOutput()
      try standardOutput.write(result.tokenizer.serialized())
      try standardOutput.flush()
    }
    if json || !global.quiet {
      let fits = try counts == nil ? fits(result.tokenizer) : []
      try TokenizerTrainingSummary(
        result: result, fits: fits, asked: vocabSize, minimumFrequency: minFrequency,
        seconds: display.elapsed
      ).show(json: json, global: global, output: output ?? "standard output")
    }
  }

  /// Counts say how they were made; nothing else may be asked for.
  private func checkSettings(_ settings: WordCountSettings?) throws {
    guard let settings else { return }
    if let preTokenizer, preTokenizer != settings.preTokenizer {
      throw ValidationError(
        "--pre-tokenizer \(preTokenizer.rawValue): the words were counted with "
          + "\(settings.preTokenizer.rawValue).")
    }
    if let form, form != settings.form {
      throw ValidationError(
        "--form \(form.rawValue): the words were counted with \(settings.form.rawValue).")
    }
    if limit.limit != nil {
      throw ValidationError("--limit: counts are taken whole; limit `prep tokenizer count`.")
    }
  }

  /// How well the tokenizer fits each input that can be read twice.
  private func fits(_ tokenizer: Tokenizer) throws -> [TokenizerFit] {
    // With an alphabet of what was seen, a text beyond --limit may be refused.
    if limit.limit != nil { return [] }
    return try corpus.inputs.filter { $0 != "-" }.prefix(20).map {
      try TokenizerFit(tokenizer, source: $0, corpus: corpus.options())
    }
  }
}
