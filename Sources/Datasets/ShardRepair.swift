// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
public import Digests
internal import JSON

/// Puts one shard together again from the stream inside it.
public struct ShardRepair {
  /// What became of a shard; the record describes the file as it is now.
  public enum Outcome: Sendable, Hashable {
    /// Nothing was wrong with the file.
    case sound(Manifest.Shard)
    /// The file has the digest again that it had.
    case restored(Manifest.Shard)
    /// The file holds what could be read; what it lacks, or why nobody knows, is said.
    case reduced(Manifest.Shard, String)
    /// Nothing could be saved.
    case lost(String)
  }

  private let directory: String
  private let shard: Manifest.Shard
  private let manifest: Manifest
  private let digest: SHA256Digest?
  private let isKnown: Bool

  /// - Parameters:
  ///   - digest: SHA-256 of the file as it was, if something still says it.
  ///   - isKnown: whether the record of the shard is that of the manifest, not made up.
  public init(
    directory: String, shard: Manifest.Shard, manifest: Manifest, digest: SHA256Digest?,
    isKnown: Bool
  ) {
    self.isKnown = isKnown
    self.directory = directory
    self.shard = shard
    self.manifest = manifest
    self.digest = digest
  }

  /// Examines the file and writes it anew if that is better.
  ///
  /// - Throws: `DatasetError` when writing fails.
  public func run() throws -> Outcome {
    let path = "\(directory)/\(shard.file)"
    guard FileSystem.exists(path) else { return .lost("not there, and nothing holds its rows") }
    let current = try FileSystem.digest(of: path)
    if current == digest, isKnown { return .sound(shard) }
    let schema = ManifestRecovery.anySchema(in: directory, besides: shard.file)
    let salvage: ArrowSalvage
    do {
      salvage = try ArrowSalvage(path: path, fallback: schema)
    } catch {
      return .lost("\(error.message); no other shard has its schema")
    }
    if digest == nil || digest == current, let kept = try kept(salvage, current, path) {
      return .sound(kept)
    }
    // The batches as they stand; if a byte between their buffers was changed, encoded anew.
    for compression in [nil, ArrowCompression(name: compressionName)] {
      guard digest != nil else { break }
      let written = try write(salvage, compression: compression)
      if written.digest == digest {
        try FileSystem.rename(path + ".repaired", to: path)
        return .restored(described(written))
      }
      try FileSystem.remove(path + ".repaired")
    }
    return try reduce(salvage, path)
  }

  /// The record of a file in which nothing is wrong, though nobody says how it was; nil for others.
  private func kept(
    _ salvage: ArrowSalvage, _ current: SHA256Digest, _ path: String
  ) throws -> Manifest.Shard? {
    guard salvage.damage.isEmpty, salvage.hasEnd, let reader = try? ArrowFileReader(path: path),
      (try? reader.checkStream()) != nil
    else { return nil }
    var kept = described(try write(salvage, compression: nil))
    try FileSystem.remove(path + ".repaired")
    kept.digest = current
    kept.bytes = try FileSystem.size(of: path)
    return kept
  }

  /// Replaces a file by what could be saved of it.
  private func reduce(_ salvage: ArrowSalvage, _ path: String) throws -> Outcome {
    let written = try write(salvage, compression: nil)
    let attic = directory + ".damaged"
    try FileSystem.createDirectory(attic)
    try FileSystem.rename(path, to: "\(attic)/\(shard.file)")
    try FileSystem.rename(path + ".repaired", to: path)
    let saved = described(written)
    return .reduced(saved, loss(salvage, saved))
  }

  private func loss(_ salvage: ArrowSalvage, _ saved: Manifest.Shard) -> String {
    var parts = ["\(saved.rows) rows saved"]
    if isKnown {
      parts.append("\(max(0, shard.rows - saved.rows)) of \(shard.rows) lost")
    } else if salvage.lostRows > 0 || !salvage.hasEnd {
      parts.append(
        "at least \(salvage.lostRows) lost\(salvage.hasEnd ? "" : ", the end among them")")
    }
    if isKnown, saved.rows == shard.rows {
      parts.append(
        saved.contentDigest == shard.contentDigest
          ? "their content is what it was, the bytes are not"
          : "nothing proves that their values are what they were")
    }
    if let first = salvage.damage.first { parts.append("first damage: \(first)") }
    return parts.joined(separator: ", ") + "; the damaged file is in \(directory).damaged"
  }

  private func described(_ written: Manifest.Shard) -> Manifest.Shard {
    var result = written
    result.tokens = shard.tokens
    result.lossTokens = shard.lossTokens
    return result
  }

  private var compressionName: String {
    manifest.parameters["compression"]?.stringValue ?? "zstd:3"
  }

  /// Writes what was saved under another name.
  private func write(
    _ salvage: ArrowSalvage, compression: ArrowCompression?
  ) throws -> Manifest.Shard {
    let writer = try ShardWriter(
      directory: directory, file: shard.file + ".repaired", split: shard.split,
      schema: salvage.schema)
    var encoder = try BatchEncoder(schema: salvage.schema, compression: compression ?? .none)
    for index in salvage.batches.indices {
      let (batch, message) = try salvage.batch(index)
      if compression == nil {
        try writer.append(ShardBatch(batch, encoded: message))
      } else {
        try writer.append(ShardBatch(batch, tokens: 0, lossTokens: nil, encoder: &encoder))
      }
    }
    var written = try writer.finish()
    written.file = shard.file
    return written
  }
}
