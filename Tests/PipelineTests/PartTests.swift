// SPDX-License-Identifier: Apache-2.0

import Corpus
import Datasets
import JSON
import Objectives
import Testing
import Validation

@testable import Pipeline

@Suite struct PartTests {
  private let shop: Workshop

  init() throws {
    shop = try Workshop()
    for number in 0..<3 {
      try shop.unit("corpus/part-\(number).zst", documents: (number * 14)..<(number * 14 + 14))
    }
    try shop.tokenize([shop("corpus")], to: "tokens") {
      $0.split = try SplitShares("train=0.8,validation=0.2")
      $0.corpus.format = .jsonl
    }
  }

  private func rows(
    _ name: String, objective: String = "mlm", split: String = "train",
    _ change: (inout BuildOptions) throws -> Void
  ) throws -> [JSONValue] {
    try shop.build(objective, ["length": "32"], to: name, .overwrite, change)
    return try shop.rows(name, split: split)
  }

  @Test func partsAreDealtInTurnAndMakeTheWhole() throws {
    let whole = try rows("whole") { _ in }
    #expect(try Dataset(shop("whole")).manifest.units.count > 3)
    for count in [1, 2, 3, 7] {
      for index in 0..<count {
        let part = try rows("part") { $0.part = try Part("\(index)/\(count)", option: "--part") }
        let expected = whole.enumerated().filter { $0.offset % count == index }.map(\.element)
        #expect(part == expected, "part \(index) of \(count)")
        #expect(try ValidationRun(directory: shop("part"), threads: 1).run { _ in }.isGood)
      }
    }
  }

  @Test func aStartContinuesExactly() throws {
    let whole = try rows("whole") { $0.shuffle = true }
    for start in [0, 1, 5, whole.count / 2, whole.count - 1, whole.count] {
      let rest = try rows("rest") {
        $0.startRow = start
        $0.shuffle = true
      }
      #expect(rest == Array(whole.dropFirst(start)), "from \(start)")
    }
    let part = try rows("part") { $0.part = try Part("1/3", option: "--part") }
    let rest = try rows("rest") {
      $0.part = try Part("1/3", option: "--part")
      $0.startRow = 4
    }
    #expect(rest == Array(part.dropFirst(4)))
    // Other splits are not what a reader stopped in.
    let held = try shop.rows("whole", split: "validation").count
    #expect(try rows("rest", split: "validation") { $0.startRow = 4 }.count == held)
  }

  @Test func aStartCountsThroughTheEpochs() throws {
    let whole = try rows("whole") { $0.epochs = 2 }
    let start = whole.count / 2 + 3
    let rest = try rows("rest") {
      $0.epochs = 2
      $0.startRow = start
    }
    #expect(rest == Array(whole.dropFirst(start)))
  }

  @Test func shufflingChangesTheOrderOfRowsAndNothingElse() throws {
    let key = { (row: JSONValue) in String(decoding: row.serialized(), as: UTF8.self) }
    let plain = try rows("plain") { _ in }
    var orders: Set<[String]> = [plain.map(key)]
    for epoch in 0..<2 {
      let plain = try rows("plain") { $0.epoch = epoch }.map(key)
      let shuffled = try rows("shuffled") {
        $0.epoch = epoch
        $0.shuffle = true
      }.map(key)
      #expect(shuffled != plain)
      #expect(shuffled.sorted() == plain.sorted())
      orders.insert(shuffled)
    }
    #expect(orders.count == 3)
    #expect(try ValidationRun(directory: shop("shuffled"), threads: 1).run { _ in }.isGood)
  }

  @Test func aLimitCountsBeforeTheRowsAreDealt() throws {
    let whole = try rows("whole") { $0.limit = 9 }
    #expect(whole.count == 9)
    var union: [JSONValue] = []
    for index in 0..<2 {
      union += try rows("part") {
        $0.limit = 9
        $0.part = try Part("\(index)/2", option: "--part")
      }
    }
    #expect(union.count == 9)
    #expect(union.allSatisfy(whole.contains))
  }

  @Test func aPartIsResumedToTheSameBytes() throws {
    var options = BuildOptions(inputs: [shop("tokens")], objective: "mlm")
    options.settings = [Setting("length", "32")]
    options.seed = 11
    options.shuffle = true
    options.part = try Part("1/3", option: "--part")
    options.startRow = 2
    let plan = try shop.plan(of: "out") { see in
      _ = try BuildRun(options).write(to: .directory(shop("out"), .refuse)) { _ in see() }
    }
    let expected = try shop.contents("out")
    try shop.unseal("out", plan: plan, keeping: ["train-00000-000", "train-00001-000"])
    _ = try BuildRun(options).write(to: .directory(shop("out"), .resume)) { _ in }
    #expect(try shop.contents("out") == expected)
  }

  @Test func whatIsLeftOutIsCounted() throws {
    let whole = try rows("whole") { _ in }.count
    let part = try rows("part") {
      $0.part = try Part("0/2", option: "--part")
      $0.startRow = 3
    }.count
    let units = try Dataset(shop("part")).manifest.units.filter { $0.name.hasPrefix("train") }
    let sum = { (key: String) in units.reduce(0) { $0 + ($1.counts[key] ?? 0) } }
    #expect(sum("rows_before_start") == 3)
    #expect(sum("rows_of_other_parts") == whole / 2)
    #expect(part + sum("rows_before_start") + sum("rows_of_other_parts") == whole)
  }

  @Test(arguments: [
    "", "1", "2/2", "0/0", "-1/2", "1/-2", "a/b", "1/2/3", "0/1000001", "0x1/2", "1 /2",
  ])
  func badPartsAreRefused(text: String) {
    #expect(throws: DatasetError.self) { try Part(text, option: "--part") }
  }

  @Test func badStartsAreRefused() throws {
    let count = try rows("whole") { _ in }.count
    for start in [-1, count + 1, Int.max] {
      let error = try #require(throws: PipelineError.self) {
        try rows("out") { $0.startRow = start }
      }
      #expect(Status(error) == .usage)
      #expect("\(error)".contains("--start-row"))
    }
  }
}
