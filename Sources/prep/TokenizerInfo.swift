// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON
internal import Pipeline
internal import Tokenization

/// `prep tokenizer info`
struct TokenizerInfo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Tell what a tokenizer is: its parts, sizes and special tokens.")

  @OptionGroup var tokenizer: TokenizerArguments

  @Option(
    help: ArgumentHelp(
      "Measure a text: bytes for each token, tokens for each word.", valueName: "file"))
  var text: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let file = try TokenizerFile(
      path: tokenizer.tokenizer, specials: tokenizer.special,
      preTokenizer: tokenizer.preTokenizer)
    let facts = try TokenizerFacts(file, textFile: text).entries
    var output = StandardOutput()
    if json {
      let value = JSONValue.object(facts.reduce(into: [:]) { $0[$1.name] = $1.value })
      try output.line(String(decoding: value.serialized(pretty: true), as: UTF8.self))
    } else {
      let width = facts.map(\.name.count).max() ?? 0
      for fact in facts {
        let padding = String(repeating: " ", count: width - fact.name.count)
        let name = fact.name.split(separator: "_").joined(separator: " ")
        try output.line("\(name)\(padding)  \(fact.text)")
      }
    }
    try output.flush()
  }
}
