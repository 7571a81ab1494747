// SPDX-License-Identifier: Apache-2.0
internal import JSON

// Several processes, perhaps on several machines, make one dataset together. Units are dealt out to
// these tasks in turn; each records the units that it made, and at the end that it is done. Whoever
// merges seals the dataset when all are.
extension StagedDataset {
  /// How many tasks share the unfinished dataset in a directory; `nil` where there are none.
  ///
  /// - Throws: `DatasetError` when the record cannot be read.
  public static func taskCount(in directory: String) throws(DatasetError) -> Int? {
    let path = divisionPath(partial(of: directory))
    guard FileSystem.exists(path) else { return nil }
    let bytes = try FileSystem.read(path)
    guard let count = (try? JSONValue(parsing: bytes))?["tasks"]?.integerValue, count > 0 else {
      throw DatasetError(.corrupt, path: path, "does not say how many tasks there are")
    }
    return count
  }

  /// Whether the unit (or group of units) at a position of the list of all is for this process.
  public func concerns(_ position: Int) -> Bool {
    if case .task(let part) = policy { part.has(position) } else { true }
  }

  /// Ends the run: records that a task is done, or puts everything in place.
  ///
  /// - Parameters: as of `seal`.
  public func complete(_ manifest: Manifest, companions: [(name: String, bytes: [UInt8])])
    throws(DatasetError)
  {
    guard case .task(let part) = policy else {
      return try seal(manifest, companions: companions)
    }
    let keys = manifest.units.map { JSONValue.string(Self.key(name: $0.name, epoch: $0.epoch)) }
    let done: JSONValue = ["units": .array(keys)]
    try FileSystem.synchronizeDirectory(partial)
    try FileSystem.replace(Self.donePath(partial, part.index), with: done.serialized(pretty: true))
  }

  var isTask: Bool { if case .task = policy { true } else { false } }

  /// Agrees with the other tasks on their number; the plan's lock must be held.
  func join(_ part: Part) throws(DatasetError) {
    if let count = try Self.taskCount(in: directory) {
      guard count == part.count else {
        throw DatasetError(
          .usage, path: directory,
          "is being made by \(count) tasks, so there is no task \(part); "
            + "without --task the run makes what is missing")
      }
      return
    }
    let division: JSONValue = ["tasks": .init(part.count)]
    try FileSystem.replace(Self.divisionPath(partial), with: division.serialized(pretty: true))
  }

  /// - Throws: `DatasetError` with `.notADataset` unless tasks worked here and all are done.
  static func checkTasksAreDone(in directory: String) throws(DatasetError) {
    guard let count = try taskCount(in: directory) else {
      throw DatasetError(.notADataset, path: directory, "no tasks worked here: nothing to merge")
    }
    let missing = (0..<count).filter { !FileSystem.exists(donePath(partial(of: directory), $0)) }
    guard missing.isEmpty else {
      let named = missing.prefix(8).map { "\($0)/\(count)" }.joined(separator: ", ")
      throw DatasetError(
        .notADataset, path: directory,
        "\(missing.count) of \(count) tasks are not done: \(named)"
          + (missing.count > 8 ? ", …" : "") + "; run them again")
    }
  }

  /// Makes sure that what tasks have made is still there.
  ///
  /// - Throws: `DatasetError` with `.corrupt` naming a unit that is missing.
  func checkUnitsOfTasks() throws(DatasetError) {
    for index in 0..<(try Self.taskCount(in: directory) ?? 0) {
      let path = Self.donePath(partial, index)
      let done = try? JSONValue(parsing: FileSystem.read(path))
      guard let keys = done?["units"]?.arrayValue?.map({ $0.stringValue ?? "" }) else {
        throw DatasetError(.corrupt, path: path, "does not say which units the task has made")
      }
      guard let missing = keys.first(where: { finished[$0] == nil }) else { continue }
      throw DatasetError(
        .corrupt, path: directory,
        "unit \(missing), which task \(index) has made, is gone; prep run without --task makes it")
    }
  }

  private static func partial(of directory: String) -> String { "\(directory)/.partial" }

  private static func divisionPath(_ partial: String) -> String { "\(partial)/division.json" }

  private static func donePath(_ partial: String, _ task: Int) -> String {
    "\(partial)/task-\(task).done"
  }
}
