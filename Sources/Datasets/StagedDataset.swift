// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
internal import Digests
public import JSON

/// A dataset under construction, which looks like nothing until it is whole.
///
/// Work in progress lies in `.partial/` with its plan: finished shards and one record for each
/// finished unit. `seal` moves the shards into place, flushes everything to the disk and puts the
/// manifest there last. Whatever kills the process, the directory is afterwards either a complete
/// dataset or one that `resume` continues to the same bytes.
public final class StagedDataset {
  /// What to do where the output directory is not empty.
  public enum Policy: Sendable, Hashable {
    /// Refuse.
    case refuse
    /// Continue an unfinished run of the same plan; leave a finished one as it is.
    case resume
    /// Remove the dataset, finished or not, and start anew.
    case overwrite
    /// As `resume`, but make only the units of one of several tasks that work in the directory at
    /// the same time, and leave the sealing to a merge.
    case task(Part)
    /// Seal what tasks have made, and make nothing.
    case merge

    /// Whether a run of the same plan is continued.
    var resumes: Bool { self != .refuse && self != .overwrite }
  }

  /// The directory of the dataset.
  public let directory: String
  /// Whether the directory already holds the finished dataset of this very plan.
  public let isComplete: Bool
  /// Records of the units that an earlier run finished, by unit name and epoch.
  public private(set) var finished: [String: Manifest.Unit] = [:]

  /// What was to be done where the directory was not empty.
  public let policy: Policy

  let partial: String
  private let madeDirectory: Bool
  private var locks: [FileLock] = []

  /// Claims a directory for a run.
  ///
  /// - Parameters:
  ///   - directory: where the dataset will be; created where it is missing.
  ///   - plan: everything that decides the bytes; equal plans can continue each other.
  /// - Throws: `DatasetError` with `.outputRefused` when something else is there, `.usage` when
  ///   the unfinished or finished run in the directory had another plan.
  public init(directory: String, policy: Policy, plan: JSONValue) throws(DatasetError) {
    self.directory = directory
    self.policy = policy
    partial = "\(directory)/.partial"
    let planBytes = plan.serialized(pretty: true)
    let existing = FileSystem.exists(directory) ? try Self.contents(of: directory) : .empty
    if existing == .foreign {
      throw DatasetError(
        .outputRefused, path: directory,
        "the directory is not empty and is no dataset; choose another, or empty it yourself")
    }
    switch policy {
    case .refuse where existing == .finished:
      throw DatasetError(
        .outputRefused, path: directory,
        "a dataset is there already; --overwrite replaces it, --resume keeps it "
          + "if it was made with the same parameters")
    case .refuse where existing == .unfinished:
      throw DatasetError(
        .outputRefused, path: directory,
        "an unfinished run is there; --resume continues it, --overwrite starts anew")
    case .merge where existing != .finished:
      try Self.checkTasksAreDone(in: directory)
    case _ where policy.resumes && existing == .finished:
      isComplete = true
      madeDirectory = false
      let manifest = try Dataset(directory).manifest
      guard manifest.planDigest == SHA256.digest(of: planBytes) else {
        throw DatasetError(
          .usage, path: directory,
          "the dataset there was made from other input or parameters; --overwrite replaces it")
      }
      // A crash between the manifest and the end of the clean-up leaves this behind.
      if FileSystem.exists(partial) { try FileSystem.removeTree(partial) }
      return
    case .overwrite where existing != .empty:
      try Self.checkIsOwn(directory)
    default:
      break
    }
    isComplete = false
    madeDirectory = !FileSystem.exists(directory)
    try FileSystem.createDirectory(partial)
    locks = try claim()
    if policy == .overwrite { try removeDataset() }
    let planPath = "\(partial)/plan.json"
    // Tasks begin at the same time: one after another looks for the plan and writes it.
    let planLock = try FileLock("\(partial)/plan.lock", .waiting)
    defer { planLock?.release() }
    if FileSystem.exists(planPath) {
      guard try FileSystem.read(planPath) == planBytes else {
        throw DatasetError(
          .usage, path: directory,
          "the unfinished run there had other input or parameters (see .partial/plan.json); "
            + "--overwrite starts anew")
      }
      try collectFinishedUnits()
    } else {
      try FileSystem.replace(planPath, with: planBytes)
    }
    if case .task(let part) = policy { try join(part) }
    if policy == .merge { try checkUnitsOfTasks() }
  }

