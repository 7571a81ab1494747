// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

/// `prep tokenizer`
struct TokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer",
    abstract: "Train and extend tokenizers, look at them, and run them on single texts.",
    subcommands: [
      TokenizerTrain.self, TokenizerCount.self, TokenizerEncode.self, TokenizerDecode.self,
      TokenizerInfo.self, TokenizerExtend.self,
    ])
}
