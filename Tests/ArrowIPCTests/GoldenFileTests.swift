// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Foundation
import Testing

/// The integration files of Apache Arrow, written by its C++ library, against their JSON form.
@Suite(.enabled(if: ReferenceData.isPresent, "../shared/data/arrow is not there"))
struct GoldenFileTests {
  static let supported = [
    "1.0.0-littleendian/generated_custom_metadata",
    "1.0.0-littleendian/generated_duplicate_fieldnames",
    "1.0.0-littleendian/generated_nested",
    "1.0.0-littleendian/generated_nested_large_offsets",
    "1.0.0-littleendian/generated_null",
    "1.0.0-littleendian/generated_null_trivial",
    "1.0.0-littleendian/generated_primitive",
    "1.0.0-littleendian/generated_primitive_large_offsets",
    "1.0.0-littleendian/generated_primitive_no_batches",
    "1.0.0-littleendian/generated_primitive_zerolength",
    "1.0.0-littleendian/generated_recursive_nested",
    "2.0.0-compression/generated_lz4",
    "2.0.0-compression/generated_uncompressible_lz4",
    "2.0.0-compression/generated_uncompressible_zstd",
    "2.0.0-compression/generated_zstd",
  ]

  @Test(arguments: supported) func supportedTypesDecodeToTheirJSON(name: String) throws {
    let document = try #require(try ReferenceData.json("golden/\(name).json.gz") as? [String: Any])
    let expected = try GoldenJSON.batches(document)
    let schema = try GoldenJSON.schema(document)
    let fileBytes = try ReferenceData.bytes("golden/\(name).arrow_file")
    let streamBytes = try ReferenceData.bytes("golden/\(name).stream")
    #expect(try ArrowFileReader(bytes: fileBytes).schema == schema)
    #expect(try ArrowStreamReader(bytes: streamBytes).schema == schema)
    let fromFile = try Outcome.file(fileBytes)
    #expect(try Outcome.stream(streamBytes) == fromFile)
    #expect(fromFile.map(\.rowCount) == expected.map(\.rowCount))
    #expect(fromFile.map(Outcome.content) == expected.map(Outcome.content))

    // And what we write of them reads the same.
    let again = try Outcome.file(Written.file(fromFile, schema: schema, .zstd(level: 3)))
    #expect(again == fromFile)
  }

  @Test func theRestIsRefusedByName() throws {
    let reasons = [
      "datetime": "date", "decimal": "decimal", "decimal256": "decimal",
      "dictionary": "dictionary", "dictionary_unsigned": "dictionary", "extension": "dictionary",
      "interval": "duration", "map": "map", "map_non_canonical": "map",
      "nested_dictionary": "dictionary", "union": "union",
    ]
    var checked = 0
    for directory in ["1.0.0-littleendian", "2.0.0-compression"] {
      for path in ReferenceData.files("golden/" + directory, suffix: ".arrow_file") {
        let stem = String(path.dropFirst("golden/".count).dropLast(".arrow_file".count))
        guard !Self.supported.contains(stem) else { continue }
        let reason = try #require(reasons[String(stem.split(separator: "_", maxSplits: 1)[1])])
        let stream = path.dropLast(".arrow_file".count) + ".stream"
        for error in [
          #expect(throws: ArrowError.self) { try Outcome.file(ReferenceData.bytes(path)) },
          #expect(throws: ArrowError.self) {
            try Outcome.stream(ReferenceData.bytes(String(stream)))
          },
        ] {
          #expect(error?.code == .unsupported, "\(stem)")
          #expect(error?.message.contains(reason) == true, "\(stem): \(error?.message ?? "")")
        }
        checked += 1
      }
    }
    #expect(checked == reasons.count)
  }
}

/// The JSON form of `docs/source/format/Integration.rst`.
enum GoldenJSON {
  struct Unknown: Error { let what: String }

  static func schema(_ document: [String: Any]) throws -> ArrowSchema {
    let schema = document["schema"] as? [String: Any] ?? [:]
    let fields = schema["fields"] as? [[String: Any]] ?? []
    return ArrowSchema(fields: try fields.map(field), metadata: metadata(schema))
  }

  static func batches(_ document: [String: Any]) throws -> [RecordBatch] {
    let schema = try schema(document)
    return try (document["batches"] as? [[String: Any]] ?? []).map { batch in
      let columns = batch["columns"] as? [[String: Any]] ?? []
      return RecordBatch(
        schema: schema, rowCount: batch["count"] as? Int ?? 0,
        columns: try zip(schema.fields, columns).map { try array($0.type, $1) })
    }
  }

  private static func metadata(_ object: [String: Any]) -> [ArrowKeyValue] {
    (object["metadata"] as? [[String: String]] ?? []).map {
      ArrowKeyValue($0["key"] ?? "", $0["value"] ?? "")
    }
  }

