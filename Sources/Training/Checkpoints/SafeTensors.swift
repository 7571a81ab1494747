// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// A file of named arrays in the safetensors format: the length of a header (8 bytes, little
/// endian), the header (a JSON object), the arrays' bytes without gaps.
struct SafeTensors {
  /// The types of numbers that are read here.
  enum ElementType: String {
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case float64 = "F64"
    case int64 = "I64"
    case int32 = "I32"
    case uint8 = "U8"
    case bool = "BOOL"

    var byteCount: Int {
      switch self {
      case .float64, .int64: 8
      case .float32, .int32: 4
      case .float16, .bfloat16: 2
      case .uint8, .bool: 1
      }
    }
  }

  /// One array of the file.
  struct Entry {
    let name: String
    let type: ElementType
    let shape: [Int]
    /// Where its bytes stand behind the header.
    let range: Range<Int>
    var count: Int { shape.reduce(1, *) }
  }

  let path: String
  /// In the order of their bytes.
  let entries: [Entry]
  /// The texts under `__metadata__`.
  let metadata: [String: String]
  private let bytes: [UInt8]
  private let start: Int
  private let index: [String: Int]

  /// The largest header that is read; the format's own readers allow no more.
  private static let maximumHeader = 100_000_000

  /// Reads the content of a file.
  ///
  /// - Throws: ``TrainingError``: `corrupt` unless header and bytes fit together exactly,
  ///   `unsupported` for types of numbers that are not known here.
  init(_ bytes: [UInt8], path: String) throws(TrainingError) {
    func corrupt(_ message: String) -> TrainingError {
      TrainingError(.corrupt, path: path, "\(message): the file is damaged or no safetensors file")
    }
    guard bytes.count >= 8 else { throw corrupt("\(bytes.count) bytes are too few for a header") }
    let length = bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= Self.maximumHeader, Int(length) <= bytes.count - 8 else {
      throw corrupt(
        "a header of \(length) bytes is announced, \(bytes.count - 8) bytes follow")
    }
    start = 8 + Int(length)
    let header: JSONValue
    do {
      header = try JSONValue(parsing: Array(bytes[8..<start]))
    } catch {
      throw corrupt("the header is \(error)")
    }
    guard let members = header.objectValue else { throw corrupt("the header is no object") }
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    for member in members.entries {
      if member.key == "__metadata__" {
        for entry in member.value.objectValue?.entries ?? [] {
          metadata[entry.key] = entry.value.stringValue
        }
      } else {
        entries.append(try Self.entry(member.key, member.value, path))
      }
    }
    entries.sort {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var end = 0
    for entry in entries {
      guard entry.range.lowerBound == end else {
        throw corrupt("\(entry.name) starts at byte \(entry.range.lowerBound) instead of \(end)")
      }
      end = entry.range.upperBound
    }
    guard end == bytes.count - start else {
      throw corrupt("the arrays take \(end) bytes, \(bytes.count - start) bytes are there")
    }
    self.path = path
    self.bytes = bytes
    self.entries = entries
    self.metadata = metadata
    index = Dictionary(
      entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private static func entry(
    _ name: String, _ value: JSONValue, _ path: String
  ) throws(TrainingError) -> Entry {
    func corrupt(_ message: String) -> TrainingError {
      TrainingError(.corrupt, path: path, "\(name): \(message)")
    }
    guard let typeName = value["dtype"]?.stringValue,
      let extents = value["shape"]?.arrayValue, let offsets = value["data_offsets"]?.arrayValue
    else { throw corrupt("an array needs dtype, shape and data_offsets") }
    guard let type = ElementType(rawValue: typeName) else {
      throw TrainingError(
        .unsupported, path: path,
        "\(name): numbers of type \(typeName) are not read here; save the checkpoint as F32")
    }
    var shape: [Int] = []
    var size = type.byteCount
    for extent in extents {
      guard let extent = extent.integerValue, extent >= 0 else { throw corrupt("a bad shape") }
      let (product, overflows) = size.multipliedReportingOverflow(by: extent)
      guard !overflows else { throw corrupt("a shape of too many values") }
      size = product
      shape.append(extent)
    }
    guard offsets.count == 2, let first = offsets[0].integerValue,
      let last = offsets[1].integerValue, first >= 0, last >= first
    else { throw corrupt("bad data_offsets") }
    guard last - first == size else {
      throw corrupt("\(last - first) bytes for an array of \(size) bytes")
    }
    return Entry(name: name, type: type, shape: shape, range: first..<last)
  }

  /// The array of that name.
  subscript(name: String) -> Entry? { index[name].map { entries[$0] } }

  /// Copies an array's values to memory for `entry.count` of them, whatever its type.
  func copy(_ entry: Entry, to target: UnsafeMutablePointer<Float>) {
    bytes.withUnsafeBytes { all in
      let source = UnsafeRawBufferPointer(
        rebasing: all[start + entry.range.lowerBound..<start + entry.range.upperBound])
      for index in 0..<entry.count {
        target[index] =
          switch entry.type {
          case .float32:
            Float(bitPattern: source.little(UInt32.self, index))
          case .bfloat16:
            Float(bitPattern: UInt32(source.little(UInt16.self, index)) << 16)
          case .float16: HalfPrecision.float(source.little(UInt16.self, index))
          case .float64: Float(Double(bitPattern: source.little(UInt64.self, index)))
          case .int64: Float(source.little(Int64.self, index))
          case .int32: Float(source.little(Int32.self, index))
          case .uint8, .bool: Float(source[index])
          }
      }
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func little<Value: FixedWidthInteger>(_ type: Value.Type, _ index: Int) -> Value {
    Value(littleEndian: loadUnaligned(fromByteOffset: index * MemoryLayout<Value>.size, as: type))
  }
}

/// IEEE 754 numbers of 16 bits; `Float16` does not exist on every platform.
enum HalfPrecision {
  static func float(_ bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 1 ? -1 : 1
    let exponent = Int(bits >> 10 & 31)
    let fraction = Float(bits & 1023)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default:
      return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
    }
  }
}
