// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Concurrency
internal import Datasets
internal import Digests
public import JSON

/// `prep bench scan`: how fast shards are read, against zstd alone on the same buffers, and what each
/// column costs.
public struct ScanBenchmark {
  private let dataset: Dataset
  private let readers: [ArrowFileReader]
  private let batches: [(reader: Int, batch: Int)]
  private let threads: Int
  private let rounds: Int

  /// Opens the shards of a dataset, mapped into memory.
  ///
  /// - Throws: `DatasetError` when there is none.
  public init(directory: String, threads: Int, rounds: Int) throws {
    dataset = try Dataset(directory)
    var options = ArrowReadOptions()
    options.mapsFiles = true
    readers = try dataset.manifest.shards.map { [dataset] shard in
      try ArrowFileReader(path: dataset.path(of: shard.file), options: options)
    }
    batches = readers.enumerated().flatMap { index, reader in
      (0..<reader.batchCount).map { (index, $0) }
    }
    self.threads = threads
    self.rounds = max(1, rounds)
    guard !batches.isEmpty else {
      throw PipelineError(.usage, "\(directory): no rows, nothing to measure")
    }
  }

  /// Measures.
  ///
  /// - Returns: sizes, rates (medians over the rounds), `share_of_zstd` (the median of the rounds'
  ///   own ratios) and what each column takes of the disk for each token.
  /// - Throws: `PipelineError` when a shard is damaged.
  public func measure() throws -> JSONObject {
    let clock = ContinuousClock()
    var zstd: [Double] = []
    var scan: [Double] = []
    var decoded = 0
    // One round of each brings the files into memory and says how often a small dataset must be
    // read for a time that a clock can tell from the start of the threads.
    var passes = 1
    for round in -1..<rounds {
      let alone = try clock.measure { decoded = try decompressAlone(passes) / passes }
      let whole = try clock.measure { try scanAll(passes) }
      guard round >= 0 else {
        passes = min(1 << 10, max(1, Int(Duration.milliseconds(100) / whole)))
        continue
      }
      zstd.append(alone / .seconds(passes))
      scan.append(whole / .seconds(passes))
    }
    let tokens = dataset.manifest.shards.reduce(0) { $0 + $1.tokens }
    let ratios = zip(zstd, scan).map { $0 / $1 }
    let seconds = Self.median(scan)
    var figures: JSONObject = [
      "threads": .init(threads), "shards": .init(readers.count), "batches": .init(batches.count),
      "rows": .init(dataset.manifest.shards.reduce(0) { $0 + $1.rows }), "tokens": .init(tokens),
      "stored_bytes": .init(dataset.manifest.shards.reduce(0) { $0 + $1.bytes }),
      "decoded_bytes": .init(decoded),
      "zstd_mb_s": .double(Double(decoded) / Self.median(zstd) / 1e6),
      "scan_mb_s": .double(Double(decoded) / seconds / 1e6),
      "share_of_zstd": .double(Self.median(ratios)),
      "tokens_per_second": .double(Double(tokens) / seconds),
      "random_rows_per_second": .double(try randomRowsPerSecond()),
    ]
    for (name, bytes) in try columnBytes() {
      figures["bytes_per_token_\(name)"] = .double(Double(bytes) / Double(max(1, tokens)))
    }
    if let (stored, plain) = try idsAgainstPlainZstd() {
      figures["input_ids_bytes"] = .init(stored)
      figures["input_ids_plain_zstd_bytes"] = .init(plain)
      figures["input_ids_share_of_plain_zstd"] = .double(Double(stored) / Double(max(1, plain)))
    }
    figures["content_sha256"] = .string("\(try contentDigest())")
    return figures
  }

  private static func median(_ values: [Double]) -> Double {
    values.sorted()[values.count / 2]
  }

  // MARK: Passes

  /// Hands batches to all threads, one pass after another; each thread makes its own scratch.
  private func forEachBatch<Scratch>(
    _ passes: Int,
    scratch: () throws -> Scratch,
    body: @escaping (Scratch, ArrowFileReader, Int) throws -> Int
  ) throws -> Int {
    var next = 0
    var sum = 0
    try OrderedPipeline<(reader: Int, batch: Int), Int, Void, Void>(threads: threads).run(
      source: {
        defer { next += 1 }
        return next < batches.count * passes ? batches[next % batches.count] : nil
      },
      worker: {
        let own = try scratch()
        return .init(map: { try body(own, readers[$0.reader], $0.batch) }, finish: { $0 })
      },
      fold: { result, _ in sum += result }, flush: { _ in }, sink: { _ in })
    return sum
  }

  /// Decodes every column of every batch, as any reader of the library does.
  private func scanAll(_ passes: Int) throws {
    _ = try forEachBatch(
      passes, scratch: {}, body: { _, reader, index in try reader.batch(index).rowCount })
  }

