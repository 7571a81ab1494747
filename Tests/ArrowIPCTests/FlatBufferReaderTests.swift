// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArrowIPC

@Suite struct FlatBufferReaderTests {
  @Test func everyKindOfFieldIsReadBack() throws {
    let bytes = try FlatBufferWriter.serialize(root: [
      .int16(-3), .absent, .bool(true), .int64(Int64.min), .string("naïve"), .table([.int32(7)]),
      .tables([[.uint8(1)], [.uint8(2)], []]), .structs(width: 16, words: [1, -2, 3, 4]),
    ])
    var reader = FlatBufferReader(bytes, base: 0)
    let root = try reader.root()
    #expect(try reader.scalar(root, 0, default: Int16(0)) == -3)
    #expect(try reader.scalar(root, 1, default: Int32(9)) == 9)
    #expect(try reader.bool(root, 2))
    #expect(try reader.scalar(root, 3, default: Int64(0)) == Int64.min)
    #expect(try reader.string(root, 4) == "naïve")
    let inner = try #require(try reader.table(root, 5))
    #expect(try reader.scalar(inner, 0, default: Int32(0)) == 7)
    let tables = try #require(try reader.tables(root, 6))
    #expect(try tables.map { try reader.scalar($0, 0, default: UInt8(0)) } == [1, 2, 0])
    #expect(try reader.structs(root, 7, width: 16) == [1, -2, 3, 4])
    #expect(try reader.string(root, 8) == nil)
    #expect(try reader.string(root, 100_000) == nil)
  }

  @Test func anyByteMayBeAnyValue() throws {
    let schema = Samples.batch(rows: 0, "list", "structure", "fixed-size list").schema
    let good = try FlatBufferWriter.serialize(
      root: .message(Format.Header.schema, .schema(schema), bodyLength: 0))
    for position in good.indices {
      for value: UInt8 in [0, 1, 4, 0x7F, 0x80, 0xFC, 0xFF] {
        var bytes = good
        bytes[position] = value
        // Fine or an error of this type; a trap would end the process.
        do throws(ArrowError) { _ = try Message(bytes, base: 0) } catch {
          #expect(error.offset != nil)
        }
      }
    }
    for length in good.indices {
      #expect(throws: ArrowError.self) { try Message(Array(good.prefix(length)), base: 0) }
    }
  }

  @Test func sharedVtablesBehindTheirTableAreRead() throws {
    // Root at 4 with its vtable at 12 (negative offset), child at 20 with the same vtable.
    let bytes: [UInt8] = [
      4, 0, 0, 0, 0xF8, 0xFF, 0xFF, 0xFF, 12, 0, 0, 0, 6, 0, 8, 0, 4, 0, 0, 0,
      8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0,
    ]
    var reader = FlatBufferReader(bytes, base: 0)
    let root = try reader.root()
    let child = try #require(try reader.table(root, 0))
    #expect(try reader.scalar(child, 0, default: Int32(0)) == 4)
  }

  @Test(.timeLimit(.minutes(1))) func sharedChildrenDoNotExplode() throws {
    // Forty structures, each holding the next one twice: a tree of 2^40 fields in 3 KiB.
    let levels = 40
    var bytes = words32(12) + words16(8, 8, 0, 4) + words32(8, 4, 1, 64 + 20 - 24)
    bytes += [UInt8](repeating: 0, count: 64 - bytes.count)
    for level in 0..<levels {
      let count: Int32 = level == levels - 1 ? 0 : 2
      // Vtable of Field: type id at 16, type at 4, children at 8.
      bytes += words16(18, 20, 0, 0, 16, 4, 0, 8, 0, 0)
      bytes += words32(20, 16, 16, 0, 13)
      // The empty table of the type with its vtable behind it, then the vector of children.
      bytes += words32(-20, count, 64 + 20 - 48, 64 + 20 - 52, 0) + words16(4, 4)
    }
    #expect(bytes.count == 64 * (levels + 1))
    var reader = FlatBufferReader(bytes, base: 0)
    let root = try reader.root()
    let error = #expect(throws: ArrowError.self) { try reader.schema(root) }
    #expect(error?.message.contains("repeats itself") == true, "\(error?.message ?? "")")
  }

  private func words16(_ values: Int16...) -> [UInt8] { rawBytes(of: values) }
  private func words32(_ values: Int32...) -> [UInt8] { rawBytes(of: values) }
}
