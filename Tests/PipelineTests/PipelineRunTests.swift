// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing
import Validation

@testable import Pipeline

@Suite struct PipelineRunTests {
  private let shop: Workshop

  init() throws {
    shop = try Workshop()
    try shop.corpus()
  }

  private func run(_ text: String, overwrites: Bool = false) throws -> [String] {
    let path = try shop.scratch.write("pipeline.yaml", text)
    var events: [String] = []
    try PipelineRun(PipelineFile(path: path), threads: 2, limit: nil, overwrites: overwrites).run(
      progress: { _ in },
      report: { event in
        switch event {
        case .tokenizer(_, let size, let outcome): events.append("\(outcome) tokenizer \(size)")
        case .dataset(let path, _, let outcome):
          events.append("\(outcome) \(path.split(separator: "/").last ?? "")")
        case .validation(_, let report): events.append(report.isGood ? "good" : "bad")
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
