// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Pipeline
internal import Tokenization

/// `prep tokenizer encode`
struct TokenizerEncode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode",
    abstract: "Turn texts into ids: one JSON string a line in, one JSON array a line out.",
    discussion: """
      echo '"Hello, world"' | prep tokenizer encode --tokenizer tokenizer.json
      prep tokenizer encode --raw --tokenizer tokenizer.json < any-bytes

      No framing tokens are added.
      """)

  @OptionGroup var tokenizer: TokenizerArguments

  @Flag(help: "Take the whole input as one text of any bytes, without normalization.")
  var raw = false

  @Flag(help: "Give objects with ids and with each token's end in bytes of the original text.")
  var ends = false

  @Option(help: "Text that spells an added token: never (it stays text) or matched.")
  var addedTokens: AddedTokenMode = .never

  func run() throws {
    let file = try TokenizerFile(
      path: tokenizer.tokenizer, specials: tokenizer.special,
      preTokenizer: tokenizer.preTokenizer)
    let session = TokenizerSession(
      file.tokenizer, addedTokens: addedTokens, givesEnds: ends, isRaw: raw)
    var output = StandardOutput()
    if raw {
      try output.write(session.encode(bytes: StandardInput.readAll()))
    } else {
      try StandardInput.forEachLine { line, number in
        try output.write(session.encode(line: line, number: number))
      }
    }
    try output.flush()
  }
}

/// `prep tokenizer decode`
struct TokenizerDecode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Turn ids into texts: one JSON array a line in, one JSON string a line out.",
    discussion: """
      With --raw the bytes themselves are written, one text after another: what
      encode --raw took with a byte-level tokenizer comes back bit for bit.
      In a JSON string, bytes that are not UTF-8 become U+FFFD.
      """)

  @OptionGroup var tokenizer: TokenizerArguments

  @Flag(help: "Write bytes instead of JSON strings.")
  var raw = false

  @Flag(help: "Leave special tokens out.")
  var skipSpecial = false

  func run() throws {
    let file = try TokenizerFile(
      path: tokenizer.tokenizer, specials: tokenizer.special,
      preTokenizer: tokenizer.preTokenizer)
    let session = TokenizerSession(file.tokenizer, addedTokens: .never, givesEnds: false)
    var output = StandardOutput()
    try StandardInput.forEachLine { line, number in
      try output.write(
        session.decode(line: line, number: number, raw: raw, skippingSpecial: skipSpecial))
    }
    try output.flush()
  }
}
