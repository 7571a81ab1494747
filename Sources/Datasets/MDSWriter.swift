// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
internal import Digests
internal import JSON

/// Writes rows as MosaicML Streaming shards (MDS, version 2), which `streaming.StreamingDataset`
/// reads.
///
/// Raw shards are the bytes that `streaming.MDSWriter` writes for the same samples. Columns of
/// numbers become `ndarray` columns, texts `str`, lists of texts `json`.
///
/// Definition: `mosaicml/streaming`, `streaming/base/format/mds`.
public final class MDSWriter {
  /// How a column is stored.
  private enum Encoding {
    /// Numbers of a fixed count: bytes of the values alone.
    case fixed(name: String, bytes: Int)
    /// Numbers of a varying count, with a shape before them.
    case list(name: String)
    /// One number.
    case scalar(name: String, bytes: Int)
    case text
    case json

    var name: String {
      switch self {
      case .fixed(let name, _), .list(let name), .scalar(let name, _): name
      case .text: "str"
      case .json: "json"
      }
    }

    /// The size, where it is the same in every sample.
    var size: Int? {
      switch self {
      case .fixed(_, let bytes), .scalar(_, let bytes): bytes
      default: nil
      }
    }
  }

  /// Raw bytes after which a new shard begins; the reader keeps whole shards on disk.
  public static let sizeLimit = 67_108_864

  private let directory: String
  private let compressionLevel: Int?
  private let columns: [(name: String, index: Int, encoding: Encoding)]
  private let config: [UInt8]
  private let configMembers: JSONObject
  private var compressor: ZstdCompressor?
  private var samples: [[UInt8]] = []
  private var size: Int
  private var shards: [JSONValue] = []

  /// A writer of rows with the given columns.
  ///
  /// - Parameter compressionLevel: of zstd over whole shards; `nil` for none.
  /// - Throws: `DatasetError` naming a column that the format cannot hold.
  public init(
    directory: String, schema: ArrowSchema, compressionLevel: Int?
  ) throws(DatasetError) {
    self.directory = directory
    self.compressionLevel = compressionLevel
    var columns: [(name: String, index: Int, encoding: Encoding)] = []
    for (index, field) in schema.fields.enumerated() {
      columns.append((field.name, index, try Self.encoding(of: field)))
    }
    columns.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    self.columns = columns
    configMembers = [
      "column_encodings": .array(columns.map { .string($0.encoding.name) }),
      "column_names": .array(columns.map { .string($0.name) }),
      "column_sizes": .array(columns.map { $0.encoding.size.map { .init($0) } ?? nil }),
      "compression": compressionLevel.map { .string("zstd:\($0)") } ?? nil,
      "format": "mds", "hashes": ["sha1"], "size_limit": .init(Self.sizeLimit), "version": 2,
    ]
    config = PythonJSON.serialized(.object(configMembers))
    size = 8 + config.count
    do {
      if let compressionLevel { compressor = try ZstdCompressor(level: compressionLevel) }
    } catch {
      throw DatasetError(.usage, path: directory, "\(error)")
    }
    try FileSystem.createDirectory(directory)
  }

  /// Appends the rows of a batch.
  ///
  /// - Throws: `DatasetError` when a row cannot be held or a file cannot be written.
  public func append(_ batch: RecordBatch) throws(DatasetError) {
    for row in 0..<batch.rowCount {
      let sample = try sample(batch, row)
      if !samples.isEmpty, size + sample.count + 4 > Self.sizeLimit { try finishShard() }
      guard 8 + config.count + sample.count + 4 <= Int(UInt32.max) else {
        throw DatasetError(
          .usage, path: directory, "a row of \(sample.count) bytes: MDS shards end at 4 GiB")
      }
      samples.append(sample)
      size += sample.count + 4
    }
  }

  /// Writes what is left, and last the index, whose presence makes the dataset whole.
  public func finish() throws(DatasetError) {
    if !samples.isEmpty { try finishShard() }
    let index: JSONValue = ["shards": .array(shards), "version": 2]
    try FileSystem.replace("\(directory)/index.json", with: PythonJSON.serialized(index))
    try FileSystem.synchronizeDirectory(directory)
  }

