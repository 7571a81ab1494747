// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArrowIPC

/// Well-formed containers around metadata and bodies that lie.
@Suite struct HostileInputTests {
  /// A message with the fields as given.
  private func message(_ fields: [FlatValue], body: [UInt8] = []) throws -> [UInt8] {
    try Format.framed(fields) + body
  }

  /// A stream of a schema and one batch, both described freely.
  private func stream(
    schema: [FlatValue], batch: [FlatValue]? = nil, body: [UInt8] = []
  ) throws -> [UInt8] {
    var bytes = try message(.message(Format.Header.schema, schema, bodyLength: 0))
    if let batch {
      bytes += try message(
        .message(Format.Header.recordBatch, batch, bodyLength: body.count), body: body)
    }
    return bytes + Format.endOfStream
  }

  private func fault(_ bytes: [UInt8]) -> ArrowError? {
    do {
      _ = try Outcome.stream(bytes)
      return nil
    } catch {
      return error as? ArrowError
    }
  }

  private static let uint8 = ArrowSchema(fields: [ArrowField("x", .uint8)])

  private func batch(
    rows: Int, nodes: [Int64], buffers: [Int64], codec: UInt8? = nil
  ) -> [FlatValue] {
    [
      .int64(Int64(rows)), .structs(width: 16, words: nodes),
      .structs(width: 16, words: buffers), codec.map { .table([.uint8($0)]) } ?? .absent,
    ]
  }

  private func uint8Stream(
    rows: Int = 8, nodes: [Int64] = [8, 0], buffers: [Int64] = [0, 0, 0, 8], codec: UInt8? = nil,
    body: [UInt8] = [UInt8](repeating: 1, count: 16)
  ) throws -> [UInt8] {
    try stream(
      schema: .schema(Self.uint8),
      batch: batch(rows: rows, nodes: nodes, buffers: buffers, codec: codec), body: body)
  }

  @Test func theUndamagedCaseIsRead() throws {
    #expect(fault(try uint8Stream()) == nil)
  }

