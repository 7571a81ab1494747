// SPDX-License-Identifier: Apache-2.0

import Datasets
import JSON
import Testing

@testable import Pipeline

@Suite struct InspectionTests {
  private let shop: Workshop

  init() throws {
    shop = try Workshop()
    for unit in 0..<2 {
      try shop.unit("in/\(unit).jsonl.zst", documents: (unit * 5)..<(unit * 5 + 5))
    }
    try shop.tokenize([shop("in")], to: "tokens")
  }

  private func rows(from first: Int, count: Int) throws -> [String] {
    var rows: [String] = []
    try Inspection(path: shop("tokens")).forEachRow(from: first, count: count) { row in
      rows.append("\(row.file) \(row.number) \(row.values["id"]?.stringValue ?? "")")
    }
    return rows
  }

  @Test func countsRowsOverAllShards() throws {
    #expect(try rows(from: 0, count: 1) == ["train-00000-000.arrow 0 doc-0"])
    #expect(
      try rows(from: 4, count: 2) == [
        "train-00000-000.arrow 4 doc-4", "train-00001-000.arrow 0 doc-5",
      ])
    #expect(try rows(from: 9, count: .max) == ["train-00001-000.arrow 4 doc-9"])
    #expect(try rows(from: 2, count: .max).count == 8)
    #expect(try rows(from: 3, count: 0) == [])
    let error = try #require(throws: PipelineError.self) { _ = try rows(from: 10, count: 1) }
    #expect(error.message.contains("there is no row 10: there are 10"))
  }

  @Test func aSplitIsNamed() throws {
    #expect(try Inspection(path: shop("tokens"), split: "train").summary.hasPrefix("10 tokenized"))
    let error = try #require(throws: PipelineError.self) {
      _ = try Inspection(path: shop("tokens"), split: "test")
    }
    #expect(error.message.contains("there are train"))
  }

  @Test func anyArrowFile() throws {
    let path = shop("tokens/train-00001-000.arrow")
    let inspection = try Inspection(path: path)
    #expect(inspection.tokenizer == nil)
    #expect(inspection.columns.first?.name == "id")
    #expect(try Inspection(path: path, tokenizerPath: shop.tokenizer).tokenizer != nil)
    #expect(throws: PipelineError.self) { _ = try Inspection(path: shop.tokenizer) }
    let missing = try #require(throws: PipelineError.self) { _ = try Inspection(path: shop("no")) }
    #expect(missing.code == .missing)
  }
}
