// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Datasets
import JSON
import Objectives
import Testing
import Tokenization
import Validation

@testable import Pipeline

@Suite struct BuildRunTests {
  private let shop: Workshop

  init() throws {
    shop = try Workshop()
    try shop.corpus()
    try shop.tokenize([shop("corpus")], to: "tokens") {
      $0.split = try SplitShares("train=0.8,validation=0.2")
    }
  }

  private func usage(
    _ objective: String, _ settings: [String: String] = [:], from inputs: [String] = ["tokens"],
    _ change: (inout BuildOptions) -> Void = { _ in }
  ) throws -> any Error {
    let error = try #require(throws: (any Error).self) {
      try shop.build(objective, settings, from: inputs, to: "never") { change(&$0) }
    }
    #expect(!FileSystem.exists(shop("never")))
    return error
  }

  @Test(arguments: ["mlm", "t5-span", "clm"])
  func examplesOfEverySplit(_ objective: String) throws {
    let manifest = try shop.build(objective, ["length": "64"], to: "out")
    #expect(manifest.kind == .examples)
    #expect(manifest.seed == 11)
    #expect(manifest.splits == ["train", "validation"])
    #expect(
      manifest.units.map(\.name) == ["train-00000-000", "validation-00000-000"])
    let rows = try shop.rows("out")
    #expect(rows.count == manifest.shards.reduce(0) { $0 + $1.rows })
    #expect(rows.allSatisfy { $0["input_ids"]?.arrayValue?.count == 64 })
    #expect(manifest.counts["source_documents"] == 42)
    #expect(manifest.objective?.parameters["length"] == 64)
    #expect(try ValidationRun(directory: shop("out"), threads: 2).run { _ in }.isGood)
  }

  /// Rows of 65,536 positions: two to a batch, so that there are batches to mix up.
  @Test func threadsDoNotChangeAByte() throws {
    for threads in [1, 2, 5] {
      try shop.build("mlm", ["length": "65536"], to: "t\(threads)") {
        $0.threads = threads
        $0.limit = 5
      }
    }
    let one = try shop.contents("t1")
    let reader = try ArrowFileReader(path: shop("t1/train-00000-000.arrow"))
    #expect(reader.batchCount == 3)
    #expect(try shop.contents("t2") == one)
    #expect(try shop.contents("t5") == one)
  }

  @Test func aSeedIsADraw() throws {
    try shop.build("mlm", ["length": "64"], to: "a")
    try shop.build("mlm", ["length": "64"], to: "b")
    try shop.build("mlm", ["length": "64"], to: "c") { $0.seed = 12 }
    #expect(try shop.contents("a") == shop.contents("b"))
    #expect(try shop.rows("a") != shop.rows("c"))
  }

  @Test func anEpochAloneIsTheOneOfMany() throws {
    let many = try shop.build("mlm", ["length": "64"], to: "many") { $0.epochs = 3 }
    #expect(many.units.map(\.epoch) == [0, 1, 2, nil])
    #expect(
      many.shards.map(\.file) == [
        "train-00000-000-e00.arrow", "train-00000-000-e01.arrow", "train-00000-000-e02.arrow",
        "validation-00000-000.arrow",
      ])
    let all = try shop.contents("many")
    var seen: Set<[UInt8]> = []
    for epoch in 0..<3 {
      try shop.build("mlm", ["length": "64"], to: "e\(epoch)") { $0.epoch = epoch }
      let file = "train-00000-000-e0\(epoch).arrow"
      let alone = try Dataset(shop("e\(epoch)")).manifest.shards
      let together = many.shards.filter { $0.file == file || $0.split == "validation" }
      #expect(alone.map(\.contentDigest) == together.map(\.contentDigest))
      seen.insert(try #require(all[file]))
    }
    // Each epoch is drawn anew.
    #expect(seen.count == 3)
  }

  @Test func resumesToTheSameBytes() throws {
    var options = BuildOptions(inputs: [shop("tokens")], objective: "mlm")
    options.settings = [Setting("length", "64")]
    options.seed = 11
    options.epochs = 2
    let plan = try shop.plan(of: "out") { see in
      _ = try BuildRun(options).write(to: .directory(shop("out"), .refuse)) { _ in see() }
    }
    let expected = try shop.contents("out")
    for finished in [["train-00000-000-e00"], ["train-00000-000-e01", "validation-00000-000"]] {
      try shop.unseal("out", plan: plan, keeping: finished)
      _ = try BuildRun(options).write(to: .directory(shop("out"), .resume)) { _ in }
      #expect(try shop.contents("out") == expected)
    }
    options.seed = 12
    let error = try #require(throws: DatasetError.self) {
      try BuildRun(options).write(to: .directory(shop("out"), .resume)) { _ in }
    }
    #expect(error.code == .usage)
  }

  @Test func limitTakesTheFirstRowsOfEachSplit() throws {
    try shop.build("clm", ["length": "32"], to: "all")
    let manifest = try shop.build("clm", ["length": "32"], to: "some") { $0.limit = 3 }
    #expect(manifest.shards.map(\.rows) == [3, 3])
    #expect(
      try shop.rows("some", split: "train") == Array(shop.rows("all", split: "train").prefix(3)))
  }

  @Test func provenanceLeadsBackToTheCorpus() throws {
    try shop.build("clm", ["length": "32"], to: "out")
    let documents = Dictionary(
      uniqueKeysWithValues: try shop.rows("tokens").map {
        ($0["id"]?.stringValue ?? "", $0["input_ids"]?.arrayValue ?? [])
      })
    for row in try shop.rows("out").prefix(10) {
      let ids = row["input_ids"]?.arrayValue ?? []
      let names = row["source_document"]?.arrayValue ?? []
      let offsets = row["source_offset"]?.arrayValue ?? []
      let lengths = row["source_length"]?.arrayValue ?? []
      #expect(names.count == offsets.count && names.count == lengths.count)
      #expect(!names.isEmpty)
      // The first piece stands at the start of the row.
      let document = try #require(documents[names[0].stringValue ?? ""])
      let start = try #require(offsets[0].integerValue)
      let length = try #require(lengths[0].integerValue)
      #expect(Array(ids.prefix(length)) == Array(document[start..<(start + length)]))
    }
    try shop.build("clm", ["length": "32"], to: "plain") { $0.provenance = false }
    let row = try #require(try shop.rows("plain").first)
    #expect(row["source_document"] == nil)
    #expect(row["input_ids"] == (try shop.rows("out").first)?["input_ids"])
    #expect(try ValidationRun(directory: shop("plain"), threads: 1).run { _ in }.isGood)
  }

  @Test func severalDatasetsAreNumberedOn() throws {
    try shop.corpus("more", files: 2, each: 9)
    try shop.tokenize([shop("more")], to: "second")
    let manifest = try shop.build("clm", ["length": "32"], from: ["tokens", "second"], to: "out")
    #expect(
      manifest.shards.map(\.file) == [
        "train-00000-000.arrow", "train-00001-000.arrow", "validation-00000-000.arrow",
      ])
    #expect(manifest.inputs.arrayValue?.map { $0["name"] } == ["tokens", "second"])
    #expect(manifest.units.map { $0.input["dataset"]?.integerValue } == [0, 1, 0])
    #expect(Set(manifest.units.map { $0.input["ordinal"]?.integerValue }).count == 3)
    #expect(try ValidationRun(directory: shop("out"), threads: 1).run { _ in }.isGood)
  }

  @Test func datasetsOfDifferentTokenizersDoNotMix() throws {
    let other = shop("other/tokenizer.json")
    try FileSystem.createDirectory(shop("other"))
    try FileSystem.replace(other, with: Workshop.trained(size: 600).serialized())
    try shop.tokenize([shop("corpus")], to: "foreign") { $0.tokenizer = other }
    let error = try usage("clm", from: ["tokens", "foreign"])
    #expect(Status(error) == .usage)
    #expect("\(error)".contains("another tokenizer"))
    let wrong = try usage("clm") { $0.tokenizer = other }
    #expect(Status(wrong) == .malformed)
    #expect("\(wrong)".contains("not the one that made the tokens"))
    // The right one by name is fine.
    try shop.build("clm", ["length": "32"], to: "named") { $0.tokenizer = shop.tokenizer }
  }

  @Test func examplesAreNoInput() throws {
    try shop.build("clm", ["length": "32"], to: "out")
    let error = try usage("mlm", from: ["out"])
    #expect(Status(error) == .usage)
    #expect("\(error)".contains("holds examples"))
    #expect(Status(try usage("mlm", from: ["nowhere"])) == .missing)
    #expect(Status(try usage("mlm", from: ["corpus"])) == .malformed)
  }

  @Test func whatAnObjectiveLacksIsSaidBeforeTheWorkStarts() throws {
    try shop.tokenize([shop("corpus")], to: "bare") {
      $0.sentences = false
      $0.wordStarts = false
    }
    let sentences = try usage("mlm", ["nsp": "true"], from: ["bare"])
    #expect("\(sentences)".contains("no sentence starts"))
    #expect("\(sentences)".contains("--sentences"))
    let words = try usage("mlm", ["whole_word": "true"], from: ["bare", "tokens"])
    #expect("\(words)".contains("no word starts") || "\(words)".contains("no sentence starts"))
    let parameter = try usage("mlm", ["lenght": "64"])
    #expect("\(parameter)".contains("length"))
    // The data cannot serve, the parameter cannot be meant.
    for error in [sentences, words] { #expect(Status(error) == .malformed) }
    #expect(Status(parameter) == .usage)
    let objective = try usage("mml")
    #expect("\(objective)".contains("mlm"))
  }

  @Test func missingRolesAreNamed() throws {
    let trainer = try BPETrainer(vocabularySize: 300, specials: .none)
    var counter = trainer.counter()
    try Array(Workshop.document(1).utf8).withUnsafeBufferPointer { try counter.count($0) }
    let path = shop("plain/tokenizer.json")
    try FileSystem.createDirectory(shop("plain"))
    try FileSystem.replace(path, with: trainer.train(counter).serialized())
    try shop.tokenize([shop("corpus")], to: "unframed") { $0.tokenizer = path }
    let error = try usage("mlm", from: ["unframed"])
    #expect("\(error)".contains("mask"))
    #expect("\(error)".contains("--special"))
    #expect(Status(error) == .usage)
  }

  @Test func epochsAreChecked() throws {
    for change in [
      { $0.epochs = 0 }, { $0.epochs = 65_537 }, { $0.epoch = -1 }, { $0.epoch = 65_536 },
      {
        $0.epochs = 2
        $0.epoch = 1
      },
    ] as [(inout BuildOptions) -> Void] {
      #expect(Status(try usage("clm", [:], change)) == .usage)
    }
    #expect(Status(try usage("clm", from: [])) == .usage)
    #expect(Status(try usage("clm", from: ["tokens"]) { $0.inputs.append("-") }) == .usage)
  }

  @Test func theSizeIsEstimated() throws {
    var options = BuildOptions(inputs: [shop("tokens")], objective: "clm")
    options.settings = [Setting("length", "32")]
    let estimate = try #require(try BuildRun(options).estimatedBytes())
    let manifest = try shop.build("clm", ["length": "32"], to: "out")
    let bytes = manifest.shards.reduce(0) { $0 + $1.bytes }
    // It does not count what a file has once, which weighs heavily in shards this small.
    #expect(estimate > bytes / 20 && estimate < bytes)
  }
}
