// SPDX-License-Identifier: Apache-2.0

import ArrowIPC

/// Columns of every supported type, with values that follow from the row alone.
enum Samples {
  static let names = columns(rows: 0).map(\.field.name)

  struct Column {
    let field: ArrowField
    let array: ArrowArray
  }

  static func columns(rows: Int) -> [Column] {
    let index = Array(0..<rows)
    let words = index.map { "w\($0)é" }
    let offsets = offsets(lists: rows)
    let elements = Int(offsets.last ?? 0)
    let wide = offsets.map { Int64($0) }
    let bytes = (0..<elements).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let tokens = ArrowArray.uint16((0..<elements).map { UInt16(truncatingIfNeeded: $0 &* 31) })
    let inner = Samples.offsets(lists: elements)
    let members = [ArrowField("a", .int32), ArrowField("b", .utf8)]
    let valid = index.map { $0 % 3 != 1 }

    let plain: [(String, ArrowArray)] = [
      ("bool", .bool(index.map { $0 % 3 == 0 })),
      ("int8", .int8(index.map { Int8(truncatingIfNeeded: $0) })),
      ("int16", .int16(index.map { Int16(truncatingIfNeeded: -$0) })),
      ("int32", .int32(index.map { Int32(-$0) })),
      ("int64", .int64(index.map { Int64($0) << 33 })),
      ("uint8", .uint8(index.map { UInt8(truncatingIfNeeded: $0) })),
      ("uint16", .uint16(index.map { UInt16($0) })),
      ("uint32", .uint32(index.map { UInt32($0) })),
      ("uint64", .uint64(index.map { UInt64($0) << 40 })),
      (
        "float16",
        ArrowArray(type: .float16, length: rows, data: [UInt8](repeating: 0x3C, count: 2 * rows))
      ),
      ("float32", .float32(index.map { Float($0) / 4 })),
      ("float64", .float64(index.map { Double($0) / 8 })),
      ("utf8", .utf8(words)),
      ("binary", .binary(bytes: bytes, offsets: offsets)),
      ("large utf8", .largeUtf8(bytes: bytes.map { $0 & 0x7F }, offsets: wide)),
      ("large binary", .largeBinary(bytes: bytes, offsets: wide)),
      (
        "fixed-size binary",
        .fixedSizeBinary(width: 3, bytes: (0..<(3 * rows)).map { UInt8(truncatingIfNeeded: $0) })
      ),
      ("list", .list(offsets: offsets, tokens)),
      ("large list", .largeList(offsets: wide, tokens)),
      ("list of bool", .list(offsets: offsets, .bool((0..<elements).map { $0 % 2 == 0 }))),
      (
        "list of list",
        .list(
          offsets: offsets,
          .list(offsets: inner, .uint32((0..<UInt32(inner.last ?? 0)).map { $0 })))
      ),
      (
        "fixed-size list",
        .fixedSizeList(
          size: 4, .uint16((0..<(4 * rows)).map { UInt16(truncatingIfNeeded: $0) }))
      ),
      (
        "structure",
        .structure(members, length: rows, [.int32(index.map { Int32($0) }), .utf8(words)])
      ),
    ]
    let nullable: [(String, ArrowArray)] = [
      ("null", ArrowArray(type: .null, length: rows, nullCount: rows)),
      ("int32 or null", .int32(index.map { Int32($0) }).withValidity(valid)),
      ("text or null", .utf8(words).withValidity(valid)),
      ("list or null", .list(offsets: offsets, tokens).withValidity(valid)),
    ]
    return plain.map { Column(field: ArrowField($0.0, $0.1.type), array: $0.1) }
      + nullable.map {
        Column(field: ArrowField($0.0, $0.1.type, isNullable: true), array: $0.1)
      }
  }

  /// Offsets of lists with 0, 1, 2, 3, 4, 0, … elements.
  static func offsets(lists: Int) -> [Int32] {
    (0..<lists).reduce(into: [0]) { offsets, index in
      offsets.append((offsets.last ?? 0) + Int32(index % 5))
    }
  }

  /// A batch of the named columns, all when nothing is named.
  static func batch(rows: Int, _ chosen: String...) -> RecordBatch {
    let columns = columns(rows: rows).filter { chosen.isEmpty || chosen.contains($0.field.name) }
    let schema = ArrowSchema(
      fields: columns.map(\.field), metadata: [ArrowKeyValue("prep:sample", "1")])
    return RecordBatch(schema: schema, rowCount: rows, columns: columns.map(\.array))
  }
}

/// Complete files and streams in memory.
enum Written {
  static func file(
    _ batches: [RecordBatch], schema: ArrowSchema? = nil, _ compression: ArrowCompression,
    metadata: [ArrowKeyValue] = []
  ) throws -> [UInt8] {
    let schema = schema ?? batches.first?.schema ?? ArrowSchema(fields: [])
    var assembler = try ArrowFileAssembler(schema: schema)
    var encoder = try BatchEncoder(schema: schema, compression: compression)
    var bytes = assembler.head()
    for (index, batch) in batches.enumerated() {
      let encoded = try encoder.encode(batch, metadata: [ArrowKeyValue("batch", "\(index)")])
      bytes += encoded.bytes
      assembler.append(encoded)
    }
    return bytes + (try assembler.tail(metadata: metadata))
  }

  static func stream(
    _ batches: [RecordBatch], _ compression: ArrowCompression
  ) throws -> [UInt8] {
    let schema = batches.first?.schema ?? ArrowSchema(fields: [])
    let assembler = try ArrowStreamAssembler(schema: schema)
    var encoder = try BatchEncoder(schema: schema, compression: compression)
    var bytes = assembler.head()
    for batch in batches { bytes += try encoder.encode(batch).bytes }
    return bytes + assembler.tail()
  }
}

/// Everything a reader makes of some bytes, so that tests can compare outcomes.
enum Outcome {
  static func file(
    _ bytes: [UInt8], options: ArrowReadOptions = ArrowReadOptions()
  ) throws(ArrowError) -> [RecordBatch] {
    let reader = try ArrowFileReader(bytes: bytes, options: options)
    var batches: [RecordBatch] = []
    for index in 0..<reader.batchCount { batches.append(try reader.batch(index)) }
    return batches
  }

  static func stream(
    _ bytes: [UInt8], options: ArrowReadOptions = ArrowReadOptions()
  ) throws -> [RecordBatch] {
    let reader = try ArrowStreamReader(bytes: bytes, options: options)
    var batches: [RecordBatch] = []
    while let (batch, _) = try reader.next() { batches.append(batch) }
    return batches
  }

  /// The canonical content of a batch, joined.
  static func content(_ batch: RecordBatch) -> [UInt8] {
    var bytes: [UInt8] = []
    batch.forEachLogicalBuffer { bytes.append(contentsOf: $0) }
    return bytes
  }
}
