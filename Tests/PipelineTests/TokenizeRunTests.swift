// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Corpus
import Datasets
import JSON
import TestSupport
import Testing
import Tokenization
import UnicodeText
import Validation

@testable import Pipeline

@Suite struct TokenizeRunTests {
  private let shop: Workshop

  init() throws { shop = try Workshop() }

  @Test func oneRowADocumentInTheOrderOfTheCorpus() throws {
    try shop.corpus()
    let manifest = try shop.tokenize([shop("corpus")], to: "tokens")
    let rows = try shop.rows("tokens")
    #expect(rows.map { $0["id"]?.stringValue } == (0..<42).map { "doc-\($0)" })
    #expect(manifest.shards.map(\.file) == ["train-00000-000.arrow"])
    #expect(manifest.shards[0].rows == 42)
    #expect(manifest.counts["documents"] == 42)
    let tokenizer = try TokenizerFile(path: shop.tokenizer).tokenizer
    for (number, row) in rows.enumerated() {
      let ids = (row["input_ids"]?.arrayValue ?? []).compactMap { $0.integerValue.map(UInt32.init) }
      let text = Workshop.document(number)
      // No framing tokens, and nothing lost.
      #expect(tokenizer.decode(ids) == Array(text.utf8))
      #expect(row["word_starts"]?.arrayValue?.count == ids.count)
      #expect(row["word_starts"]?.arrayValue?.first == true)
      let sentences = text.split(separator: ".").count
      #expect(row["sentence_starts"]?.arrayValue?.count == sentences)
    }
    #expect(
      rows[0].objectValue?.entries.map(\.key) == [
        "id", "input_ids", "word_starts", "sentence_starts", "source", "lang",
      ])
  }

  @Test(arguments: [2, 5])
  func threadsDoNotChangeAByte(_ threads: Int) throws {
    try shop.corpus()
    for (name, count) in [("one", 1), ("many", threads)] {
      try shop.tokenize([shop("corpus")], to: name) { options in
        options.threads = count
        options.split = try SplitShares("train=0.7,validation=0.3")
        options.keepText = true
      }
    }
    #expect(try shop.contents("one") == shop.contents("many"))
    #expect(try Dataset(shop("one")).manifest.splits == ["train", "validation"])
  }

  @Test func sourcesAndLanguages() throws {
    try shop.scratch.write("a/1.txt", "One fox.")
    try shop.scratch.write("a/2.txt", "Two foxes.")
    try shop.scratch.write("b.jsonl", Workshop.line(0) + Workshop.line(1))
    try shop.scratch.write("c.txt", "Nothing is said of my language.")
    var options = TokenizeOptions(
      sources: [
        .init(name: "tales", inputs: [shop("a/1.txt"), shop("a/2.txt")], language: "en"),
        .init(name: "lines", inputs: [shop("b.jsonl")], language: "fr"),
        .init(name: "rest", inputs: [shop("c.txt")]),
      ], tokenizer: shop.tokenizer)
    options.corpus.langField = "lang"
    let manifest = try TokenizeRun(options).write(to: .directory(shop("tokens"), .refuse)) { _ in }
    #expect(
      manifest.inputs == [
        ["name": "tales", "lang": "en", "files": 2], ["name": "lines", "lang": "fr", "files": 1],
        ["name": "rest", "files": 1],
      ])
    let rows = try shop.rows("tokens")
    #expect(rows.map { $0["source"]?.integerValue } == [0, 0, 1, 1, 2])
    #expect(rows.map { $0["lang"]?.stringValue } == ["en", "en", "de", "en", "und"])
    #expect(rows[0]["sentence_starts"] == nil)
    #expect(rows.prefix(2).map { $0["id"]?.stringValue } == ["1.txt#0", "2.txt#0"])
  }

  @Test func keptFieldsBecomeColumns() throws {
    try shop.scratch.write(
      "a.jsonl",
      """
      {"text": "One fox.", "url": "u\\n1", "n": 7, "list": [1, 2], "flag": true}
      {"text": "Two foxes.", "url": null, "n": 0.5, "list": {"a": "b"}}

      """)
    try shop.tokenize([shop("a.jsonl")], to: "tokens") { options in
      options.corpus.keepFields = ["url", "n", "list", "flag"]
      options.keepText = true
    }
    let rows = try shop.rows("tokens")
    #expect(rows.map { $0["url"]?.stringValue } == ["u\n1", ""])
    #expect(rows.map { $0["n"]?.stringValue } == ["7", "0.5"])
    #expect(rows.map { $0["flag"]?.stringValue } == ["true", ""])
    #expect(rows.map { $0["text"]?.stringValue } == ["One fox.", "Two foxes."])
    let error = try #require(throws: PipelineError.self) {
      try shop.tokenize([shop("a.jsonl")], to: "no") { $0.corpus.keepFields = ["source"] }
    }
    #expect(error.code == .usage)
    #expect(error.message.contains("'source'"))
  }

  @Test func whatIsDroppedIsCounted() throws {
    try shop.scratch.write(
      "a.jsonl",
      """
      {"text": "One fox."}
      {"text": ""}
      {"text": "half a line
      {"title": "no text"}
      {"text": ""}

      """)
    let manifest = try shop.tokenize([shop("a.jsonl")], to: "tokens") {
      $0.corpus.invalidJSON = .skip
    }
    #expect(manifest.counts["documents"] == 1)
    #expect(manifest.counts["dropped_empty"] == 2)
    #expect(manifest.counts["skipped_invalid_json"] == 1)
    #expect(manifest.counts["skipped_invalid_fields"] == 1)
    #expect(manifest.shards.map(\.rows) == [1])
    let error = try #require(throws: CorpusError.self) {
      try shop.tokenize([shop("a.jsonl")], to: "strict")
    }
    #expect("\(error)".contains("a.jsonl"))
  }

  @Test func aCorpusOfNothingGivesADatasetOfNothing() throws {
    try shop.scratch.write("a.jsonl", "{\"text\": \"\"}\n")
    let manifest = try shop.tokenize([shop("a.jsonl")], to: "tokens")
    #expect(manifest.shards == [])
    #expect(manifest.counts["dropped_empty"] == 1)
    #expect(try ValidationRun(directory: shop("tokens"), threads: 1).run { _ in }.isGood)
  }

  @Test(arguments: [0, 1, 7, 41, 42, 100])
  func limitTakesTheFirstRecords(_ limit: Int) throws {
    try shop.corpus()
    try shop.tokenize([shop("corpus")], to: "tokens") {
      $0.limit = limit
      $0.threads = 3
    }
    let ids = try shop.rows("tokens").map { $0["id"]?.stringValue }
    #expect(ids == (0..<min(limit, 42)).map { "doc-\($0)" })
  }

  @Test func equalDocumentsStayInOneSplit() throws {
    for copy in 0..<3 {
      try shop.scratch.write("c/\(copy).jsonl", (0..<20).map(Workshop.line).joined())
    }
    try shop.tokenize([shop("c")], to: "tokens") {
      $0.split = try SplitShares("train=0.5,validation=0.5")
    }
    let train = Set(try shop.rows("tokens", split: "train").map { $0["id"]?.stringValue })
    let validation = Set(try shop.rows("tokens", split: "validation").map { $0["id"]?.stringValue })
    #expect(train.count + validation.count == 20)
    #expect(!train.isEmpty && !validation.isEmpty)
    // The form in which a text is written does not matter where the tokenizer normalizes.
    try shop.scratch.write("d/1.txt", "caf\u{E9}")
    try shop.scratch.write("d/2.txt", "cafe\u{301}")
    let manifest = try shop.tokenize([shop("d")], to: "forms") {
      $0.split = try SplitShares("train=0.5,validation=0.5")
    }
    #expect(manifest.splits.count == 1)
  }

  @Test func stepsComeBeforeTheTokenizer() throws {
    try shop.scratch.write("a.txt", "ONE Fox")
    try shop.scratch.write("b.txt", "one fox")
    try shop.tokenize([shop("a.txt"), shop("b.txt")], to: "tokens") { $0.steps = [.lowercase] }
    let rows = try shop.rows("tokens")
    #expect(rows[0]["input_ids"] == rows[1]["input_ids"])
  }

  @Test func hardWrappedTextIsUnwrapped() throws {
    let text = (0..<12).map { _ in "a line of about thirty letters" }.joined(separator: "\n") + "."
    try shop.scratch.write("a.txt", text)
    for (unwrap, isOne) in [(TokenizeOptions.Unwrap.on, true), (.off, false)] {
      try shop.tokenize([shop("a.txt")], to: unwrap.rawValue) { $0.unwrap = unwrap }
      let starts = try shop.rows(unwrap.rawValue)[0]["sentence_starts"]?.arrayValue ?? []
      #expect((starts.count == 1) == isOne)
    }
  }

  @Test func faultsAreFoundBeforeTheWorkStarts() throws {
    try shop.corpus(files: 1)
    let cases: [(Status, (inout TokenizeOptions) -> Void)] = [
      (.missing, { $0.tokenizer = "/nowhere.json" }),
      (.missing, { $0.sources[0].inputs = ["/nowhere"] }),
      (.usage, { $0.specials = ["mask"] }), (.usage, { $0.specials = ["queen=<s>"] }),
      (.usage, { $0.specials = ["mask=<nothing>"] }), (.usage, { $0.locale = "!!" }),
    ]
    for (status, change) in cases {
      let error = try #require(throws: (any Error).self) {
        try shop.tokenize([shop("corpus")], to: "tokens") { change(&$0) }
      }
      #expect(Status(error) == status, "\(error)")
      #expect(!FileSystem.exists(shop("tokens")))
    }
  }

  @Test func progressReachesTheEnd() throws {
    try shop.corpus()
    var last: Progress?
    var options = TokenizeOptions(
      sources: TokenizeOptions.sources(of: [shop("corpus")]), tokenizer: shop.tokenizer)
    options.threads = 2
    let manifest = try TokenizeRun(options).write(to: .directory(shop("tokens"), .refuse)) {
      last = $0
    }
    #expect(last?.rows == 42)
    #expect(last?.tokens == manifest.shards[0].tokens)
    #expect(last?.done == last?.total)
  }
}
