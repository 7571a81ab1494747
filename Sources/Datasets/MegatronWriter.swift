// SPDX-License-Identifier: Apache-2.0

/// Writes token documents as a Megatron indexed dataset, `PREFIX.bin` and `PREFIX.idx`, which
/// `megatron.core.datasets.indexed_dataset.IndexedDataset` reads.
///
/// Ids are 16 bits wide for vocabularies below 65,500 and 32 bits otherwise, Megatron's own rule.
///
/// Definition: `NVIDIA/Megatron-LM`, `megatron/core/datasets/indexed_dataset.py`.
public struct MegatronWriter: ~Copyable {
  private let prefix: String
  private let width: Int
  private var file: OutputFile
  private var buffer: [UInt8] = []
  private var lengths: [Int32] = []
  private var documents: [Int64] = [0]

  /// Begins a dataset.
  ///
  /// - Throws: `DatasetError` when the file cannot be created.
  public init(prefix: String, vocabularySize: Int) throws(DatasetError) {
    self.prefix = prefix
    width = vocabularySize < 65_500 ? 2 : 4
    file = try OutputFile(creating: prefix + ".bin.tmp")
  }

  /// Appends a document of one or more sequences.
  ///
  /// - Throws: `DatasetError` when a sequence is too long for the index or writing fails.
  public mutating func append(document sequences: [ArraySlice<UInt32>]) throws(DatasetError) {
    for sequence in sequences {
      guard let length = Int32(exactly: sequence.count), lengths.count < Int(Int32.max) else {
        throw DatasetError(
          .usage, path: prefix,
          "more than 2^31 - 1 tokens in a sequence, or sequences in a file: "
            + "the index cannot hold that; export fewer documents at once")
      }
      lengths.append(length)
      for id in sequence {
        if width == 2 {
          withUnsafeBytes(of: UInt16(truncatingIfNeeded: id).littleEndian) { buffer += $0 }
        } else {
          withUnsafeBytes(of: id.littleEndian) { buffer += $0 }
        }
      }
    }
    documents.append(Int64(lengths.count))
    if buffer.count >= 1 << 20 { try flush() }
  }

  /// Completes both files; the index comes last.
  public consuming func finish() throws(DatasetError) {
    try flush()
    try file.close(synchronizing: true)
    try FileSystem.rename(prefix + ".bin.tmp", to: prefix + ".bin")
    var index: [UInt8] = Array("MMIDIDX".utf8) + [0, 0]
    func add<T: FixedWidthInteger>(_ number: T) {
      withUnsafeBytes(of: number.littleEndian) { index += $0 }
    }
    add(UInt64(1))
    add(UInt8(width == 2 ? 8 : 4))
    add(UInt64(lengths.count))
    add(UInt64(documents.count))
    for length in lengths { add(length) }
    var offset: Int64 = 0
    for length in lengths {
      add(offset)
      offset += Int64(length) * Int64(width)
    }
    for document in documents { add(document) }
    try FileSystem.replace(prefix + ".idx", with: index)
  }

  private mutating func flush() throws(DatasetError) {
    try file.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }
}
