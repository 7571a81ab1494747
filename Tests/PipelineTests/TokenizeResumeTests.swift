// SPDX-License-Identifier: Apache-2.0

import Datasets
import JSON
import Testing

@testable import Pipeline

/// A run that was killed goes on to the same bytes, and only with the same input.
@Suite struct TokenizeResumeTests {
  private let shop: Workshop

  init() throws {
    shop = try Workshop()
    for unit in 0..<3 {
      try shop.unit("in/\(unit).jsonl.zst", documents: (unit * 8)..<(unit * 8 + 8))
    }
  }

  /// A whole run; gives the plan that it wrote.
  private func run(limit: Int? = nil) throws -> [UInt8] {
    try shop.plan(of: "tokens") { see in
      var options = TokenizeOptions(
        sources: TokenizeOptions.sources(of: [shop("in")]), tokenizer: shop.tokenizer)
      options.sentences = true
      options.limit = limit
      _ = try TokenizeRun(options).write(to: .directory(shop("tokens"), .refuse)) { _ in see() }
    }
  }

  private func resume(limit: Int? = nil) throws -> Manifest {
    try shop.tokenize([shop("in")], to: "tokens", .resume) { $0.limit = limit }
  }

  @Test func largeFilesAreUnitsOfTheirOwn() throws {
    let manifest = try shop.tokenize([shop("in")], to: "tokens")
    #expect(manifest.units.map(\.name) == ["00000-000", "00001-000", "00002-000"])
    #expect(manifest.shards.map(\.rows) == [8, 8, 8])
    #expect(manifest.units[1].input["from"]?["file"] == "1.jsonl.zst")
    let bytes = (8..<16).map(Workshop.line).joined().utf8.count
    #expect(manifest.units[1].input["bytes"]?.integerValue == bytes)
  }

  @Test(
    arguments: [
      [], ["00000-000"], ["00000-000", "00001-000"], ["00001-000"],
      ["00000-000", "00001-000", "00002-000"],
    ] as [[String]])
  func resumesToTheSameBytes(_ finished: [String]) throws {
    let plan = try run()
    let expected = try shop.contents("tokens")
    try shop.unseal("tokens", plan: plan, keeping: finished)
    #expect(throws: DatasetError.self) { try shop.tokenize([shop("in")], to: "tokens") }
    _ = try resume()
    #expect(try shop.contents("tokens") == expected)
    // Once finished it is left alone.
    _ = try resume()
    #expect(try shop.contents("tokens") == expected)
  }

  /// A limit counts the records of the units that were finished before.
  @Test(arguments: [8, 9, 12, 16, 20])
  func resumesWithALimit(_ limit: Int) throws {
    let plan = try run(limit: limit)
    let expected = try shop.contents("tokens")
    #expect(try shop.rows("tokens").count == limit)
    for finished in [["00000-000"], ["00000-000", "00001-000"]]
    where limit > 8 || finished.count == 1 {
      try shop.unseal("tokens", plan: plan, keeping: finished)
      _ = try resume(limit: limit)
      #expect(try shop.contents("tokens") == expected)
    }
  }

  @Test func refusesAnotherInput() throws {
    let plan = try run()
    try shop.unseal("tokens", plan: plan, keeping: ["00000-000"])
    try shop.unit("in/2.jsonl.zst", documents: 16..<30)
    let error = try #require(throws: DatasetError.self) { try resume() }
    #expect(error.code == .usage)
    #expect(error.message.contains("--overwrite"))
    let limited = try #require(throws: DatasetError.self) { try resume(limit: 5) }
    #expect(limited.code == .usage)
  }
}
