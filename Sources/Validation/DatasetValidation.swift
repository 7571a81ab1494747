// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
public import Datasets
internal import Digests
internal import JSON
internal import Objectives

/// Checks a dataset from the outside in: the directory against its sums, the manifest against the
/// shards, the schema against the parameters, and every row against the rules of its kind.
///
///     let report = try DatasetValidation(directory: "shards", threads: 2).run { _, _ in }
///     for finding in report.findings { print(finding) }
public struct DatasetValidation {
  private let dataset: Dataset
  private let threads: Int
  private let level: ValidationLevel
  private let sources: ((Manifest.Unit) throws -> SourceDocuments?)?

  /// Opens the dataset.
  ///
  /// - Parameters:
  ///   - level: how much is looked at.
  ///   - sources: reads the documents that a unit was made from; `nil` leaves them out.
  /// - Throws: `DatasetError` when the directory has no readable manifest.
  public init(
    directory: String, level: ValidationLevel = .full, threads: Int,
    sources: ((Manifest.Unit) throws -> SourceDocuments?)? = nil
  ) throws(DatasetError) {
    dataset = try Dataset(directory)
    self.threads = threads
    self.level = level
    self.sources = sources
  }

  /// Runs all checks.
  ///
  /// - Parameters:
  ///   - makeRules: makes the row rules of the dataset; the tokenizer's facts come from outside.
  ///   - progress: receives the rows checked so far and their number.
  /// - Throws: `DatasetError` when the directory cannot be read at all; what is wrong with the
  ///   data is in the report instead.
  public func run(
    rules makeRules: (Dataset) throws -> any RowRules, progress: (Int, Int) -> Void
  ) throws -> ValidationReport {
    var report = ValidationReport()
    try DirectoryCheck(dataset: dataset, level: level).run(&report)
    let rules: any RowRules
    do {
      rules = try makeRules(dataset)
    } catch {
      report.add(Finding(rule: "manifest", file: Manifest.fileName, "\(error)"))
      return report
    }
    let manifest = dataset.manifest
    let tasks = manifest.units.flatMap { unit in
      unit.shards.map { Task(unit: unit, shard: $0) }
    }
    let total = tasks.reduce(0) { $0 + $1.shard.rows }
    let examination = RowExamination(rules, threads: threads, rows: total)
    report.accounting = Accounting(manifest)
    guard level == .full else {
      for task in tasks { try checkFooter(task.shard, rules, &report) }
      report.notChecked.append(level.leavesOut)
      return report
    }
    // What is held out comes first, so that it can be looked for in the rest.
    let heldOut = tasks.filter { $0.shard.split != "train" }
    let training = tasks.filter { $0.shard.split == "train" }
    if !heldOut.isEmpty, !training.isEmpty {
      examination.ledger?.expectHeldOut(tokens: heldOut.reduce(0) { $0 + $1.shard.tokens })
    }
    for (index, task) in (heldOut + training).enumerated() {
      if index == heldOut.count { examination.ledger?.closeHeldOut() }
      let before = report.rows
      try check(task, examination, &report) { progress(before + $0, total) }
    }
    for finding in rules.datasetFindings(manifest) { report.add(finding) }
    for finding in ManifestSums.findings(manifest, try dataset.bytes(of: Manifest.fileName)) {
      report.add(finding)
    }
    // Of shards that are lost or others than listed, sums say nothing new.
    let isWhole = report.rows == total && !report.findings.contains { $0.rule == "content-digest" }
    examination.ledger?.conclude(counts: manifest.counts, isWhole: isWhole, &report)
    return report
  }

  /// A shard and the unit that it belongs to.
  private struct Task {
    let unit: Manifest.Unit
    let shard: Manifest.Shard
  }

  // MARK: Shards

  private func check(
    _ task: Task, _ examination: RowExamination, _ report: inout ValidationReport,
    progress: (Int) -> Void
  ) throws {
    let shard = task.shard
    guard let reader = reader(of: shard, &report) else { return }
    var source: SourceDocuments?
    if let sources {
      do {
        source = try sources(task.unit)
      } catch {
        report.add(Finding(rule: "source", file: shard.file, "\(error)"))
      }
    }
    let isPart =
      task.unit.shards.count > 1 || task.unit.isPart
      || dataset.manifest.parameters["limit"]?.isNull == false
    let sums = try examination.run(
      reader, file: shard.file, isTraining: shard.split == "train", source: source,
      counts: isPart ? nil : task.unit.counts,
      copies: task.unit.counts[Manifest.Unit.copiesKey] ?? 1, &report, progress: progress)
    guard let sums else { return }
    checkRows(sums.rows, shard, &report)
    if sums.tokens != shard.tokens {
      report.add(
        Finding(
          rule: "token-count", file: shard.file,
          "\(sums.tokens) tokens, the manifest says \(shard.tokens)"))
    }
    if sums.contentDigest != shard.contentDigest {
      report.add(
        Finding(
          rule: "content-digest", file: shard.file,
          "the decoded content has SHA-256 \(sums.contentDigest), the manifest says "
            + "\(shard.contentDigest)"))
    }
  }

  /// What a shard says about itself, without its values.
  private func checkFooter(
    _ shard: Manifest.Shard, _ rules: any RowRules, _ report: inout ValidationReport
  ) throws {
    guard let reader = reader(of: shard, &report) else { return }
    report.shards += 1
    for finding in rules.schemaFindings(reader.schema, file: shard.file) { report.add(finding) }
    do {
      let rows = try reader.rowOffsets().rowCount
      report.rows += rows
      report.tokens += shard.tokens
      checkRows(rows, shard, &report)
    } catch {
      report.add(Finding(rule: "unreadable-shard", file: shard.file, "\(error)"))
    }
  }

  /// Opens a shard and holds its footer against its stream; nil if it cannot be opened.
  private func reader(
    of shard: Manifest.Shard, _ report: inout ValidationReport
  ) -> ArrowFileReader? {
    let reader: ArrowFileReader
    do {
      reader = try dataset.reader(of: shard)
    } catch {
      report.add(Finding(rule: "unreadable-shard", file: shard.file, error.message))
      return nil
    }
    do {
      try reader.checkStream()
    } catch {
      report.add(Finding(rule: "footer", file: shard.file, "\(error)"))
    }
    return reader
  }

  private func checkRows(
    _ rows: Int, _ shard: Manifest.Shard, _ report: inout ValidationReport
  ) {
    guard rows != shard.rows else { return }
    report.add(
      Finding(
        rule: "row-count", file: shard.file, "\(rows) rows, the manifest says \(shard.rows)"))
  }
}

extension ValidationLevel {
  /// What a level below `full` does not look at.
  fileprivate var leavesOut: String {
    self == .footers ? "digests of the shards, and their values" : "the values of the shards"
  }
}
