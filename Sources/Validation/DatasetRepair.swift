// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
public import Datasets
internal import Digests
internal import JSON

/// Restores what can be restored of a damaged dataset: footers and manifests from the streams that the
/// shards contain, sums and card from the manifest.
///
/// What cannot be verified against a digest that survived is said to be lost. A damaged file that is
/// replaced by less than it once held is moved to `DIRECTORY.damaged/`, never removed.
public struct DatasetRepair {
  /// What came of it.
  public struct Report: Sendable, Hashable {
    /// What is again as it was, or was made anew.
    public internal(set) var restored: [String] = []
    /// What could not be saved.
    public internal(set) var lost: [String] = []
    /// Whether nothing was lost.
    public var isWhole: Bool { lost.isEmpty }
  }

  private let directory: String
  private var report = Report()

  /// Prepares to repair a directory.
  ///
  /// - Throws: `DatasetError` when there is no such directory.
  public init(directory: String) throws(DatasetError) {
    guard FileSystem.isDirectory(directory) else {
      throw DatasetError(.missing, path: directory, "no such directory")
    }
    guard !FileSystem.exists("\(directory)/.partial") else {
      throw DatasetError(
        .notADataset, path: directory,
        "an unfinished run is there; finish it with --resume, there is nothing to repair")
    }
    self.directory = directory
  }

  /// Repairs.
  ///
  /// - Parameter makeRules: makes the row rules of a dataset, to count tokens anew where shards changed.
  /// - Throws: `DatasetError` when nothing can be saved, or reading or writing fails.
  public mutating func run(
    rules makeRules: (Dataset) throws -> any RowRules
  ) throws -> Report {
    let sums = try? ChecksumList(FileSystem.read("\(directory)/\(ChecksumList.fileName)"))
    var manifest: Manifest
    var hasManifest = true
    do {
      manifest = try Dataset(directory).manifest
    } catch {
      manifest = try ManifestRecovery(directory: directory).manifest()
      hasManifest = false
    }
    let before = manifest
    var damaged: Set<String> = []
    for (unit, record) in manifest.units.enumerated() {
      for (index, shard) in record.shards.enumerated() {
        let repair = ShardRepair(
          directory: directory, shard: shard, manifest: manifest,
          digest: hasManifest ? shard.digest : sums?.digest(of: shard.file), isKnown: hasManifest)
        switch try repair.run() {
        case .sound(let current): manifest.units[unit].shards[index] = current
        case .restored(let current):
          manifest.units[unit].shards[index] = current
          report.restored.append("\(shard.file): as it was before it was damaged")
        case .reduced(let current, let what):
          manifest.units[unit].shards[index] = current
          damaged.insert(shard.file)
          report.lost.append("\(shard.file): \(what)")
        case .lost(let what): report.lost.append("\(shard.file): \(what)")
        }
      }
    }
    try checkTokenizer(manifest, sums)
    if !hasManifest || !damaged.isEmpty {
      try recount(&manifest, of: hasManifest ? damaged : nil, makeRules)
    }
    if !hasManifest { describeRecovery(manifest) }
    try seal(manifest, isUnchanged: hasManifest && manifest == before, sums)
    return report
  }

  private mutating func checkTokenizer(_ manifest: Manifest, _ sums: ChecksumList?) throws {
    let path = "\(directory)/tokenizer.json"
    guard let bytes = try? FileSystem.read(path),
      SHA256.digest(of: bytes) == manifest.tokenizer.digest
    else {
      report.lost.append(
        "tokenizer.json: not the tokenizer with SHA-256 \(manifest.tokenizer.digest); "
          + "put it there from another dataset that was made with it")
      return
    }
    let name = "tokenizer_config.json"
    guard let bytes = try? FileSystem.read("\(directory)/\(name)") else {
      return report.lost.append("\(name): not there; AutoTokenizer needs it, prep does not")
    }
    if let expected = sums?.digest(of: name), SHA256.digest(of: bytes) != expected {
      report.lost.append("\(name): changed or damaged; nothing says how it was")
    }
  }

