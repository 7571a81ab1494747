// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Testing

@Suite struct LogicalBuffersTests {
  private func content(_ array: ArrowArray) -> [UInt8] {
    let schema = ArrowSchema(fields: [ArrowField("x", array.type, isNullable: true)])
    return Outcome.content(RecordBatch(schema: schema, rowCount: array.length, columns: [array]))
  }

  private func words(_ values: UInt64...) -> [UInt8] {
    values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }

  @Test func theFormIsAsDocumented() {
    #expect(content(.uint16([1, 258])) == words(2, 0) + [1, 0, 2, 1])
    #expect(content(.bool([true, false, true])) == words(3, 0) + [0b101])
    #expect(content(.utf8(["ab", "", "c"])) == words(3, 0, 2, 0, 1) + [97, 98, 99])
    #expect(
      content(.list(offsets: [0, 2, 2], .uint8([7, 8])))
        == words(2, 0, 2, 0) + words(2, 0) + [7, 8])
    #expect(
      content(ArrowArray.uint8([5, 6, 7]).withValidity([true, false, true]))
        == words(3, 1) + [0b101, 5, 7])
    #expect(content(ArrowArray(type: .null, length: 3, nullCount: 3)) == words(3, 3))
  }

  @Test func storageDoesNotMatter() {
    let shifted = ArrowArray.list(offsets: [1, 3, 3], .uint8([9, 7, 8, 9]))
    #expect(content(shifted) == content(.list(offsets: [0, 2, 2], .uint8([7, 8]))))
    let valid = [true, false, true]
    #expect(
      content(ArrowArray.utf8(["a", "hidden", "c"]).withValidity(valid))
        == content(ArrowArray.utf8(["a", "", "c"]).withValidity(valid)))
    let bits = ArrowArray.list(offsets: [3, 5], .bool([true, true, true, false, true]))
    #expect(content(bits) == content(.list(offsets: [0, 2], .bool([false, true]))))
    let pairs = ArrowArray.fixedSizeList(size: 2, .uint8([1, 2, 3, 4, 5, 6])).withValidity(valid)
    let others = ArrowArray.fixedSizeList(size: 2, .uint8([1, 2, 0, 0, 5, 6])).withValidity(valid)
    #expect(content(pairs) == content(others))
  }

  @Test func valuesDoMatter() {
    let one = ArrowArray.list(offsets: [0, 1, 3], .uint8([1, 2, 3]))
    let two = ArrowArray.list(offsets: [0, 2, 3], .uint8([1, 2, 3]))
    #expect(content(one) != content(two))
    #expect(content(.utf8(["a", "bc"])) != content(.utf8(["ab", "c"])))
  }

  @Test func longColumnsOfListsKeepTheirLengths() {
    let lists = 10_000
    let offsets = Samples.offsets(lists: lists)
    let child = ArrowArray.uint8([UInt8](repeating: 1, count: Int(offsets[lists])))
    let lengths = (0..<lists).flatMap { words(UInt64($0 % 5)) }
    let expected =
      words(UInt64(lists), 0) + lengths + words(UInt64(child.length), 0) + child.data
    #expect(content(.list(offsets: offsets, child)) == expected)
  }
}
