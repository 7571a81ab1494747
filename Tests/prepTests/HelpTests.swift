// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Pipeline
import Testing

@testable import prep

@Suite struct HelpTests {
  @Test func everyExitStatusIsExplained() {
    let lines = Prep.helpMessage().split(separator: "\n").map(String.init)
    for status in Pipeline.ExitStatus.allCases {
      let explained = lines.contains { line in
        let words = line.split(separator: " ")
        return words.first == "\(status.rawValue)" && words.count > 1
      }
      #expect(explained, "\(status)")
    }
  }

  @Test func everyCommandIsListed() {
    let help = Prep.helpMessage()
    for command in [
      "tokenizer", "normalize", "tokenize", "build", "run", "validate", "inspect", "objectives",
    ] {
      #expect(help.contains("\n  \(command) "), "\(command)")
    }
  }

  /// Everything that a command takes is said in its help.
  @Test func everyOptionIsExplained() {
    let commands: [any ParsableCommand.Type] = [
      Tokenize.self, Build.self, Run.self, Validate.self, Inspect.self, Normalize.self,
      ObjectivesCommand.self, TokenizerTrain.self, TokenizerEncode.self, TokenizerDecode.self,
      TokenizerInfo.self,
    ]
    for command in commands {
      #expect(!command.configuration.abstract.isEmpty)
      let lines = Prep.helpMessage(for: command, columns: 200)
        .split(separator: "\n", omittingEmptySubsequences: false)
      for (line, next) in zip(lines, lines.dropFirst()) where line.hasPrefix("  -") {
        // The text stands behind the names, from column 26 on, or below them where they are long.
        let isExplained = line.count > 26 || next.hasPrefix("          ")
        #expect(isExplained, "\(command): no help in \(line)")
      }
    }
  }

  @Test func theVersionIsTheOneOfManifests() {
    #expect(Version.text == "prep \(Versions.prep)")
  }
}