  private static func field(_ object: [String: Any]) throws -> ArrowField {
    let children = try (object["children"] as? [[String: Any]] ?? []).map(field)
    let type = object["type"] as? [String: Any] ?? [:]
    return ArrowField(
      object["name"] as? String ?? "", try self.type(type, children),
      isNullable: object["nullable"] as? Bool ?? false, metadata: metadata(object))
  }

  private static func type(_ type: [String: Any], _ children: [ArrowField]) throws -> ArrowType {
    let signed = type["isSigned"] as? Bool ?? false
    switch (type["name"] as? String ?? "", type["bitWidth"] as? Int) {
    case ("null", _): return .null
    case ("bool", _): return .bool
    case ("int", 8): return signed ? .int8 : .uint8
    case ("int", 16): return signed ? .int16 : .uint16
    case ("int", 32): return signed ? .int32 : .uint32
    case ("int", 64): return signed ? .int64 : .uint64
    case ("floatingpoint", _):
      switch type["precision"] as? String {
      case "SINGLE": return .float32
      case "DOUBLE": return .float64
      default: return .float16
      }
    case ("utf8", _): return .utf8
    case ("binary", _): return .binary
    case ("largeutf8", _): return .largeUtf8
    case ("largebinary", _): return .largeBinary
    case ("fixedsizebinary", _): return .fixedSizeBinary(type["byteWidth"] as? Int ?? 0)
    case ("list", _): return .list(children[0])
    case ("largelist", _): return .largeList(children[0])
    case ("fixedsizelist", _): return .fixedSizeList(children[0], type["listSize"] as? Int ?? 0)
    case ("struct", _): return .structure(children)
    case (let name, _): throw Unknown(what: name)
    }
  }

  private static func array(_ type: ArrowType, _ column: [String: Any]) throws -> ArrowArray {
    let length = column["count"] as? Int ?? 0
    let values = column["DATA"] as? [Any] ?? []
    let nested = column["children"] as? [[String: Any]] ?? []
    let children = try zip(type.children, nested).map { try array($0.type, $1) }
    let stored = (column["OFFSET"] as? [Any] ?? []).map { integer($0) }
    let offsets = stored.isEmpty ? [0] : stored
    let plain: ArrowArray
    switch type {
    case .null: return ArrowArray(type: .null, length: length, nullCount: length)
    case .bool: plain = .bool(values.map { integer($0) != 0 })
    case .int8: plain = .int8(values.map { Int8(truncatingIfNeeded: integer($0)) })
    case .int16: plain = .int16(values.map { Int16(truncatingIfNeeded: integer($0)) })
    case .int32: plain = .int32(values.map { Int32(truncatingIfNeeded: integer($0)) })
    case .int64: plain = .int64(values.map { integer($0) })
    case .uint8: plain = .uint8(values.map { UInt8(truncatingIfNeeded: integer($0)) })
    case .uint16: plain = .uint16(values.map { UInt16(truncatingIfNeeded: integer($0)) })
    case .uint32: plain = .uint32(values.map { UInt32(truncatingIfNeeded: integer($0)) })
    case .uint64: plain = .uint64(values.map { UInt64(bitPattern: integer($0)) })
    case .float32: plain = .float32(values.map { ($0 as? NSNumber)?.floatValue ?? .nan })
    case .float64: plain = .float64(values.map { ($0 as? NSNumber)?.doubleValue ?? .nan })
    case .fixedSizeBinary(let width):
      plain = .fixedSizeBinary(width: width, bytes: values.flatMap(hexadecimal))
    case .utf8, .largeUtf8, .binary, .largeBinary, .list, .largeList:
      let isText = type == .utf8 || type == .largeUtf8
      let isWide = [.largeUtf8, .largeBinary].contains(type) || type.description.hasPrefix("large")
      plain = ArrowArray(
        type: type, length: length,
        offsets: isWide
          ? ArrowArray.int64(offsets).data
          : ArrowArray.int32(offsets.map { Int32(truncatingIfNeeded: $0) }).data,
        data: values.flatMap { isText ? Array(($0 as? String ?? "").utf8) : hexadecimal($0) },
        children: children)
    default: plain = ArrowArray(type: type, length: length, children: children)
    }
    let valid = (column["VALIDITY"] as? [Any])?.map { integer($0) != 0 }
    return valid.map(plain.withValidity) ?? plain
  }

  /// A number, or one in a string as 64-bit integers are written.
  private static func integer(_ value: Any) -> Int64 {
    if let text = value as? String {
      return Int64(text) ?? UInt64(text).map { Int64(bitPattern: $0) } ?? .min
    }
    return (value as? NSNumber)?.int64Value ?? .min
  }

  private static func hexadecimal(_ value: Any) -> [UInt8] {
    let digits = (value as? String ?? "").compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] * 16 + digits[$0 + 1])
    }
  }
}
