// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Concurrency
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

  /// Opens the dataset.
  ///
  /// - Throws: `DatasetError` when the directory has no readable manifest.
  public init(directory: String, threads: Int) throws(DatasetError) {
    dataset = try Dataset(directory)
    self.threads = threads
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
    let total = dataset.manifest.shards.reduce(0) { $0 + $1.rows }
    for shard in dataset.manifest.shards {
      let before = report.rows
      try check(shard, rules, &report) { progress(before + $0, total) }
    }
    for finding in rules.datasetFindings(dataset.manifest) { report.add(finding) }
    return report
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

  /// What one batch gave.
  private struct BatchResult: Sendable {
    var rows = 0
    var tokens = 0
    var contentDigest: [UInt8] = []
    var findings: [Finding] = []
  }

  private func check(
    _ shard: Manifest.Shard, _ rules: any RowRules, _ report: inout ValidationReport,
    progress: (Int) -> Void
  ) throws {
    let reader: ArrowFileReader
    do {
      reader = try dataset.reader(of: shard)
    } catch {
      report.add(Finding(rule: "unreadable-shard", file: shard.file, error.message))
      return
    }
    report.shards += 1
    for finding in rules.schemaFindings(reader.schema, file: shard.file) { report.add(finding) }
    var firstRows: [Int] = [0]
    do {
      for batch in 0..<reader.batchCount {
        firstRows.append(firstRows[batch] + (try reader.rowCount(ofBatch: batch)))
      }
    } catch {
      report.add(Finding(rule: "unreadable-shard", file: shard.file, "\(error)"))
      return
    }
    var next = 0
    var sum = BatchResult()
    var hash = SHA256()
    var findings: [Finding] = []
    try OrderedPipeline<Int, BatchResult, Void, Void>(threads: threads).run(
      source: {
        defer { next += 1 }
        return next < reader.batchCount ? next : nil
      },
      worker: {
        .init(
          map: { index in
            Self.check(
              reader, batch: index, firstRow: firstRows[index], file: shard.file, rules: rules)
          }, finish: { $0 })
      },
      fold: { result, _ in
        sum.rows += result.rows
        sum.tokens += result.tokens
        hash.update(result.contentDigest)
        findings += result.findings
        progress(sum.rows)
      },
      flush: { _ in }, sink: { _ in })
    for finding in findings { report.add(finding) }
    report.rows += sum.rows
    report.tokens += sum.tokens
    // What could not be read cannot be counted.
    let isWhole = !findings.contains { $0.rule == "damaged-batch" }
    if isWhole { compare(shard, sum, hash.finalize(), &report) }
  }

  private static func check(
    _ reader: ArrowFileReader, batch index: Int, firstRow: Int, file: String, rules: any RowRules
  ) -> BatchResult {
    var result = BatchResult()
    do {
      let batch = try reader.batch(index)
      var hash = SHA256()
      batch.forEachLogicalBuffer { hash.update($0) }
      result.contentDigest = hash.finalize().bytes
      result.rows = batch.rowCount
      result.tokens = rules.tokenCount(of: batch)
      result.findings = rules.rowFindings(batch, firstRow: firstRow, file: file)
    } catch {
      result.findings = [Finding(rule: "damaged-batch", file: file, row: firstRow, "\(error)")]
    }
    return result
  }

  /// The numbers of the manifest against what was counted.
  private func compare(
    _ shard: Manifest.Shard, _ sum: BatchResult, _ digest: SHA256Digest,
    _ report: inout ValidationReport
  ) {
    if sum.rows != shard.rows {
      report.add(
        Finding(
          rule: "row-count", file: shard.file,
          "\(sum.rows) rows, the manifest says \(shard.rows)"))
    }
    if sum.tokens != shard.tokens {
      report.add(
        Finding(
          rule: "token-count", file: shard.file,
          "\(sum.tokens) tokens, the manifest says \(shard.tokens)"))
    }
    if digest != shard.contentDigest {
      report.add(
        Finding(
          rule: "content-digest", file: shard.file,
          "the decoded content has SHA-256 \(digest), the manifest says \(shard.contentDigest)"))
    }
  }
}