  private func finishShard() throws(DatasetError) {
    var header: [UInt8] = []
    Self.append(UInt32(truncatingIfNeeded: samples.count), to: &header)
    var offset = 4 + 4 * (samples.count + 1) + config.count
    for sample in samples {
      Self.append(UInt32(truncatingIfNeeded: offset), to: &header)
      offset += sample.count
    }
    Self.append(UInt32(truncatingIfNeeded: offset), to: &header)
    var raw = header + config
    raw.reserveCapacity(offset)
    for sample in samples { raw += sample }

    let number = String(shards.count)
    let name = "shard." + String(repeating: "0", count: max(0, 5 - number.count)) + number + ".mds"
    let zipped = try compressed(raw)
    if let zipped {
      try FileSystem.replace("\(directory)/\(name).zstd", with: zipped)
    } else {
      try FileSystem.replace("\(directory)/\(name)", with: raw)
    }
    var entry = configMembers
    entry["raw_data"] = Self.describe(raw, name: name)
    entry["samples"] = .init(samples.count)
    entry["zip_data"] = zipped.map { Self.describe($0, name: name + ".zstd") } ?? .null
    shards.append(.object(entry))
    samples = []
    size = 8 + config.count
  }

  private func compressed(_ raw: [UInt8]) throws(DatasetError) -> [UInt8]? {
    guard compressionLevel != nil else { return nil }
    do {
      return try raw.withUnsafeBytes { bytes throws(ArrowError) in
        try compressor?.compress(bytes) { Array($0) }
      }
    } catch {
      throw DatasetError(.inputOutput, path: directory, "\(error)")
    }
  }

  private static func describe(_ bytes: [UInt8], name: String) -> JSONValue {
    [
      "basename": .string(name), "bytes": .init(bytes.count),
      "hashes": ["sha1": .string(SHA1.hexadecimalDigest(of: bytes))],
    ]
  }

  // MARK: Samples

  private func sample(_ batch: RecordBatch, _ row: Int) throws(DatasetError) -> [UInt8] {
    var sizes: [UInt8] = []
    var data: [UInt8] = []
    for (name, index, encoding) in columns {
      let column = batch.columns[index]
      let start = data.count
      switch encoding {
      case .text:
        data += column.bytes(at: row) ?? []
      case .json:
        data += PythonJSON.serialized(column.json(at: row))
      case .scalar:
        data += column.elementBytes(row..<(row + 1))
      case .fixed, .list:
        guard let child = column.children.first, let range = column.range(at: row) else {
          throw DatasetError(.corrupt, path: directory, "column '\(name)' is not a list")
        }
        guard !range.isEmpty else {
          throw DatasetError(
            .usage, path: directory,
            "column '\(name)' has an empty list, which MDS cannot hold; export without that column")
        }
        if case .list = encoding { Self.appendShape(range.count, to: &data) }
        data += child.elementBytes(range)
      }
      if encoding.size == nil {
        Self.append(UInt32(truncatingIfNeeded: data.count - start), to: &sizes)
      }
    }
    return sizes + data
  }

  /// One dimension, in the smallest type that holds it.
  private static func appendShape(_ count: Int, to data: inout [UInt8]) {
    switch count {
    case ..<256:
      data += [1 << 2, UInt8(truncatingIfNeeded: count)]
    case ..<65_536:
      data.append(1 << 2 | 1)
      data += withUnsafeBytes(of: UInt16(truncatingIfNeeded: count).littleEndian) { Array($0) }
    default:
      data.append(1 << 2 | 2)
      append(UInt32(truncatingIfNeeded: count), to: &data)
    }
  }

  private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private static func encoding(of field: ArrowField) throws(DatasetError) -> Encoding {
    switch field.type {
    case .utf8, .largeUtf8:
      return .text
    case .fixedSizeList(let item, let count):
      if let (name, width) = number(item.type), count > 0 {
        return .fixed(name: "ndarray:\(name):\(count)", bytes: width * count)
      }
    case .list(let item), .largeList(let item):
      if let (name, _) = number(item.type) { return .list(name: "ndarray:\(name)") }
      if item.type == .utf8 { return .json }
    default:
      if let (name, width) = number(field.type) { return .scalar(name: name, bytes: width) }
    }
    throw DatasetError(
      .usage, path: "", "MDS cannot hold column '\(field.name)' of type \(field.type)")
  }

  private static func number(_ type: ArrowType) -> (name: String, width: Int)? {
    switch type {
    case .bool, .uint8: ("uint8", 1)
    case .int8: ("int8", 1)
    case .uint16: ("uint16", 2)
    case .int16: ("int16", 2)
    case .uint32: ("uint32", 4)
    case .int32: ("int32", 4)
    case .uint64: ("uint64", 8)
    case .int64: ("int64", 8)
    case .float32: ("float32", 4)
    case .float64: ("float64", 8)
    default: nil
    }
  }
}

extension ArrowArray {
  /// The bytes of a range of numbers; truth values become a byte each.
  fileprivate func elementBytes(_ range: Range<Int>) -> [UInt8] {
    guard type != .bool else { return bools[range].map { $0 ? 1 : 0 } }
    let width = length > 0 ? data.count / length : 0
    return Array(data[(range.lowerBound * width)..<(range.upperBound * width)])
  }
}
