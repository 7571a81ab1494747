// SPDX-License-Identifier: Apache-2.0

import Datasets
import TestSupport
import Testing
import Validation

@testable import Pipeline

@Suite struct PipelineRunTests {
  private let shop: Workshop

  init() throws {
    shop = try Workshop()
    try shop.corpus()
  }

  private func run(
    _ text: String, overwrites: Bool = false, _ work: PipelineRun.Work = .everything
  ) throws -> [String] {
    let path = try shop.scratch.write("pipeline.yaml", text)
    var events: [String] = []
    let run = try PipelineRun(
      PipelineFile(path: path), threads: 2, limit: nil, overwrites: overwrites, work: work)
    try run.run(
      progress: { _ in },
      report: { event in
        switch event {
        case .tokenizer(_, let size, let outcome): events.append("\(outcome) tokenizer \(size)")
        case .dataset(let path, _, let outcome):
          events.append("\(outcome) \(path.split(separator: "/").last ?? "")")
        case .validation(_, let report): events.append(report.isGood ? "good" : "bad")
        case .share(let path, let units, let part):
          events.append("\(units) of \(path.split(separator: "/").last ?? "") by \(part)")
        case .tasksAreNext(let paths): events.append("\(paths.count) next")
        }
      })
    return events
  }

  private func file(tokenizer: String, length: Int = 64) -> String {
    """
    output: demo
    sources: {all: {inputs: corpus}}
    tokenizer: \(tokenizer)
    tokens: {sentences: true}
    datasets:
      spans: {objective: t5-span, set: {length: \(length)}}
      pairs: {objective: mlm, set: {length: 64, nsp: true}}
    checks: [validate]
    """
  }

  @Test func makesEverythingOnceAndKeepsIt() throws {
    let text = file(tokenizer: "{train: {vocab-size: 600}}")
    #expect(
      try run(text) == [
        "made tokenizer 600", "made tokens", "good", "made spans", "good", "made pairs", "good",
      ])
    #expect(
      try run(text) == [
        "kept tokenizer 600", "kept tokens", "good", "kept spans", "good", "kept pairs", "good",
      ])
  }

  @Test func tasksShareTheUnitsAndAMergeSealsThem() throws {
    let text = file(tokenizer: "{file: tokenizer.json}")
    let tasks = try (0..<2).map { PipelineRun.Work.task(try Part("\($0)/2", option: "--task")) }
    #expect(try run(text, .merge) == ["1 next"])
    #expect(try run(text, tasks[0]) == ["1 of tokens by 0/2"])
    let error = try #require(throws: DatasetError.self) { try run(text, .merge) }
    #expect(Status(error) == .malformed)
    #expect("\(error)".contains("1/2"))
    // The corpus is one group of small files, so there is nothing for the second.
    #expect(try run(text, tasks[1]) == ["0 of tokens by 1/2"])
    #expect(try run(text, .merge) == ["made tokens", "good", "2 next"])
    for (index, task) in tasks.enumerated() {
      let units = index == 0 ? 1 : 0
      #expect(
        try run(text, task) == [
          "kept tokens", "\(units) of spans by \(index)/2", "\(units) of pairs by \(index)/2",
        ])
    }
    let whole = ["kept tokens", "good", "made spans", "good", "made pairs", "good"]
    #expect(try run(text, .merge) == whole)
    #expect(try run(text) == whole.map { $0.replacing("made", with: "kept") })
  }

  @Test func whatDiffersIsReplacedOnlyWhenAsked() throws {
    let given = "{file: tokenizer.json}"
    _ = try run(file(tokenizer: given))
    let changed = file(tokenizer: given, length: 32)
    let error = try #require(throws: DatasetError.self) { _ = try run(changed) }
    #expect(error.code == .usage)
    #expect(
      try run(changed, overwrites: true) == [
        "kept tokens", "good", "made spans", "good", "kept pairs", "good",
      ])
  }

  @Test func anotherCorpusIsAnotherTokenizer() throws {
    let text = file(tokenizer: "{train: {vocab-size: 600}}")
    _ = try run(text)
    try shop.scratch.write("corpus/more.jsonl", Workshop.line(99))
    let error = try #require(throws: PipelineError.self) { _ = try run(text) }
    #expect(error.code == .usage)
    #expect(error.message.contains("--overwrite"))
    #expect(try run(text, overwrites: true).first == "made tokenizer 600")
  }
}
