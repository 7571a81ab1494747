// SPDX-License-Identifier: Apache-2.0

import Corpus
import Datasets
import Digests
import JSON
import Testing
import Validation

@testable import Pipeline

/// Real datasets, checked with the rules that their manifests imply.
@Suite struct ValidationRunTests {
  private let shop: Workshop

  init() throws {
    shop = try Workshop()
    try shop.corpus()
    try shop.tokenize([shop("corpus")], to: "tokens") {
      $0.split = try SplitShares("train=0.8,validation=0.2")
      $0.corpus.keepFields = ["url"]
      $0.keepText = true
    }
  }

  private func findings(_ name: String) throws -> [String] {
    try ValidationRun(directory: shop(name), threads: 2).run { _ in }.findings.map(\.rule)
  }

  /// Replaces a text in a file and seals the result.
  private func edit(_ file: String, of name: String, _ old: String, _ new: String) throws {
    let path = shop("\(name)/\(file)")
    let text = String(decoding: try FileSystem.read(path), as: UTF8.self)
    let parts = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(parts.count == 2, "no '\(old)' in \(file)")
    try FileSystem.replace(path, with: Array("\(parts[0])\(new)\(parts[1])".utf8))
    let names = try FileSystem.names(in: shop(name)).filter { $0 != ChecksumList.fileName }
    let entries = try names.map {
      ChecksumList.Entry(
        digest: SHA256.digest(of: try FileSystem.read(shop("\(name)/\($0)"))), name: $0)
    }
    try FileSystem.replace(
      shop("\(name)/\(ChecksumList.fileName)"), with: ChecksumList(entries: entries).serialized)
  }

  @Test func goodTokensPass() throws {
    #expect(try findings("tokens") == [])
  }

  @Test(
    arguments: [
      ("mlm", [:]), ("mlm", ["nsp": "true", "whole_word": "true"]), ("mlm", ["pad": "none"]),
      ("t5-span", [:]), ("t5-span", ["roll": "true"]), ("clm", [:]),
      ("clm", ["labels": "column", "boundaries": "segments"]), ("clm", ["pad": "none"]),
    ] as [(String, [String: String])])
  func goodExamplesPass(_ objective: String, _ settings: [String: String]) throws {
    let settings = settings.merging(["length": "64"]) { $1 }
    try shop.build(objective, settings, to: "out") { $0.epochs = 2 }
    #expect(try findings("out") == [])
  }

  @Test func anotherTokenizerIsStale() throws {
    try edit("tokenizer.json", of: "tokens", "{", "{ ")
    #expect(try findings("tokens") == ["stale-tokenizer"])
  }

  @Test func parametersThatDidNotMakeTheShards() throws {
    try shop.build("mlm", ["length": "64"], to: "out")
    try edit("manifest.json", of: "out", #""length": 64"#, #""length": 32"#)
    let rules = Set(try findings("out"))
    #expect(rules.contains("column-type"))
    #expect(rules.contains("schema-metadata"))
    #expect(rules.contains("length"))
  }

  @Test func anotherMaskingRate() throws {
    try shop.build("mlm", ["length": "64"], to: "out")
    try edit("manifest.json", of: "out", #""rate": 0.15"#, #""rate": 0.3"#)
    let rules = Set(try findings("out"))
    #expect(rules.contains("schema-metadata"))
    #expect(rules.contains("mask-count"))
  }

  @Test func anObjectiveThatDoesNotExist() throws {
    try shop.build("clm", ["length": "64"], to: "out")
    try edit("manifest.json", of: "out", #""name": "clm""#, #""name": "cml""#)
    #expect(try findings("out") == ["manifest"])
  }

  @Test func columnsThatTheParametersPromise() throws {
    try edit("manifest.json", of: "tokens", #""keep_text": true"#, #""keep_text": false"#)
    #expect(Set(try findings("tokens")) == ["surplus-column", "schema-metadata"])
    try edit("manifest.json", of: "tokens", #""keep_text": false"#, #""keep_text": true"#)
    try edit("manifest.json", of: "tokens", #""url""#, #""uri""#)
    #expect(
      Set(try findings("tokens")) == ["missing-column", "surplus-column", "schema-metadata"])
  }

  @Test func whatIsNoDatasetIsAnError() throws {
    let error = try #require(throws: DatasetError.self) {
      _ = try ValidationRun(directory: shop("corpus"), threads: 1)
    }
    #expect(error.code == .notADataset)
    try edit("manifest.json", of: "tokens", #""units""#, #""unity""#)
    let broken = try #require(throws: DatasetError.self) { try findings("tokens") }
    #expect(broken.message == "member 'units' is missing or not of its type")
  }
}
