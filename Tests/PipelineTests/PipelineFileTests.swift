// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Corpus
import Objectives
import TestSupport
import Testing
import Tokenization
import UnicodeText

@testable import Pipeline

@Suite struct PipelineFileTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private func read(_ text: String, output: String? = nil) throws -> PipelineFile {
    try PipelineFile(path: scratch.write("dir/pipeline.yaml", text), output: output)
  }

  private func fault(_ text: String) throws -> PipelineError {
    try #require(throws: PipelineError.self) { _ = try read(text) }
  }

  private let least = """
    sources:
      tales: {inputs: a.txt}
    tokenizer: {file: tokenizer.json}
    """

  @Test func theLeast() throws {
    let file = try read(least)
    #expect(file.output == scratch("dir/out"))
    #expect(file.sources.map(\.name) == ["tales"])
    #expect(file.sources.map(\.inputs) == [[scratch("dir/a.txt")]])
    guard case .file(let path) = file.tokenizer else {
      Issue.record("not a file: \(file.tokenizer)")
      return
    }
    #expect(path == scratch("dir/tokenizer.json"))
    #expect(file.datasets == [])
    #expect(!file.validates)
    #expect(!file.tokens.sentences)
    #expect(file.tokens.wordStarts)
    #expect(try read(least, output: "elsewhere").output == "elsewhere")
  }

  @Test func membersOfAMixtureAreSettings() throws {
    let file = try read(
      least + """

        datasets:
          mixed:
            objective: mixture
            set: {length: 256}
            members:
              t5-span: {weight: 0.5}
              prefix-lm: {prefix: nlg}
              hard:
                objective: t5-span
                weight: 2
                preset: t5
                set: {noise_density: 0.5, separator: eos}
        """)
    #expect(
      file.datasets[0].settings == [
        Setting("length", "256"),
        Setting("members", "t5-span=t5-span:0.5,prefix-lm=prefix-lm:1,hard=t5-span:2"),
        Setting("prefix-lm.prefix", "nlg"), Setting("hard.preset", "t5"),
        Setting("hard.noise_density", "0.5"), Setting("hard.separator", "eos"),
      ])
    let text = least + "\ndatasets: {m: {objective: mixture, members: {clm: {wait: 1}}}}"
    #expect(try fault(text).message.contains("'wait' is unknown here"))
  }

  @Test func everything() throws {
    let file = try read(
      """
      # A comment.
      output: demo
      sources:
        tales: {inputs: [a.txt, /abs/b.txt, ../c.txt], lang: en}
        code:
          inputs: src
      corpus:
        format: jsonl
        text-field: body.text
        id-field: key
        lang-field: lang
        keep-fields: [url]
        encoding: latin1
        invalid-json: skip
        invalid-utf8: error
        split-on: blank-lines
      tokenizer:
        train:
          vocab-size: 1000
          min-frequency: 3
          pre-tokenizer: cl100k
          form: nfkc
          special-tokens: none
        special: {mask: "[MASK]"}
      tokens:
        sentences: true
        words: false
        keep-text: true
        locale: de
        unwrap: on
        split: train=0.9,validation=0.1
        form: nfc
        compression: zstd:7
      datasets:
        t5: {objective: t5-span, seed: 18446744073709551615, epochs: 2, preset: p, set: {length: 64}}
        plain: {objective: clm}
      checks: [validate]
      """)
    #expect(file.output == scratch("dir/demo"))
    #expect(file.sources.map(\.name) == ["tales", "code"])
    #expect(
      file.sources[0].inputs == [scratch("dir/a.txt"), "/abs/b.txt", scratch("c.txt")])
    #expect(file.sources.map(\.language) == ["en", nil])
    #expect(file.corpus.format == .jsonl)
    #expect(file.corpus.textField == "body.text")
    #expect(file.corpus.idField == "key")
    #expect(file.corpus.langField == "lang")
    #expect(file.corpus.keepFields == ["url"])
    #expect(file.corpus.encoding == "latin1")
    #expect(file.corpus.invalidJSON == .skip)
    #expect(file.corpus.invalidUTF8 == .error)
    #expect(file.corpus.split == .blankLines)
    guard case .train(1000, 3, .cl100k, .nfkc, "none") = file.tokenizer else {
      Issue.record("another tokenizer: \(file.tokenizer)")
      return
    }
    #expect(file.specials == ["mask=[MASK]"])
    #expect(file.tokens.sentences)
    #expect(!file.tokens.wordStarts)
    #expect(file.tokens.keepText)
    #expect(file.tokens.locale == "de")
    #expect(file.tokens.unwrap == .on)
    #expect(file.tokens.split.names == ["train", "validation"])
    #expect(file.tokens.steps == [.normalize(.nfc)])
    #expect(file.tokens.compression == .zstd(level: 7))
    #expect(file.datasets.map(\.name) == ["t5", "plain"])
    #expect(file.datasets[0].settings == [Setting("preset", "p"), Setting("length", "64")])
    #expect(file.datasets.map(\.seed) == [.max, nil])
    #expect(file.datasets.map(\.epochs) == [2, nil])
    #expect(file.validates)
  }

  /// What is wrong is named with its line.
  @Test(
    arguments: [
      ("tokens: {sentences: 1}", 4, "'sentences' takes true or false, not '1'"),
      ("tokens:\n  sentence: true", 5, "'sentence' is unknown here; there are compression, form"),
      ("tokens: {unwrap: maybe}", 4, "'unwrap' takes one of auto, on, off, not 'maybe'"),
      ("token: {}", 4, "'token' is unknown here; there are checks, corpus, datasets"),
      ("corpus: {text-field: [a, b]}", 4, "'text-field' takes a single value"),
      ("corpus: text", 4, "a mapping of names to values is expected"),
      ("\n\ndatasets:\n  t5:\n    seed: 1", 8, "'objective' is missing"),
      ("datasets:\n  t5: {objective: clm, seed: -1}", 5, "'seed' is not a number from 0"),
      ("datasets:\n  t5: {objective: clm, epochs: two}", 5, "'epochs' takes a whole number"),
      ("datasets:\n  ../t5: {objective: clm}", 5, "a name that cannot be a directory"),
      ("datasets:\n  tokens: {objective: clm}", 5, "a name that cannot be a directory"),
      ("datasets:\n  t5: {objective: clm, set: [length]}", 5, "a mapping"),
      ("checks: [validate, spelling]", 4, "'checks' knows validate, not 'spelling'"),
      ("output: [a]", 4, "'output' takes a single value"),
    ] as [(String, Int, String)])
  func faultsNameTheirLine(_ text: String, _ line: Int, _ message: String) throws {
    let error = try fault("\(least)\n\(text)\n")
    #expect(error.code == .malformed)
    #expect(error.message.hasPrefix("\(scratch("dir/pipeline.yaml")):\(line): "), "\(error)")
    #expect(error.message.contains(message), "\(error)")
  }

  @Test(
    arguments: [
      ("tokenizer: {file: a, train: {}}", "exclude each other"),
      ("tokenizer: {special: {mask: m}}", "one of them must be there"),
      ("tokenizer: {train: {vocab-size: many}}", "'vocab-size' takes a whole number"),
      ("tokenizer: {train: {pre-tokenizer: spaces}}", "'pre-tokenizer' takes one of gpt2, cl100k"),
      ("tokenizer: {train: {size: 10}}", "'size' is unknown here"),
      ("tokenizer: {special: {mask: [a]}, file: f}", "'mask' takes a single value"),
    ] as [(String, String)])
  func theTokenizerIsGivenOrTrained(_ text: String, _ message: String) throws {
    let error = try fault("sources: {a: {inputs: a}}\n\(text)\n")
    #expect(error.message.contains(message), "\(error)")
  }

  @Test func namesStandOnce() throws {
    let error = try fault("\(least)\nsources: {}\n")
    #expect(error.code == .malformed)
    #expect(error.message.contains("'sources'"))
  }

  @Test func aTokenizerMustBeNamed() throws {
    let error = try fault("sources: {a: {inputs: a}}")
    #expect(error.code == .usage)
    #expect(error.message.contains("names no tokenizer"))
  }

  @Test func sourcesMustBeNamed() throws {
    #expect(try fault("tokenizer: {file: f}").message.contains("'sources' names no source"))
    #expect(try fault("sources: {}\ntokenizer: {file: f}").message.contains("names no source"))
  }

  @Test(arguments: ["", "a: [", "- a\n- b", "text", "a: 1\na: 2", "{[a]: b}", "&a [*a]"])
  func refusesWhatIsNoMapping(_ text: String) throws {
    #expect(try fault(text).code == .malformed)
  }
}