  deinit {
    for lock in locks { lock.release() }
  }

  /// Does the work of the run. When it fails before any unit is finished there is nothing to
  /// resume, and the run leaves no trace.
  public func attempt<Result>(_ work: () throws -> Result) throws -> Result {
    do {
      return try work()
    } catch {
      if finished.isEmpty, policy == .refuse || policy == .resume || policy == .overwrite {
        try? FileSystem.removeTree(madeDirectory ? directory : partial)
      }
      throw error
    }
  }

  /// Begins a shard.
  public func shard(file: String, split: String, schema: ArrowSchema) throws(DatasetError)
    -> ShardWriter
  {
    try ShardWriter(directory: partial, file: file, split: split, schema: schema)
  }

  /// Records that a unit and its shards are complete.
  public func record(_ unit: Manifest.Unit) throws(DatasetError) {
    let key = Self.key(name: unit.name, epoch: unit.epoch)
    try FileSystem.synchronizeDirectory(partial)
    try FileSystem.replace(
      "\(partial)/unit-\(key).json", with: unit.json.serialized(pretty: true))
    finished[key] = unit
  }

  /// The key of a unit among `finished`.
  public static func key(name: String, epoch: Int?) -> String {
    epoch.map { "\(name)-e\(twoDigits($0))" } ?? name
  }

  /// Puts everything in place: shards, tokenizer and card, sums, and the manifest last.
  ///
  /// - Parameter companions: further files by name, such as `tokenizer.json`.
  public func seal(_ manifest: Manifest, companions: [(name: String, bytes: [UInt8])])
    throws(DatasetError)
  {
    var manifest = manifest
    manifest.planDigest = SHA256.digest(of: try FileSystem.read("\(partial)/plan.json"))
    for shard in manifest.shards where FileSystem.exists("\(partial)/\(shard.file)") {
      try FileSystem.rename("\(partial)/\(shard.file)", to: "\(directory)/\(shard.file)")
    }
    let files = companions + [(DatasetCard.fileName, DatasetCard.bytes(for: manifest))]
    for (name, bytes) in files {
      try FileSystem.replace("\(directory)/\(name)", with: bytes)
    }
    let manifestBytes = manifest.serialized
    var sums = manifest.shards.map { ChecksumList.Entry(digest: $0.digest, name: $0.file) }
    sums += files.map { .init(digest: SHA256.digest(of: $0.bytes), name: $0.name) }
    sums.append(.init(digest: SHA256.digest(of: manifestBytes), name: Manifest.fileName))
    try FileSystem.replace(
      "\(directory)/\(ChecksumList.fileName)", with: ChecksumList(entries: sums).serialized)
    try FileSystem.synchronizeDirectory(directory)
    try FileSystem.replace("\(directory)/\(Manifest.fileName)", with: manifestBytes)
    try FileSystem.synchronizeDirectory(directory)
    try FileSystem.removeTree(partial)
  }

  // MARK: What is there already

  private enum Contents {
    case empty
    case unfinished
    case finished
    case foreign
  }

  private static func contents(of directory: String) throws(DatasetError) -> Contents {
    guard FileSystem.isDirectory(directory) else {
      throw DatasetError(.outputRefused, path: directory, "a file is in the way of the directory")
    }
    let names = try FileSystem.names(in: directory)
    if names.isEmpty { return .empty }
    if names.contains(Manifest.fileName) {
      return FileSystem.exists("\(directory)/\(ChecksumList.fileName)") ? .finished : .foreign
    }
    return FileSystem.exists("\(directory)/.partial/plan.json") || names == [".partial"]
      ? .unfinished : .foreign
  }

