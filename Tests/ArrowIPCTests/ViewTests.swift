// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArrowIPC

/// Text and bytes by views, as polars writes them.
@Suite struct ViewTests {
  private let long = "a text of more than twelve bytes"

  /// A view of a short value, or of `length` bytes at `offset` in a buffer.
  private func view(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    return rawBytes(of: [Int32(bytes.count)]) + bytes
      + [UInt8](repeating: 0, count: 12 - bytes.count)
  }

  private func view(_ length: Int32, prefix: String, _ buffer: Int32, _ offset: Int32) -> [UInt8] {
    rawBytes(of: [length]) + Array(prefix.utf8) + rawBytes(of: [buffer, offset])
  }

  /// A stream of one column of views into the given buffers.
  private func stream(
    _ views: [[UInt8]], _ buffers: [[UInt8]], counts: [Int64]? = nil, validity: UInt8? = nil,
    type: ArrowType = .utf8View
  ) throws -> [UInt8] {
    var body: [UInt8] = []
    var places: [Int64] = []
    for part in [validity.map { [$0] } ?? [], views.flatMap { $0 }] + buffers {
      places += [Int64(body.count), Int64(part.count)]
      body += part + [UInt8](repeating: 0, count: Format.padded(part.count, to: 8) - part.count)
    }
    let nulls = validity.map { views.count - $0.nonzeroBitCount } ?? 0
    let schema: [FlatValue] = [
      .int16(0),
      .tables([
        [
          .string("x"), .bool(true), .uint8(type == .utf8View ? 24 : 23), .table([]), .absent,
          .tables([]),
        ]
      ]),
    ]
    let batch: [FlatValue] = [
      .int64(Int64(views.count)), .structs(width: 16, words: [Int64(views.count), Int64(nulls)]),
      .structs(width: 16, words: places), .absent,
      .structs(width: 8, words: counts ?? [Int64(buffers.count)]),
    ]
    return try Format.framed(.message(Format.Header.schema, schema, bodyLength: 0))
      + Format.framed(.message(Format.Header.recordBatch, batch, bodyLength: body.count)) + body
      + Format.endOfStream
  }

  private func strings(_ bytes: [UInt8]) throws -> [String?] {
    let column = try Outcome.stream(bytes)[0].columns[0]
    return (0..<column.length).map { column.string(at: $0) }
  }

  @Test func shortAndLongValuesAreRead() throws {
    let buffers = [Array("xx\(long)".utf8), Array("another one that is long".utf8)]
    let count = Int32(long.utf8.count)
    let bytes = try stream(
      [
        view(""), view("twelve bytes"), view(count, prefix: "a te", 0, 2),
        view(24, prefix: "anot", 1, 0), view(count, prefix: "a te", 0, 2),
      ], buffers)
    #expect(
      try strings(bytes) == ["", "twelve bytes", long, "another one that is long", long])
    let column = try Outcome.stream(bytes)[0].columns[0]
    try column.validate()
    #expect(column.type.description == "string_view")
  }

  @Test func whatStandsInNullSlotsDoesNotMatter() throws {
    let bytes = try stream(
      [view("a"), view(99, prefix: "????", 7, -1), view("c")], [], validity: 0b101)
    #expect(try strings(bytes) == ["a", nil, "c"])
  }

  @Test func viewsThatLeadOutsideAreRefused() throws {
    let buffer = Array(long.utf8)
    let count = Int32(buffer.count)
    let faulty = [
      try stream([view(count + 1, prefix: "a te", 0, 0)], [buffer]),
      try stream([view(count, prefix: "a te", 0, 1)], [buffer]),
      try stream([view(count, prefix: "a te", 0, -1)], [buffer]),
      try stream([view(count, prefix: "a te", 1, 0)], [buffer]),
      try stream([view(count, prefix: "a te", -1, 0)], [buffer]),
      try stream([view(-1, prefix: "a te", 0, 0)], [buffer]),
      try stream([view(.max, prefix: "a te", 0, 0)], [buffer]),
      try stream([view(count, prefix: "b te", 0, 0)], [buffer]),
      try stream([view("a")], [buffer], counts: []),
      try stream([view("a")], [buffer], counts: [1, 1]),
      try stream([view("a")], [buffer], counts: [2]),
      try stream([view("a")], [buffer], counts: [-1]),
      try stream([view("a")], [buffer], counts: [.max]),
      try stream([rawBytes(of: [Int32(1)]) + [0xFF] + [UInt8](repeating: 0, count: 11)], []),
    ]
    for (index, bytes) in faulty.enumerated() {
      let error = #expect(throws: ArrowError.self) { try Outcome.stream(bytes) }
      #expect([.malformed, .limitExceeded].contains(error?.code), "case \(index): \(error)")
    }
  }

  @Test func sharedBuffersDoNotExplode() throws {
    // A mebibyte to which a thousand views lead is a gibibyte of text.
    let buffer = [UInt8](repeating: 0x61, count: 1 << 20)
    let one = view(1 << 20, prefix: "aaaa", 0, 0)
    let bytes = try stream([[UInt8]](repeating: one, count: 1000), [buffer])
    let error = #expect(throws: ArrowError.self) { try Outcome.stream(bytes) }
    #expect(error?.code == .limitExceeded)
  }

  @Test func viewsAreNotWritten() throws {
    let schema = ArrowSchema(fields: [ArrowField("x", .utf8View)])
    let error = #expect(throws: ArrowError.self) {
      _ = try BatchEncoder(schema: schema, compression: .none)
    }
    #expect(error?.code == .invalidArgument)
    #expect(throws: ArrowError.self) { try ArrowFileAssembler(schema: schema) }
  }
}
