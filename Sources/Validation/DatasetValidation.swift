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
  private let sources: ((Manifest.Unit) throws -> SourceDocuments?)?

  /// Opens the dataset.
  ///
  /// - Parameter sources: reads the documents that a unit was made from; `nil` leaves them out.
  /// - Throws: `DatasetError` when the directory has no readable manifest.
  public init(
    directory: String, threads: Int, sources: ((Manifest.Unit) throws -> SourceDocuments?)? = nil
  ) throws(DatasetError) {
    dataset = try Dataset(directory)
    self.threads = threads
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
    try checkDirectory(&report)
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
    examination.ledger?.conclude(counts: manifest.counts, &report)
    return report
  }

  /// A shard and the unit that it belongs to.
  private struct Task {
    let unit: Manifest.Unit
    let shard: Manifest.Shard
  }

  // MARK: Files

  /// Every file has the digest that the sums give, and there are no others.
  private func checkDirectory(_ report: inout ValidationReport) throws {
    let names = try dataset.fileNames()
    guard names.contains(ChecksumList.fileName),
      let sums = ChecksumList(try dataset.bytes(of: ChecksumList.fileName))
    else {
      report.add(
        Finding(rule: "sums", file: ChecksumList.fileName, "missing or not a list of SHA-256 sums"))
      return
    }
    let listed = Set(sums.entries.map(\.name))
    for name in names where name != ChecksumList.fileName && !listed.contains(name) {
      report.add(
        Finding(rule: "surplus-file", file: name, "not in SHA256SUMS; it is no part of this"))
    }
    let shards = Dictionary(
      dataset.manifest.shards.map { ($0.file, $0) }, uniquingKeysWith: { first, _ in first })
    for entry in sums.entries {
      guard names.contains(entry.name) else {
        report.add(
          Finding(rule: "missing-file", file: entry.name, "listed in SHA256SUMS, not there"))
        continue
      }
      let digest = try dataset.digest(of: entry.name)
      if digest != entry.digest {
        report.add(
          Finding(
            rule: "file-digest", file: entry.name,
            "SHA-256 is \(digest), SHA256SUMS says \(entry.digest): the file was changed or damaged"
          ))
      }
      if let shard = shards[entry.name], shard.digest != entry.digest {
        report.add(
          Finding(
            rule: "shard-digest", file: entry.name,
            "the manifest says SHA-256 \(shard.digest), SHA256SUMS says \(entry.digest)"))
      }
    }
    for shard in dataset.manifest.shards where !listed.contains(shard.file) {
      report.add(
        Finding(rule: "missing-file", file: shard.file, "in the manifest, not in SHA256SUMS"))
    }
    checkTokenizer(listed, &report)
  }

  private func checkTokenizer(_ listed: Set<String>, _ report: inout ValidationReport) {
    guard let digest = try? dataset.digest(of: "tokenizer.json") else {
      report.add(Finding(rule: "missing-file", file: "tokenizer.json", "not there"))
      return
    }
    if digest != dataset.manifest.tokenizer.digest {
      report.add(
        Finding(
          rule: "stale-tokenizer", file: "tokenizer.json",
          "not the tokenizer that the manifest names (SHA-256 \(digest), "
            + "not \(dataset.manifest.tokenizer.digest))"))
    }
  }

  // MARK: Shards

  private func check(
    _ task: Task, _ examination: RowExamination, _ report: inout ValidationReport,
    progress: (Int) -> Void
  ) throws {
    let shard = task.shard
    let reader: ArrowFileReader
    do {
      reader = try dataset.reader(of: shard)
    } catch {
      report.add(Finding(rule: "unreadable-shard", file: shard.file, error.message))
      return
    }
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
      counts: isPart ? nil : task.unit.counts, &report, progress: progress)
    guard let sums else { return }
    if sums.rows != shard.rows {
      report.add(
        Finding(
          rule: "row-count", file: shard.file,
          "\(sums.rows) rows, the manifest says \(shard.rows)"))
    }
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
}
