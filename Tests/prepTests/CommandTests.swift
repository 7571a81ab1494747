// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Corpus
import Datasets
import Objectives
import Pipeline
import Testing
import Tokenization
import UnicodeText

@testable import prep

/// What the command line says becomes what the libraries are told.
@Suite struct CommandTests {
  private func parse<Command: ParsableCommand>(
    _ type: Command.Type, _ arguments: String...
  ) throws -> Command {
    try #require(Prep.parseAsRoot(arguments) as? Command)
  }

  /// The message for arguments that cannot be.
  private func refusal(_ arguments: [String]) throws -> String {
    let error = try #require(throws: (any Error).self) { _ = try Prep.parseAsRoot(arguments) }
    #expect(Prep.exitCode(for: error).rawValue == Pipeline.ExitStatus.usage.rawValue)
    return Prep.message(for: error)
  }

  @Test func tokenizeHasDefaults() throws {
    let command = try parse(
      Tokenize.self, "tokenize", "a.jsonl", "--tokenizer", "t.json", "-o", "tokens")
    #expect(command.corpus.inputs == ["a.jsonl"])
    #expect(command.corpus.options() == CorpusOptions())
    #expect(command.tokenizer.tokenizer == "t.json")
    #expect(command.tokenizer.special == [])
    #expect(command.text.steps == [])
    #expect(try command.output.destination() == .directory("tokens", .refuse))
    #expect(!command.sentences && !command.noWords && !command.keepText && !command.json)
    #expect(command.unwrap == .auto)
    #expect(command.compression == "zstd:3")
    #expect(command.split == nil && command.locale == nil && command.lang == nil)
    #expect(command.limit.limit == nil)
    #expect(command.global.threads == GlobalOptions.processors)
  }

  @Test func tokenizeTakesEverything() throws {
    let command = try parse(
      Tokenize.self, "tokenize", "a", "b", "--tokenizer", "t", "-o", "-", "--format", "jsonl",
      "--text-field", "body.text", "--id-field", "key", "--lang-field", "l", "--invalid-json",
      "skip", "--invalid-utf8", "error", "--encoding", "latin1", "--split-on", "lines",
      "--form", "nfkc", "--lowercase", "--strip-accents", "--special", "mask=<m>", "--special",
      "eos=<e>", "--sentences", "--locale", "de", "--unwrap", "off", "--no-words", "--lang", "en",
      "--keep-field", "url", "--keep-text", "--limit", "5", "--threads", "3", "--quiet")
    #expect(command.corpus.inputs == ["a", "b"])
    var expected = CorpusOptions()
    expected.format = .jsonl
    expected.textField = "body.text"
    expected.idField = "key"
    expected.langField = "l"
    expected.keepFields = command.keepField
    expected.invalidJSON = .skip
    expected.invalidUTF8 = .error
    expected.encoding = "latin1"
    expected.split = .lines
    #expect(command.corpus.options(keepFields: ["url"]) == expected)
    #expect(command.text.steps == [.normalize(.nfkc), .lowercase, .stripAccents])
    #expect(command.tokenizer.special == ["mask=<m>", "eos=<e>"])
    #expect(try command.output.destination() == .standardOutput)
    #expect(command.limit.limit == 5)
    #expect(command.global.threads == 3)
  }

  @Test func buildHasDefaults() throws {
    let command = try parse(
      Build.self, "build", "tokens", "--objective", "mlm", "-o", "out", "--set", "length=128",
      "--set", "preset=bert", "--resume")
    #expect(command.inputs == ["tokens"])
    #expect(command.seed == nil)
    #expect(command.epochs == nil)
    #expect(command.epoch == nil)
    #expect(!command.noProvenance)
    #expect(command.settings == ["length=128", "preset=bert"])
    #expect(try command.output.destination() == .directory("out", .resume))
    let seeded = try parse(
      Build.self, "build", "-", "--objective", "clm", "-o", "-", "--seed", "18446744073709551615")
    #expect(seeded.inputs == ["-"])
    #expect(seeded.seed == .max)
  }

