// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Corpus
import Datasets
import Testing

@testable import Pipeline

@Suite struct OptionsTests {
  @Test func compressionHasNames() throws {
    #expect(try ArrowCompression(named: "none") == .none)
    #expect(try ArrowCompression(named: "zstd") == .zstd(level: 3))
    for level in [1, 3, 22] {
      let compression = try ArrowCompression(named: "zstd:\(level)")
      #expect(compression == .zstd(level: level))
      #expect(compression.name == "zstd:\(level)")
    }
    #expect(ArrowCompression.none.name == "none")
  }

  @Test(arguments: ["", "gzip", "zstd:", "zstd:0", "zstd:23", "zstd:x", "zstd:3:4", "none:1"])
  func otherCompressionIsRefused(_ name: String) throws {
    let error = try #require(throws: PipelineError.self) { _ = try ArrowCompression(named: name) }
    #expect(error.code == .usage)
    #expect(error.message.contains("'\(name)'"))
  }

  @Test func splitRulesHaveNames() {
    for (name, rule) in [
      ("document", CorpusOptions.Split.document), ("lines", .lines), ("blank-lines", .blankLines),
      ("<|endoftext|>", .separator(Array("<|endoftext|>".utf8))),
    ] {
      #expect(CorpusOptions.Split(named: name) == rule)
      #expect(rule.name == name)
    }
  }

  @Test func destinations() throws {
    #expect(try Destination("-", resume: false, overwrite: false) == .standardOutput)
    #expect(try Destination("d", resume: false, overwrite: false) == .directory("d", .refuse))
    #expect(try Destination("d", resume: true, overwrite: false) == .directory("d", .resume))
    #expect(try Destination("d", resume: false, overwrite: true) == .directory("d", .overwrite))
    let error = try #require(throws: PipelineError.self) {
      _ = try Destination("d", resume: true, overwrite: true)
    }
    #expect(error.code == .usage)
  }

  @Test func sourcesAreNamedWithoutTheirDirectories() {
    let sources = TokenizeOptions.sources(of: ["/home/me/books/", "a.jsonl", "-"], language: "en")
    #expect(sources.map(\.name) == ["books", "a.jsonl", "stdin"])
    #expect(sources.map(\.language) == ["en", "en", "en"])
  }
}