  @Test func nodesAndBuffersMustFitTheSchema() throws {
    let big = Int64.max
    let faulty = [
      try uint8Stream(nodes: []), try uint8Stream(nodes: [8, 0, 8, 0]),
      try uint8Stream(nodes: [7, 0]), try uint8Stream(nodes: [8, 9]),
      try uint8Stream(nodes: [8, -1]), try uint8Stream(rows: -1, nodes: [-1, 0]),
      try uint8Stream(rows: 9, nodes: [9, 0]), try uint8Stream(nodes: [8, 1]),
      try uint8Stream(buffers: [0, 0]), try uint8Stream(buffers: [0, 0, 0, 8, 0, 8]),
      try uint8Stream(buffers: [0, 0, 0, 7]), try uint8Stream(buffers: [0, 0, 4, 8]),
      try uint8Stream(buffers: [0, 0, 16, 8]), try uint8Stream(buffers: [0, 0, -8, 8]),
      try uint8Stream(buffers: [0, 0, big - 7, 8]), try uint8Stream(buffers: [0, 0, 0, big]),
      try uint8Stream(buffers: [big, 0, 0, 8]), try uint8Stream(buffers: [big - 7, 0, 0, 8]),
      try uint8Stream(buffers: [0, -8, 0, 8]),
    ]
    for bytes in faulty { #expect(fault(bytes)?.code == .malformed) }
  }

  @Test func overlappingBuffersAreRefused() throws {
    let schema = ArrowSchema(fields: [ArrowField("x", .uint8), ArrowField("y", .uint8)])
    let overlapping = batch(
      rows: 8, nodes: [8, 0, 8, 0], buffers: [0, 0, 0, 16, 0, 0, 8, 8])
    let bytes = try stream(
      schema: .schema(schema), batch: overlapping, body: [UInt8](repeating: 0, count: 16))
    #expect(fault(bytes)?.code == .malformed)
  }

  @Test func lengthsBeyondAllLimitsAreRefusedBeforeAllocation() throws {
    let rows = Int.max
    #expect(
      fault(try uint8Stream(rows: rows, nodes: [Int64(rows), 0]))?.code == .limitExceeded)
    let wide = ArrowSchema(fields: [ArrowField("x", .fixedSizeBinary(1 << 30))])
    let many = batch(rows: 1 << 29, nodes: [1 << 29, 0], buffers: [0, 0, 0, 8])
    let body = [UInt8](repeating: 0, count: 8)
    #expect(
      fault(try stream(schema: .schema(wide), batch: many, body: body))?.code == .limitExceeded)
  }

  @Test func decompressionBombsAreRefusedByTheirMeasure() throws {
    var compressor = try ZstdCompressor(level: 3)
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    let frame = try zeros.withUnsafeBytes { try compressor.compress($0) { Array($0) } }
    // Eight rows of one byte cannot take a mebibyte, whatever prefix is given.
    for announced in [1 << 20, 8, 64, -1, -2, Int.max, Int.min] {
      var body = rawBytes(of: [Int64(announced)]) + frame
      let length = Int64(body.count)
      body += [UInt8](repeating: 0, count: Format.padded(body.count, to: 8) - body.count)
      let bytes = try uint8Stream(
        buffers: [0, 0, 0, length], codec: Format.Codec.zstd, body: body)
      if announced == -1 {
        // Then the frame itself is the data: eight bytes of it.
        let values = try Outcome.stream(bytes)[0].columns[0].data
        #expect(values == Array(frame.prefix(8)))
      } else {
        #expect([.malformed, .corrupt].contains(fault(bytes)?.code))
      }
    }
  }

  @Test func rawBuffersInCompressedBatchesAreRead() throws {
    let body = rawBytes(of: [Int64(-1)]) + [1, 2, 3, 4, 5, 6, 7, 8]
    let bytes = try uint8Stream(buffers: [0, 0, 0, 16], codec: Format.Codec.zstd, body: body)
    #expect(try Outcome.stream(bytes)[0].columns[0].data == [1, 2, 3, 4, 5, 6, 7, 8])
    let short = try uint8Stream(
      buffers: [0, 0, 0, 15], codec: Format.Codec.zstd, body: body)
    #expect(fault(short)?.code == .malformed)
  }

  @Test func offsetsFromAboveZeroAndMissingOffsetsAreRead() throws {
    let schema = ArrowSchema(fields: [ArrowField("x", .utf8)])
    let text = batch(rows: 1, nodes: [1, 0], buffers: [0, 0, 0, 8, 8, 3])
    let body = rawBytes(of: [Int32(1), Int32(3)]) + Array("?ab".utf8) + [0, 0, 0, 0, 0]
    let read = try Outcome.stream(stream(schema: .schema(schema), batch: text, body: body))
    #expect(read[0].columns[0].string(at: 0) == "ab")

    let none = batch(rows: 0, nodes: [0, 0], buffers: [0, 0, 0, 0, 0, 0])
    let empty = try Outcome.stream(stream(schema: .schema(schema), batch: none))
    #expect(empty[0].columns[0] == .utf8([]))
  }

  @Test func validityThatHidesNothingIsDropped() throws {
    let body: [UInt8] = [0xFF] + [UInt8](repeating: 0, count: 7) + [UInt8](1...8)
    let bytes = try uint8Stream(buffers: [0, 1, 8, 8], body: body)
    #expect(try Outcome.stream(bytes)[0].columns[0] == .uint8(Array(1...8)))
    let lying: [UInt8] = [0xFE] + body.dropFirst()
    #expect(fault(try uint8Stream(buffers: [0, 1, 8, 8], body: lying))?.code == .malformed)
  }

  @Test func whatIsNotSupportedIsNamed() throws {
    let cases: [([FlatValue], String)] = [
      (schemaMessage([.int16(1), .tables([])]), "big-endian"),
      ([.int16(5), .uint8(1), .table([.int16(0), .tables([])])], "V6"),
      (
        .message(
          Format.Header.schema, [.int16(0), .tables([])], bodyLength: 0,
          metadata: [ArrowKeyValue("ARROW:experimental_compression", "zstd")]), "experimental"
      ),
      ([.int16(4), .uint8(2), .table([])], "dictionary"),
      ([.int16(4), .uint8(4), .table([])], "tensor"),
      ([.int16(4), .uint8(99), .table([])], "type 99"),
      (schemaMessage(field(type: 10, .table([]))), "timestamp"),
      (schemaMessage(field(type: 14, .table([]))), "union"),
      (schemaMessage(field(type: 25, .table([]))), "list view"),
      (schemaMessage(field(type: 77, .table([]))), "77"),
      (schemaMessage(field(type: 16, .table([.int32(0)]), children: 1)), "size of 0"),
      (schemaMessage(field(type: 5, .table([]), dictionary: .table([]))), "dictionary"),
    ]
    for (fields, name) in cases {
      let error = fault(try message(fields))
      #expect(error?.code == .unsupported)
      #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
    }
    #expect(fault(try uint8Stream(codec: 2))?.message.contains("codec 2") == true)
  }

  @Test func smallBodiesCannotAskForMuch() throws {
    // A legal batch: as many zeros as its length says, in one frame.
    var compressor = try ZstdCompressor(level: 3)
    let rows = 40 << 20
    let frame = try [UInt8](repeating: 0, count: rows).withUnsafeBytes {
      try compressor.compress($0) { Array($0) }
    }
    var body = rawBytes(of: [Int64(rows)]) + frame
    let length = Int64(body.count)
    body += [UInt8](repeating: 0, count: Format.padded(body.count, to: 8) - body.count)
    let bytes = try uint8Stream(
      rows: rows, nodes: [Int64(rows), 0], buffers: [0, 0, 0, length], codec: Format.Codec.zstd,
      body: body)
    #expect(fault(bytes)?.code == .limitExceeded)
    var options = ArrowReadOptions()
    options.maximumExpansion = 1 << 20
    #expect(try Outcome.stream(bytes, options: options)[0].rowCount == rows)

    let nothing = ArrowSchema(fields: [ArrowField("x", .null, isNullable: true)])
    let many = batch(rows: 1 << 40, nodes: [1 << 40, 1 << 40], buffers: [])
    #expect(fault(try stream(schema: .schema(nothing), batch: many))?.code == .limitExceeded)
  }

  @Test func metadataThatIsIncompleteIsRefused() throws {
    let cases: [[FlatValue]] = [
      [.int16(4), .uint8(1)],
      schemaMessage([.int16(0)]),
      schemaMessage(field(type: 5, .absent)),
      schemaMessage(field(type: 12, .table([]))),
      schemaMessage(field(type: 12, .table([]), children: 2)),
      schemaMessage(field(type: 5, .table([]), children: 1)),
      schemaMessage(field(type: 2, .table([.int32(24), .bool(true)]))),
      schemaMessage(field(type: 3, .table([.int16(3)]))),
      schemaMessage(field(type: 15, .table([.int32(-1)]))),
      schemaMessage([.int16(0), .tables([]), .tables([[.string("key")]])]),
      [.int16(4), .uint8(1), .table([.int16(0), .tables([])]), .int64(-8)],
      [.int16(4), .uint8(1), .table([.int16(0), .tables([])]), .int64(8)],
      [.int16(4), .uint8(3), .table([.int64(0)])],
    ]
    for fields in cases { #expect(fault(try message(fields))?.code == .malformed) }
  }

  private func schemaMessage(_ schema: [FlatValue]) -> [FlatValue] {
    .message(Format.Header.schema, schema, bodyLength: 0)
  }

  private func field(
    type: UInt8, _ table: FlatValue, children: Int = 0, dictionary: FlatValue = .absent
  ) -> [FlatValue] {
    let child: [FlatValue] = [
      .string("item"), .bool(false), .uint8(5), .table([]), .absent, .tables([]),
    ]
    let field: [FlatValue] = [
      .string("x"), .bool(false), .uint8(type), table, dictionary,
      .tables([[FlatValue]](repeating: child, count: children)),
    ]
    return [.int16(0), .tables([field])]
  }
}
