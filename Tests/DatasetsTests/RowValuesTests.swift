// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import JSON
import Objectives
import Testing

@testable import Datasets

@Suite struct RowValuesTests {
  private let batch: RecordBatch

  init() throws {
    let columns: [(String, ArrowArray)] = [
      ("flag", .bool([true, false])), ("small", .int8([-1, 2])), ("big", .uint64([.max, 3])),
      ("real", .float32([0.5, -2])), ("text", .utf8(["a\"b", "ä"])),
      ("bytes", .binary(bytes: [0, 255, 16], offsets: [0, 2, 3])),
      ("maybe", ArrowArray.int32([7, 8]).withValidity([false, true])),
      ("list", .list(offsets: [0, 2, 2], .uint16([1, 65_535]))),
      ("pair", .fixedSizeList(size: 2, .int32([1, -100, 3, 4]))),
      ("flags", .list(offsets: [0, 1, 3], .bool([true, false, true]))),
    ]
    let schema = ArrowSchema(
      fields: columns.map { ArrowField($0.0, $0.1.type, isNullable: $0.0 == "maybe") })
    batch = RecordBatch(schema: schema, rowCount: 2, columns: columns.map(\.1))
    try batch.validate()
  }

  @Test func showEveryTypeAsJSON() {
    #expect(
      batch.json(row: 0) == [
        "flag": true, "small": -1, "big": .double(18_446_744_073_709_551_616), "real": 0.5,
        "text": "a\"b", "bytes": "00ff", "maybe": nil, "list": [1, 65_535], "pair": [1, -100],
        "flags": [true],
      ])
    #expect(
      batch.json(row: 1) == [
        "flag": false, "small": 2, "big": 3, "real": -2.0, "text": "ä", "bytes": "10",
        "maybe": 8, "list": [], "pair": [3, 4], "flags": [false, true],
      ])
  }

  @Test func giveObjectivesTheirNumbers() {
    let row = batch.exampleRow(
      1, columns: ["flag", "small", "text", "list", "pair", "flags", "absent"])
    #expect(row["flag"] == [0])
    #expect(row["small"] == [2])
    #expect(row["text"] == nil)
    #expect(row["list"] == [])
    #expect(row["pair"] == [3, 4])
    #expect(row["flags"] == [0, 1])
    #expect(row["absent"] == nil)
  }
}
