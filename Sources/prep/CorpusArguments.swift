// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Corpus
internal import Pipeline
internal import Tokenization
internal import UnicodeText

/// What is read, and how bytes become documents.
struct CorpusArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Files, directories (recursive), quoted globs, or - for standard input; plain, gzip or zstd, "
        + "told apart by content.",
      valueName: "input"))
  var inputs: [String]

  @Option(help: "What files hold: auto, text or jsonl.")
  var format: CorpusOptions.Format = .auto

  @Option(
    help: ArgumentHelp(
      "Where documents end in text files: document (the file's end), lines, blank-lines, or any "
        + "other text as the separator itself.",
      valueName: "rule"))
  var splitOn = "document"

  @Option(help: "The JSON field with the text; dots go down into objects.")
  var textField = "text"

  @Option(help: "The JSON field with the id; documents without one are NAME#ORDINAL.")
  var idField = "id"

  @Option(help: "The JSON field with the language.")
  var langField: String?

  @Option(help: "What to do about invalid JSON or a missing text: error or skip (counted).")
  var invalidJson: CorpusOptions.InvalidJSON = .error

  @Option(help: "What to do about invalid UTF-8: replace (by U+FFFD, counted), skip or error.")
  var invalidUtf8: InvalidUTF8Policy = .replace

  @Option(help: "The encoding of the files, where it is not UTF-8.")
  var encoding: String?

  @Option(help: "The longest document, in bytes.")
  var maxDocumentBytes = 1 << 30

  func validate() throws {
    guard !inputs.isEmpty else {
      throw ValidationError("Name at least one input, or - for standard input.")
    }
    guard maxDocumentBytes > 0 else {
      throw ValidationError("--max-document-bytes must be positive.")
    }
    guard !splitOn.isEmpty else { throw ValidationError("--split-on: the separator is empty.") }
  }

  func options(keepFields: [String] = []) -> CorpusOptions {
    var options = CorpusOptions()
    options.format = format
    options.split = CorpusOptions.Split(named: splitOn)
    options.textField = textField
    options.idField = idField
    options.langField = langField
    options.keepFields = keepFields
    options.invalidJSON = invalidJson
    options.invalidUTF8 = invalidUtf8
    options.encoding = encoding
    options.maxDocumentBytes = maxDocumentBytes
    return options
  }
}

/// Steps on the text, in the order in which they stand here.
struct TextArguments: ParsableArguments {
  @Flag(help: "Clean white space: line ends, control characters, kinds of spaces, runs of blanks.")
  var cleanWhitespace = false

  @Option(help: "Unicode normal form: none, nfc, nfd, nfkc, nfkd or nfkc-casefold.")
  var form: NormalForm = .none

  @Flag(help: "Lower-case the text.")
  var lowercase = false

  @Flag(help: "Take the accents off.")
  var stripAccents = false

  var steps: [TextStep] {
    Self.steps(
      cleanWhitespace: cleanWhitespace, form: form, lowercase: lowercase,
      stripAccents: stripAccents)
  }

  static func steps(
    cleanWhitespace: Bool, form: NormalForm, lowercase: Bool, stripAccents: Bool
  ) -> [TextStep] {
    var steps: [TextStep] = []
    if cleanWhitespace { steps += TextStep.whitespaceCleanup }
    if form != .none { steps.append(.normalize(form)) }
    if lowercase { steps.append(.lowercase) }
    if stripAccents { steps.append(.stripAccents) }
    return steps
  }
}

/// Which tokenizer, and what its special tokens are for.
struct TokenizerArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A tokenizer.json, a directory with one, a .tiktoken file, or a vocab.txt.", valueName: "file"
    ))
  var tokenizer: String

  @Option(
    help: ArgumentHelp(
      "Give a token a role, as in mask=<mask>; may be repeated.", valueName: "role=token"))
  var special: [String] = []

  @Option(help: "The split rule of a .tiktoken file: gpt2, cl100k, o200k, llama3, qwen2, …")
  var preTokenizer: PreTokenizerRule?
}
