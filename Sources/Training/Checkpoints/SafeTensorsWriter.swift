// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import JSON

/// Writes a safetensors file.
struct SafeTensorsWriter {
  /// The values of an array that is to be written.
  enum Values {
    case floats(UnsafePointer<Float>, count: Int)
    case integers([Int32])
    case bytes([UInt8])

    fileprivate var typeName: String {
      switch self {
      case .floats: "F32"
      case .integers: "I32"
      case .bytes: "U8"
      }
    }

    fileprivate var byteCount: Int {
      switch self {
      case .floats(_, let count): count * 4
      case .integers(let values): values.count * 4
      case .bytes(let values): values.count
      }
    }

    /// Pieces of at most a megabyte or so.
    fileprivate func write(_ write: ([UInt8]) throws -> Void) throws {
      switch self {
      case .bytes(let values): try write(values)
      case .integers(let values):
        try write(
          values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } })
      case .floats(let base, let count):
        let step = 1 << 18
        for first in stride(from: 0, to: count, by: step) {
          let length = min(step, count - first)
          let piece = [UInt8](unsafeUninitializedCapacity: length * 4) { buffer, used in
            for index in 0..<length {
              let bits = base[first + index].bitPattern.littleEndian
              UnsafeMutableRawBufferPointer(buffer)
                .storeBytes(of: bits, toByteOffset: index * 4, as: UInt32.self)
            }
            used = length * 4
          }
          try write(piece)
        }
      }
    }
  }

  private var arrays: [(name: String, shape: [Int], values: Values)] = []
  /// The texts under `__metadata__`.
  var metadata: [String: String]

  /// A file without arrays; `transformers` wants to be told the format.
  init(metadata: [String: String] = [:]) {
    self.metadata = metadata
    self.metadata["format"] = "pt"
  }

  /// Adds an array.
  ///
  /// What floats point to must stay until the file is written.
  mutating func add(_ name: String, _ shape: [Int], _ values: Values) {
    arrays.append((name, shape, values))
  }

  /// Writes the file; under its own name it is complete or absent.
  ///
  /// - Throws: ``TrainingError``: `outputRefused` or `inputOutput`.
  func write(to path: String) throws(TrainingError) {
    let sorted = arrays.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    var header: JSONObject = [:]
    var texts: JSONObject = [:]
    for (key, text) in metadata { texts[key] = .string(text) }
    header["__metadata__"] = .object(texts)
    var end = 0
    for array in sorted {
      let size = array.values.byteCount
      header[array.name] = [
        "dtype": .string(array.values.typeName), "shape": .array(array.shape.map { .init($0) }),
        "data_offsets": [.init(end), .init(end + size)],
      ]
      end += size
    }
    var head = JSONValue.object(header).serialized()
    while head.count % 8 != 0 { head.append(0x20) }
    let length = (0..<8).map { UInt8(truncatingIfNeeded: head.count >> ($0 * 8)) }
    do {
      try FileSystem.replace(path) { write in
        try write(length + head)
        for array in sorted { try array.values.write(write) }
      }
    } catch {
      throw TrainingError(writing: path, error)
    }
  }
}

extension TrainingError {
  /// What kept a file from being written.
  init(writing path: String, _ error: any Error) {
    if let error = error as? DatasetError {
      self.init(
        error.code == .outputRefused ? .outputRefused : .inputOutput, path: error.path,
        error.message)
    } else {
      self.init(.inputOutput, path: path, "\(error)")
    }
  }

  /// What kept a file from being read.
  init(reading error: DatasetError) {
    self.init(
      error.code == .missing ? .missing : .inputOutput, path: error.path, error.message)
  }
}
