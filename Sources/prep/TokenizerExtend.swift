// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Pipeline
internal import Tokenization

/// `prep tokenizer extend`
struct TokenizerExtend: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extend",
    abstract: "Add the special tokens that a tokenizer lacks.",
    discussion: """
      prep tokenizer extend gpt2/tokenizer.json --sentinels 100 --special pad=<pad> -o gpt2-t5

      Ids that there were stay; new ones follow the last. The result is a directory that
      AutoTokenizer.from_pretrained reads.
      """)

  @Argument(help: "A tokenizer.json, a directory with one, a .tiktoken file, or a vocab.txt.")
  var tokenizer: String

  @Option(help: "How many sentinels <extra_id_0>, <extra_id_1>, … there are to be.")
  var sentinels = 0

  @Option(
    help: ArgumentHelp(
      "A role and its token, as in mask=<mask>; may be repeated.", valueName: "role=token"))
  var special: [String] = []

  @Option(help: "The split rule of a .tiktoken file.")
  var preTokenizer: PreTokenizerRule?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The directory to write.", valueName: "directory"))
  var output: String

  @Flag(help: "Replace the tokenizer that is there.")
  var overwrite = false

  @OptionGroup(title: "General") var global: GlobalOptions

  func run() throws {
    let file = try TokenizerFile(path: tokenizer, preTokenizer: preTokenizer)
    let sizes = try TokenizerExtension.run(
      file, sentinels: sentinels, specials: special, output: output, overwrite: overwrite)
    global.note(
      "\(output): \(Quantity.grouped(sizes.after)) entries, "
        + "\(Quantity.grouped(sizes.after - sizes.before)) of them new")
  }
}