  /// Decompresses the same buffers into one piece of memory a thread, or copies them where they are
  /// not compressed, and does nothing else.
  private func decompressAlone(_ passes: Int) throws -> Int {
    try forEachBatch(
      passes, scratch: { try FrameScratch() },
      body: { scratch, reader, index in
        var sum = 0
        for buffer in try reader.storedBuffers(ofBatch: index) {
          sum += try reader.withStoredBytes(buffer.range) { (bytes) throws(ArrowError) in
            try scratch.unpack(bytes, isZstd: buffer.isZstd)
          }
        }
        return sum
      })
  }

  /// Single rows far from each other, each with its batch.
  private func randomRowsPerSecond() throws -> Double {
    let offsets = try readers.map { (reader) throws(ArrowError) in try reader.rowOffsets() }
    let rows = RowOffsets(batchRows: offsets.map(\.rowCount))
    let draws = 256
    var sum = 0
    let seconds = try ContinuousClock().measure {
      for draw in 1...UInt64(draws) {
        // Multiples of the golden ratio of the word: spread evenly, never in order.
        let row = Int(draw &* 0x9E37_79B9_7F4A_7C15 % UInt64(max(1, rows.rowCount)))
        guard let shard = rows.batch(ofRow: row) else { continue }
        let inner = row - rows.values[shard]
        guard let batch = offsets[shard].batch(ofRow: inner) else { continue }
        sum += try readers[shard].batch(batch, columns: ["input_ids"]).rowCount
      }
    }
    return sum > 0 ? Double(draws) / (seconds / .seconds(1)) : 0
  }

  // MARK: Sizes

  private func columnBytes() throws -> [(name: String, bytes: Int)] {
    var sums: [Int: Int] = [:]
    for (reader, batch) in batches {
      for buffer in try readers[reader].storedBuffers(ofBatch: batch) {
        sums[buffer.column, default: 0] += buffer.range.count
      }
    }
    return readers[0].schema.fields.enumerated().map { ($1.name, sums[$0] ?? 0) }
  }

  /// What `input_ids` takes, offsets included, and what `zstd -3` makes of its 16-bit ids alone, a
  /// shard at once; nil for other ids.
  private func idsAgainstPlainZstd() throws -> (stored: Int, plain: Int)? {
    guard let index = readers[0].schema.index(of: "input_ids"),
      readers[0].schema.fields[index].type.children.first?.type == .uint16
    else { return nil }
    var stored = 0
    var plain = 0
    var compressor = try ZstdCompressor(level: 3)
    for reader in readers {
      var ids: [UInt8] = []
      for batch in 0..<reader.batchCount {
        for buffer in try reader.storedBuffers(ofBatch: batch) where buffer.column == index {
          stored += buffer.range.count
        }
        let column = try reader.batch(batch, columns: ["input_ids"]).columns[0]
        ids += column.children.first?.data ?? []
      }
      plain += try ids.withUnsafeBytes { try compressor.compress($0) { $0.count } }
    }
    return (stored, plain)
  }

  /// SHA-256 over the digests of the shards' content, as far as it is what the manifest says.
  private func contentDigest() throws -> SHA256Digest {
    var all = SHA256()
    for (reader, shard) in zip(readers, dataset.manifest.shards) {
      var content = SHA256()
      for index in 0..<reader.batchCount {
        var hash = SHA256()
        try reader.batch(index).forEachLogicalBuffer { hash.update($0) }
        content.update(hash.finalize().bytes)
      }
      let digest = content.finalize()
      guard digest == shard.contentDigest else {
        throw PipelineError(
          .malformed, "\(shard.file): the content is not what the manifest says; validate it")
      }
      all.update(digest.bytes)
    }
    return all.finalize()
  }
}

/// A decompressor and the memory that it writes to.
private final class FrameScratch {
  private var decompressor: ZstdDecompressor
  private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)

  init() throws { decompressor = try ZstdDecompressor() }

  deinit { memory.deallocate() }

  /// Unpacks a stored buffer; returns its size.
  func unpack(_ stored: UnsafeRawBufferPointer, isZstd: Bool) throws(ArrowError) -> Int {
    guard isZstd else {
      reserve(stored.count)
      memory.copyMemory(from: stored)
      return stored.count
    }
    let size = Int(clamping: stored.loadUnaligned(as: Int64.self).littleEndian)
    reserve(size)
    let frame = UnsafeRawBufferPointer(rebasing: stored[8...])
    return try decompressor.decompress(
      frame, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<size]))
  }

  private func reserve(_ size: Int) {
    guard size > memory.count else { return }
    memory.deallocate()
    memory = .allocate(byteCount: size, alignment: 64)
  }
}
