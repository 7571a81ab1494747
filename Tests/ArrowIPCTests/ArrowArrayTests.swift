// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Testing

@Suite struct ArrowArrayTests {
  @Test func numbersComeBackAsTheyWere() throws {
    #expect(ArrowArray.uint16([1, 2, 65535]).values(as: UInt16.self) == [1, 2, 65535])
    #expect(ArrowArray.float32([0.5, -2]).values(as: Float.self) == [0.5, -2])
    #expect(ArrowArray.int64([]).values(as: Int64.self) == [])
    let sum = ArrowArray.uint32([1, 2, 3]).withValues(as: UInt32.self) { $0.reduce(0, +) }
    #expect(sum == 6)
    #expect(ArrowArray.bool([true, false, true]).bools == [true, false, true])
  }

  @Test func integersAreConvertedOrRefused() throws {
    #expect(try ArrowArray.uint16([7, 9]).integers(as: UInt32.self) == [7, 9])
    #expect(try ArrowArray.int64([-1]).integers(as: Int32.self) == [-1])
    #expect(throws: ArrowError.self) { try ArrowArray.int32([-1]).integers(as: UInt16.self) }
    #expect(throws: ArrowError.self) { try ArrowArray.float32([1]).integers(as: Int.self) }
  }

  @Test func textAndListsAreFoundByIndex() {
    let text = ArrowArray.utf8(["", "één", "b"]).withValidity([true, true, false])
    #expect(text.string(at: 0) == "")
    #expect(text.string(at: 1) == "één")
    #expect(text.string(at: 2) == nil)
    #expect(text.string(at: 3) == nil)
    #expect(text.string(at: -1) == nil)
    #expect(text.string(at: Int.max) == nil)
    #expect(text.bytes(at: 1) == ArraySlice("één".utf8))
    let lists = ArrowArray.list(offsets: [1, 3, 3], .int8([0, 1, 2]))
    #expect(lists.range(at: 0) == 1..<3)
    #expect(lists.range(at: 1) == 3..<3)
    #expect(lists.listOffsets == [1, 3, 3])
    #expect(lists.string(at: 0) == nil)
    let pairs = ArrowArray.fixedSizeList(size: 2, .int8([0, 1, 2, 3]))
    #expect(pairs.range(at: 1) == 2..<4)
    #expect(ArrowArray.fixedSizeBinary(width: 2, bytes: [1, 2, 3, 4]).bytes(at: 1) == [3, 4])
  }

  @Test func typesAreWrittenAsTheArrowToolsDo() {
    let list = ArrowArray.fixedSizeList(size: 4, .uint16([])).type
    #expect(list.description == "fixed_size_list<item: uint16 not null>[4]")
    #expect(ArrowField("a", .utf8, isNullable: true).description == "a: string")
  }

  static let faulty: [(String, ArrowArray)] = [
    ("decreasing offsets", .list(offsets: [0, 2, 1], .int8([0, 1]))),
    ("negative offset", .list(offsets: [-1, 0], .int8([0, 1]))),
    ("offset beyond the child", .list(offsets: [0, 3], .int8([0, 1]))),
    ("offset beyond the bytes", .utf8(bytes: [65], offsets: [0, 2])),
    ("text that is not UTF-8", .utf8(bytes: [0xFF], offsets: [0, 1])),
    ("a scalar cut in two", .utf8(bytes: [0xC3, 0xA9], offsets: [0, 1, 2])),
    ("a short buffer", ArrowArray(type: .int32, length: 2, data: [0, 0, 0, 0])),
    ("a long buffer", ArrowArray(type: .bool, length: 2, data: [0, 0])),
    ("a wrong null count", ArrowArray(type: .int8, length: 1, nullCount: 1, data: [0])),
    (
      "a bitmap that disagrees",
      ArrowArray(type: .int8, length: 2, nullCount: 1, validity: [0b11], data: [0, 0])
    ),
    ("bits behind the end", ArrowArray(type: .bool, length: 3, data: [0b1000])),
    ("a partial list", .fixedSizeList(size: 2, .int8([1, 2, 3]))),
    ("a size of zero", .fixedSizeList(size: 0, .int8([]))),
    ("a negative length", ArrowArray(type: .int8, length: -1)),
    ("a length that overflows", ArrowArray(type: .int64, length: Int.max)),
    (
      "a missing child",
      ArrowArray(type: .list(ArrowField("item", .int8)), length: 0, offsets: [0, 0, 0, 0])
    ),
    (
      "children of unequal length",
      .structure([ArrowField("a", .int8)], length: 2, [.int8([1])])
    ),
    (
      "nulls where none may be",
      .list(offsets: [0, 1], ArrowArray.int8([0]).withValidity([false]))
    ),
  ]

  @Test(arguments: faulty)
  func faultyArraysAreRefused(name: String, array: ArrowArray) throws {
    let error = #expect(throws: ArrowError.self) { try array.validate() }
    #expect(error?.code == .invalidArgument)
    let schema = ArrowSchema(fields: [ArrowField("x", array.type, isNullable: true)])
    let batch = RecordBatch(schema: schema, rowCount: array.length, columns: [array])
    #expect(throws: ArrowError.self) { try Written.file([batch], .none) }
  }

  @Test func batchesMustFitTheirSchema() throws {
    let schema = ArrowSchema(fields: [ArrowField("a", .int8)])
    let tooFew = RecordBatch(schema: schema, rowCount: 0, columns: [])
    let otherType = RecordBatch(schema: schema, rowCount: 1, columns: [.int16([1])])
    let otherLength = RecordBatch(schema: schema, rowCount: 2, columns: [.int8([1])])
    for batch in [tooFew, otherType, otherLength] {
      let error = #expect(throws: ArrowError.self) { try batch.validate() }
      #expect(error?.code == .invalidArgument)
    }
    let other = Samples.batch(rows: 1, "int32")
    #expect(throws: ArrowError.self) {
      var encoder = try BatchEncoder(schema: schema, compression: .none)
      _ = try encoder.encode(other)
    }
  }

  @Test func tooDeepSchemasAreRefused() {
    func nested(_ depth: Int) -> ArrowType {
      (1..<depth).reduce(ArrowType.int8) { type, _ in .list(ArrowField("item", type)) }
    }
    let good = ArrowSchema(fields: [ArrowField("x", nested(64))])
    let bad = ArrowSchema(fields: [ArrowField("x", nested(65))])
    #expect(throws: Never.self) { try good.validate() }
    #expect(throws: ArrowError.self) { try bad.validate() }
  }
}
