// SPDX-License-Identifier: Apache-2.0
import JSON
import Pipeline
import Testing
import Training

@testable import Datasets
@testable import Pipeline

@Suite struct TrainingRunTests {
  /// Rows of every family of models, with what their verdicts are called.
  static let objectives: [(objective: String, settings: [String: String], heads: [String])] = [
    ("clm", [:], ["clm"]),
    ("mlm", ["nsp": "true"], ["mlm", "nsp"]),
    ("rtd", [:], ["rtd"]),
    ("t5-span", [:], ["t5-span"]),
    ("prefix-lm", [:], ["prefix-lm"]),
    ("fim", ["cuts": "token"], ["fim", "fim-suffix"]),
  ]

  private func shop(documents: Int = 24) throws -> Workshop {
    let shop = try Workshop()
    try shop.corpus(files: 1, each: documents)
    try shop.tokenize([shop("corpus")], to: "tokens") {
      $0.split = try SplitShares("train=0.7,validation=0.3")
    }
    return shop
  }

  private func options(_ shop: Workshop, steps: Int = 2) -> TrainingOptions {
    var options = TrainingOptions(dataset: shop("set"))
    options.steps = steps
    options.width = 64
    options.layers = 1
    options.rows = 4
    options.length = 24
    options.samples = 1
    return options
  }

  @Test(arguments: objectives)
  func everyFamilyIsTrainedAndJudged(
    _ objective: String, _ settings: [String: String], _ heads: [String]
  ) throws {
    let shop = try shop()
    try shop.build(objective, settings.merging(["length": "48"]) { own, _ in own }, to: "set")
    var options = options(shop)
    options.isCheck = true
    let report = try TrainingRun(options).run { _ in }
    #expect(report.judgements.map(\.name) == heads)
    #expect(report.steps == 2)
    #expect(report.tokens > 0)
    for judgement in report.judgements {
      let evidence = try #require(judgement.evidence)
      let isMeasured = evidence.loss.isFinite && evidence.loss > 0
      #expect(isMeasured || evidence.gap.labels == 0, "\(judgement.name)")
      #expect(judgement.verdict == .inconclusive || judgement.verdict == .learns)
    }
    #expect(report.curves.allSatisfy { $0.heldOut.count >= 2 })
  }

  @Test func aRunThatWasInterruptedEndsAsIfItHadNotBeen() throws {
    let shop = try shop()
    try shop.build("t5-span", ["length": "48"], to: "set")
    var options = options(shop, steps: 6)
    // One thread sums in one order; the portable kernel is slow in debug builds.
    options.threads = 1
    options.saveEvery = 2
    options.output = shop("whole")
    _ = try TrainingRun(options).run { _ in }
    options.output = shop("interrupted")
    struct Interruption: Error {}
    var steps = 0
    // The state is saved behind the progress of a step: this run ends with that of step 4.
    let run = try TrainingRun(options)
    #expect(throws: Interruption.self) {
      _ = try run.run(interrupted: {
        steps += 1
        if steps == 5 { throw Interruption() }
      })
    }
    #expect(FileSystem.exists("\(shop("interrupted"))/.partial/state.safetensors"))
    options.resumes = true
    _ = try TrainingRun(options).run { _ in }
    let whole = try shop.contents("whole")
    let resumed = try shop.contents("interrupted")
    #expect(whole.keys.sorted() == resumed.keys.sorted())
    for name in whole.keys where name != "training.json" {
      #expect(whole[name] == resumed[name], "\(name)")
    }
  }

  @Test func aRunGoesOnOnlyAsItBegan() throws {
    let shop = try shop()
    try shop.build("clm", ["length": "32"], to: "set")
    var options = options(shop, steps: 2)
    options.saveEvery = 1
    options.output = shop("model")
    let run = try TrainingRun(options)
    struct Interruption: Error {}
    var steps = 0
    #expect(throws: Interruption.self) {
      _ = try run.run(interrupted: {
        steps += 1
        if steps == 2 { throw Interruption() }
      })
    }
    options.resumes = true
    options.seed = 5
    #expect(throws: PipelineError.self) { try TrainingRun(options).run { _ in } }
  }

  @Test func aCheckpointHasItsTokenizerLogAndCurves() throws {
    let shop = try shop()
    try shop.build("mlm", ["length": "48"], to: "set")
    var options = options(shop)
    options.output = shop("model")
    let report = try TrainingRun(options).run { _ in }
    #expect(report.checkpoint == shop("model"))
    let files = try shop.contents("model")
    #expect(
      files.keys.sorted() == [
        "config.json", "log.jsonl", "loss.svg", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json", "training.json",
      ])
    #expect(try files["tokenizer.json"] == FileSystem.read("\(shop("set"))/tokenizer.json"))
    // What was written can be gone on from.
    options.initial = shop("model")
    options.output = nil
    let next = try TrainingRun(options).run { _ in }
    #expect(next.steps == 2)
  }

  @Test func withoutAValidationSplitNothingIsJudged() throws {
    let shop = try Workshop()
    try shop.corpus(files: 1, each: 20)
    try shop.tokenize([shop("corpus")], to: "tokens")
    try shop.build("clm", ["length": "32"], to: "set")
    var options = options(shop)
    options.isCheck = true
    let refused = #expect(throws: PipelineError.self) { try TrainingRun(options) }
    #expect(refused?.message.contains("--split train=") == true)
    options.isCheck = false
    options.output = shop("model")
    let report = try TrainingRun(options).run { _ in }
    #expect(report.judgements.isEmpty)
    #expect(!report.notes.isEmpty)
  }

  @Test func tokensAreNoExamples() throws {
    let shop = try shop()
    let refused = #expect(throws: PipelineError.self) {
      try TrainingRun(TrainingOptions(dataset: shop("tokens")))
    }
    #expect(refused?.message.contains("prep build") == true)
  }
}
