// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
public import Datasets

/// Checks Arrow files that somebody else made, without a manifest: the columns, and every row
/// against the rules of an objective.
public struct FilesValidation {
  private let names: [String]
  private let directory: String
  private let threads: Int
  private let source: SourceDocuments?

  /// Lists the files.
  ///
  /// - Parameters:
  ///   - path: a file, or a directory whose `.arrow` files are taken in byte order. Names that
  ///     begin with `train` are one split, others are held out.
  ///   - source: the documents that all files together were made from.
  /// - Throws: `DatasetError` when there is no such file.
  public init(path: String, threads: Int, source: SourceDocuments?) throws(DatasetError) {
    self.threads = threads
    self.source = source
    if FileSystem.isDirectory(path) {
      directory = path
      names = try FileSystem.names(in: path).filter { $0.hasSuffix(".arrow") }
    } else {
      let slash = path.lastIndex(of: "/")
      directory = slash.map { String(path[..<$0]) } ?? "."
      names = [slash.map { String(path[path.index(after: $0)...]) } ?? path]
    }
    guard !names.isEmpty, names.allSatisfy({ FileSystem.exists("\(directory)/\($0)") }) else {
      throw DatasetError(.missing, path: path, "no Arrow file there")
    }
  }

  /// Runs all checks.
  ///
  /// - Throws: errors of the machine; what is wrong with the data is in the report.
  public func run(
    rules: ExampleRules, progress: (Int, Int) -> Void
  ) throws -> ValidationReport {
    var report = ValidationReport()
    var readers: [(name: String, reader: ArrowFileReader)] = []
    var total = 0
    for name in names {
      do {
        let reader = try ArrowFileReader(path: "\(directory)/\(name)")
        for batch in 0..<reader.batchCount { total += try reader.rowCount(ofBatch: batch) }
        readers.append((name, reader))
      } catch {
        report.add(Finding(rule: "unreadable-shard", file: name, "\(error)"))
      }
    }
    let examination = RowExamination(rules, threads: threads, rows: total)
    let heldOut = readers.filter { !$0.name.hasPrefix("train") }
    let training = readers.filter { $0.name.hasPrefix("train") }
    if !heldOut.isEmpty, !training.isEmpty {
      // Rows of a few hundred tokens: without a manifest nobody has counted them.
      examination.ledger?.expectHeldOut(tokens: total * 512)
    }
    for (index, file) in (heldOut + training).enumerated() {
      if index == heldOut.count { examination.ledger?.closeHeldOut() }
      let before = report.rows
      _ = try examination.run(
        file.reader, file: file.name, isTraining: index >= heldOut.count, source: source,
        counts: nil, &report
      ) { progress(before + $0, total) }
    }
    examination.ledger?.conclude(counts: nil, isWhole: true, &report)
    report.notChecked.append("digests, row counts, dropped tokens: there is no manifest")
    return report
  }
}