  /// Refuses to touch a directory that holds more than a dataset consists of.
  private static func checkIsOwn(_ directory: String) throws(DatasetError) {
    var own: Set<String> = [
      ".partial", Manifest.fileName, ChecksumList.fileName, DatasetCard.fileName,
      "tokenizer.json", "tokenizer_config.json",
    ]
    if let sums = try? ChecksumList(FileSystem.read("\(directory)/\(ChecksumList.fileName)")) {
      own.formUnion(sums.entries.map(\.name))
    }
    let names = try FileSystem.names(in: directory)
    if let foreign = names.first(where: { !own.contains($0) && !isFileOfARun($0) }) {
      throw DatasetError(
        .outputRefused, path: directory,
        "--overwrite replaces datasets only, and '\(foreign)' there is not part of one")
    }
  }

  /// Whether a name is one that a run gives, `SPLIT-GROUP-CUT….arrow`, or gives while it writes.
  private static func isFileOfARun(_ name: String) -> Bool {
    let name = name.hasSuffix(".tmp") ? String(name.dropLast(4)) : name
    let companions = [
      Manifest.fileName, ChecksumList.fileName, DatasetCard.fileName, "tokenizer.json",
      "tokenizer_config.json", "proposal.feather", "rest.feather",
    ]
    if companions.contains(name) { return true }
    guard name.hasSuffix(".arrow") else { return false }
    let parts = name.dropLast(6).split(separator: "-", omittingEmptySubsequences: false)
    let isNumber = { (part: Substring) in !part.isEmpty && part.allSatisfy(\.isWholeNumber) }
    return (3...4).contains(parts.count) && isNumber(parts[1]) && isNumber(parts[2])
      && (parts.count == 3 || parts[3].hasPrefix("e") && isNumber(parts[3].dropFirst()))
  }

  /// Removes everything but the lock, which must be held.
  private func removeDataset() throws(DatasetError) {
    // First the manifest: from here on nobody takes the directory for a dataset. As long as there
    // is a plan, be it an empty one, it is an unfinished run, not a foreign directory.
    let plan = "plan.json"
    try FileSystem.replace("\(partial)/\(plan)", with: [])
    try FileSystem.remove("\(directory)/\(Manifest.fileName)")
    for name in try FileSystem.names(in: directory) where name != ".partial" {
      try FileSystem.remove("\(directory)/\(name)")
    }
    for name in try FileSystem.names(in: partial) where name != "lock" && name != plan {
      try FileSystem.remove("\(partial)/\(name)")
    }
    try FileSystem.remove("\(partial)/\(plan)")
  }

  /// Makes sure that no other process works in the same directory.
  private func claim() throws(DatasetError) -> [FileLock] {
    guard let whole = try FileLock("\(partial)/lock", isTask ? .shared : .alone) else {
      throw DatasetError(
        .outputRefused, path: directory, "another process is writing this dataset")
    }
    guard case .task(let part) = policy else { return [whole] }
    guard let own = try FileLock("\(partial)/task-\(part.index).lock", .alone) else {
      throw DatasetError(
        .outputRefused, path: directory, "another process is doing task \(part) of this dataset")
    }
    return [whole, own]
  }

  /// Reads the records of finished units whose shards are all there.
  private func collectFinishedUnits() throws(DatasetError) {
    for name in try FileSystem.names(in: partial)
    where name.hasPrefix("unit-") && name.hasSuffix(".json") {
      let path = "\(partial)/\(name)"
      let unit = try Manifest.Unit(FileSystem.read(path), path: path)
      let isThere = unit.shards.allSatisfy {
        FileSystem.exists("\(partial)/\($0.file)") || FileSystem.exists("\(directory)/\($0.file)")
      }
      if isThere { finished[Self.key(name: unit.name, epoch: unit.epoch)] = unit }
    }
  }

  static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
