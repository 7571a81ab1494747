// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Pipeline
internal import UnicodeText

/// `prep normalize`
struct Normalize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Normalize the text of a corpus.",
    discussion: """
      JSON Lines come out as JSON Lines with id and text; text comes out as text.
      Tokenizers normalize by themselves: this is for looking at what they see,
      and for corpora that other programs read.
      """)

  @OptionGroup var corpus: CorpusArguments

  @Flag(help: "Clean white space: line ends, control characters, kinds of spaces, runs of blanks.")
  var cleanWhitespace = false

  @Option(help: "Unicode normal form: none, nfc, nfd, nfkc, nfkd or nfkc-casefold.")
  var form: NormalForm = .nfc

  @Flag(help: "Lower-case the text.")
  var lowercase = false

  @Flag(help: "Take the accents off.")
  var stripAccents = false

  @Option(help: ArgumentHelp("Carry a JSON field along.", valueName: "name"))
  var keepField: [String] = []

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The file to write; standard output without it.", valueName: "file"))
  var output: String?

  @Flag(help: "Replace the file that is there.")
  var overwrite = false

  @OptionGroup var limit: LimitOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let steps = TextArguments.steps(
      cleanWhitespace: cleanWhitespace, form: form, lowercase: lowercase,
      stripAccents: stripAccents)
    let normalization = try CorpusNormalization(
      inputs: corpus.inputs, corpus: corpus.options(keepFields: keepField), steps: steps,
      threads: global.threads, limit: limit.limit)
    let display = global.display()
    if let output, output != "-" {
      try normalization.write(to: output, overwrite: overwrite) { display.show($0) }
    } else {
      var standardOutput = StandardOutput()
      try normalization.run(
        progress: { display.show($0) }, write: { try standardOutput.write($0) })
      try standardOutput.flush()
    }
    display.end()
  }
}