  @Test func settingsArePairs() throws {
    #expect(try Build.setting("rate=0.15").name == "rate")
    #expect(try Build.setting("separator==").value == "=")
    #expect(try Build.setting("preset=").value == "")
    for text in ["rate", "=1", ""] {
      #expect(throws: ArgumentParser.ValidationError.self) { _ = try Build.setting(text) }
    }
  }

  @Test func otherCommandsHaveDefaults() throws {
    let train = try parse(
      TokenizerTrain.self, "tokenizer", "train", "a", "--vocab-size", "1000", "-o", "t.json")
    #expect(train.vocabSize == 1000)
    #expect(train.minFrequency == 2)
    #expect(train.preTokenizer == nil)
    #expect(train.form == nil)
    #expect(train.specialTokens == "default")
    let inspect = try parse(Inspect.self, "inspect", "out")
    #expect(inspect.count == 3)
    #expect(inspect.row == 0)
    #expect(inspect.color == .auto)
    #expect(try parse(Validate.self, "validate", "a", "b", "--json").datasets == ["a", "b"])
    #expect(try parse(Normalize.self, "normalize", "a").form == .nfc)
    #expect(try parse(ObjectivesCommand.self, "objectives").name == nil)
    #expect(try parse(Run.self, "run", "p.yaml", "-o", "d").output == "d")
    let encode = try parse(TokenizerEncode.self, "tokenizer", "encode", "--tokenizer", "t")
    #expect(encode.addedTokens == .never)
  }

  @Test(
    arguments: [
      (["tokenize", "--tokenizer", "t", "-o", "d"], "input"),
      (["tokenize", "a", "-o", "d"], "--tokenizer"),
      (["tokenize", "a", "--tokenizer", "t"], "--output"),
      (["tokenize", "a", "--tokenizer", "t", "-o", "d", "--unwrap", "maybe"], "maybe"),
      (["tokenize", "a", "--tokenizer", "t", "-o", "d", "--form", "nfq"], "nfq"),
      (["tokenize", "a", "--tokenizer", "t", "-o", "d", "--threads", "0"], "1 to 1024"),
      (["tokenize", "a", "--tokenizer", "t", "-o", "d", "--threads", "1025"], "1 to 1024"),
      (["tokenize", "a", "--tokenizer", "t", "-o", "d", "--limit", "-1"], "--limit"),
      (["tokenize", "a", "--tokenizer", "t", "-o", "d", "--split-on", ""], "empty"),
      (["tokenize", "a", "--tokenizer", "t", "-o", "d", "--max-document-bytes", "0"], "positive"),
      (["build", "a", "-o", "d"], "--objective"),
      (["build", "a", "--objective", "mlm", "-o", "d", "--seed", "-1"], "--seed"),
      (
        ["build", "a", "--objective", "mlm", "-o", "d", "--seed", "18446744073709551616"], "1844674"
      ),
      (["build", "a", "--objective", "mlm", "-o", "d", "--limit", "-1"], "--limit"),
      (["inspect", "a", "--row", "-1"], "--row"), (["inspect", "a", "--color", "blue"], "blue"),
      (["tokenise", "a"], "tokenise"), (["validate"], "dataset"), (["--unknown"], "--unknown"),
    ] as [([String], String)])
  func wrongUsageIsRefused(_ arguments: [String], _ message: String) throws {
    #expect(try refusal(arguments).contains(message))
  }

  @Test func resumeAndOverwriteExcludeEachOther() throws {
    let command = try parse(
      Build.self, "build", "a", "--objective", "mlm", "-o", "d", "--resume", "--overwrite")
    let error = try #require(throws: PipelineError.self) { _ = try command.output.destination() }
    #expect(error.code == .usage)
  }
}
