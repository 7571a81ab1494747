// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
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
      same ids there.
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
      "How text is split before merging: gpt2, cl100k, o200k, llama3, qwen2, deepseek or whitespace."
  )
  var preTokenizer: PreTokenizerRule = .gpt2

  @Option(help: "Unicode normal form, in training and ever after.")
  var form: NormalForm = .nfc

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
    let trainer = try BPETrainer(
      vocabularySize: vocabSize, minimumFrequency: minFrequency, preTokenizer: preTokenizer,
      form: form, specials: TokenizerTraining.specials(specialTokens))
    let training = try TokenizerTraining(
      inputs: corpus.inputs, corpus: corpus.options(), trainer: trainer, threads: global.threads,
      limit: limit.limit)
    let display = global.display()
    let result = try training.run { display.show($0) }
    display.end()
    if let output, output != "-" {
      try TokenizerTraining.write(result.tokenizer, to: output)
    } else {
      var standardOutput = StandardOutput()
      try standardOutput.write(result.tokenizer.serialized())
      try standardOutput.flush()
    }
    global.note(
      "\(output ?? "standard output"): \(Quantity.grouped(result.tokenizer.vocabularySize)) entries from "
        + "\(Quantity.grouped(result.documents)) documents, "
        + "\(Quantity.grouped(result.words)) different words "
        + "(\(Quantity.short(result.textBytes))B, \(Quantity.time(display.elapsed)))")
    if result.tokenizer.vocabularySize < vocabSize {
      global.note(
        "  fewer than the \(Quantity.grouped(vocabSize)) asked for: no more pairs occur "
          + "\(minFrequency) times")
    }
  }
}
