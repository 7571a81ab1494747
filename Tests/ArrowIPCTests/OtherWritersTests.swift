// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArrowIPC

/// Legal forms that the writer here does not produce.
@Suite struct OtherWritersTests {
  @Test func framingFromBeforeArrow015IsRead() throws {
    let batches = [3, 2].map { Samples.batch(rows: $0, "list", "text or null") }
    let modern = try Written.stream(batches, .none)
    let old = try Self.withoutMarkers(modern)
    #expect(old.suffix(4) == [0, 0, 0, 0])
    #expect(try Outcome.stream(old) == batches)
    for length in 0..<old.count {
      guard let read = try? Outcome.stream(Array(old.prefix(length))) else { continue }
      #expect(read == Array(batches.prefix(read.count)))
    }
  }

  @Test func textIsNoStream() {
    for text in ["{\"text\": \"a\"}\n", "once upon a time", "\n\n\n\n\n\n"] {
      let error = #expect(throws: ArrowError.self) { try Outcome.stream(Array(text.utf8)) }
      #expect(error?.code == .malformed)
    }
  }

  @Test func columnsOfOtherTypesArePassedOver() throws {
    var options = ArrowReadOptions()
    options.passesOverUnsupported = true
    let bytes = try timestampsAndNumbers()
    #expect(throws: ArrowError.self) { try ArrowStreamReader(bytes: bytes) }
    let all = try ArrowStreamReader(bytes: bytes, options: options)
    #expect(all.schema.fields.map(\.type.description) == ["timestamp", "uint8"])
    let error = #expect(throws: ArrowError.self) { try all.next() }
    #expect(error?.code == .unsupported)
    #expect(error?.column == "t")
    var position = 0
    let chosen = try ArrowStreamReader(
      options: options, choosing: { _ in ["n"] },
      read: { buffer in
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<(position + count)])
        position += count
        return count
      })
    let batch = try #require(try chosen.next()).0
    #expect(batch.columns == [.uint8([7, 8])])
    #expect(batch.schema.fields.map(\.name) == ["n"])
  }

  private func timestampsAndNumbers() throws -> [UInt8] {
    let field = { (name: String, type: UInt8, table: [FlatValue]) -> [FlatValue] in
      [.string(name), .bool(false), .uint8(type), .table(table), .absent, .tables([])]
    }
    let schema: [FlatValue] = [
      .int16(0), .tables([field("t", 10, []), field("n", 2, [.int32(8), .bool(false)])]),
    ]
    let body = rawBytes(of: [Int64(1), 2]) + [7, 8, 0, 0, 0, 0, 0, 0]
    let batch: [FlatValue] = [
      .int64(2), .structs(width: 16, words: [2, 0, 2, 0]),
      .structs(width: 16, words: [0, 0, 0, 16, 16, 0, 16, 2]), .absent,
    ]
    return try Format.framed(.message(Format.Header.schema, schema, bodyLength: 0))
      + Format.framed(.message(Format.Header.recordBatch, batch, bodyLength: body.count)) + body
      + Format.endOfStream
  }

  /// The same stream with lengths alone before its messages.
  static func withoutMarkers(_ stream: [UInt8]) throws -> [UInt8] {
    var result: [UInt8] = []
    var offset = 0
    while offset < stream.count {
      let framing = try Framing(
        Array(stream[offset..<(offset + 8)]), at: offset, options: ArrowReadOptions())
      let length = framing.metadataLength
      guard length > 0 else { break }
      let metadata = Array(stream[(offset + 8)..<(offset + 8 + length)])
      let body = try Message(metadata, base: 0, ArrowReadOptions()).bodyLength
      // Four more zeros, so that the body starts at a multiple of 8 again.
      result += rawBytes(of: [Int32(length + 4)]) + metadata + [0, 0, 0, 0]
      offset += 8 + length
      result += stream[offset..<(offset + body)]
      offset += body
    }
    return result + [0, 0, 0, 0]
  }
}