  /// Counts tokens and losses of shards anew: of those named, or of all.
  private mutating func recount(
    _ manifest: inout Manifest, of files: Set<String>?,
    _ makeRules: (Dataset) throws -> any RowRules
  ) throws {
    let dataset = Dataset(directory: directory, manifest: manifest)
    let rules: any RowRules
    do {
      rules = try makeRules(dataset)
    } catch {
      report.lost.append("counts of tokens: \(error)")
      return
    }
    for (unit, record) in manifest.units.enumerated() {
      for (index, shard) in record.shards.enumerated() where files?.contains(shard.file) ?? true {
        guard let reader = try? dataset.reader(of: shard) else { continue }
        var tokens = 0
        var accounting = Accounting()
        for batch in 0..<reader.batchCount {
          let batch = try reader.batch(batch)
          let examined = rules.examine(batch, at: BatchPlace(file: shard.file, firstRow: 0))
          tokens += examined.tokens
          if let evidence = examined.evidence { accounting.add(evidence.accounting) }
        }
        manifest.units[unit].shards[index].tokens = tokens
        guard manifest.kind == .examples else {
          if files == nil { manifest.units[unit].counts["documents", default: 0] += shard.rows }
          continue
        }
        manifest.units[unit].shards[index].lossTokens = accounting.lossTokens
        guard files == nil || record.shards.count == 1 else { continue }
        manifest.units[unit].counts["input_tokens"] = accounting.inputTokens
        manifest.units[unit].counts["input_padding"] = accounting.inputPadding
        manifest.units[unit].counts["loss_tokens"] = accounting.lossTokens
        manifest.units[unit].counts["target_padding"] = accounting.targetPadding
        manifest.units[unit].counts = manifest.units[unit].counts.filter { $0.value > 0 }
      }
    }
  }

  private mutating func describeRecovery(_ manifest: Manifest) {
    report.restored.append(
      "\(Manifest.fileName): made anew from the shards (\(manifest.shards.count)): what they are, their "
        + "parameters, rows, tokens and digests")
    var gone = "names and digests of the inputs, what each unit was made from, drops by reason, "
    gone += "library versions, the digest of the plan"
    if manifest.kind == .examples { gone += ", the seed" }
    report.lost.append("\(Manifest.fileName): " + gone)
  }

  /// Writes card, sums and manifest, as far as they are not as they should be; the manifest last.
  private mutating func seal(
    _ manifest: Manifest, isUnchanged: Bool, _ sums: ChecksumList?
  ) throws {
    let card = DatasetCard.bytes(for: manifest)
    if try FileSystem.contents("\(directory)/\(DatasetCard.fileName)") != card {
      try FileSystem.replace("\(directory)/\(DatasetCard.fileName)", with: card)
      report.restored.append("\(DatasetCard.fileName): written anew")
    }
    let bytes = manifest.serialized
    let manifestPath = "\(directory)/\(Manifest.fileName)"
    if isUnchanged, let stored = try FileSystem.contents(manifestPath), stored != bytes {
      report.restored.append("\(Manifest.fileName): written anew in its usual form")
    }
    var entries = manifest.shards.map { ChecksumList.Entry(digest: $0.digest, name: $0.file) }
    for name in ["tokenizer.json", "tokenizer_config.json"] {
      guard let content = try FileSystem.contents("\(directory)/\(name)") else { continue }
      entries.append(.init(digest: SHA256.digest(of: content), name: name))
    }
    entries.append(.init(digest: SHA256.digest(of: card), name: DatasetCard.fileName))
    entries.append(.init(digest: SHA256.digest(of: bytes), name: Manifest.fileName))
    let list = ChecksumList(entries: entries).serialized
    let sumsPath = "\(directory)/\(ChecksumList.fileName)"
    if try FileSystem.contents(sumsPath) != list {
      try FileSystem.replace(sumsPath, with: list)
      report.restored.append("\(ChecksumList.fileName): written anew")
    }
    if try FileSystem.contents(manifestPath) != bytes {
      try FileSystem.replace(manifestPath, with: bytes)
    }
    try FileSystem.synchronizeDirectory(directory)
  }
}
