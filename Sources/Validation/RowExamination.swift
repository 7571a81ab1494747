// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Concurrency
internal import Digests

/// Runs the rules of a kind over the batches of one file after another.
struct RowExamination {
  /// What was counted in one file.
  struct Sums {
    var rows = 0
    var tokens = 0
    var contentDigest: SHA256Digest
  }

  /// Rows of the dataset that the probe of pairs is fed with, at most about so many.
  private static let probedPairs = 50_000

  let rules: any RowRules
  let ledger: ExampleLedger?
  private let threads: Int
  private let pairStride: Int

  /// - Parameter rows: how many rows the dataset has.
  init(_ rules: any RowRules, threads: Int, rows: Int) {
    self.rules = rules
    self.threads = threads
    ledger = rules.makeLedger()
    pairStride = max(1, rows / Self.probedPairs)
  }

  /// What one batch gave.
  private struct BatchResult: Sendable {
    var rows = 0
    var tokens = 0
    var contentDigest: [UInt8] = []
    var findings: [Finding] = []
    var evidence: ExampleEvidence?
  }

  /// Examines a file; nil if it cannot be read.
  ///
  /// - Parameters:
  ///   - isTraining: whether the rows are of `train`.
  ///   - counts: the counts of the unit that the file holds all of.
  ///   - copies: how often a document of the unit was sampled, at most.
  func run(
    _ reader: ArrowFileReader, file: String, isTraining: Bool, source: SourceDocuments?,
    counts: [String: Int]?, copies: Int = 1, _ report: inout ValidationReport,
    progress: (Int) -> Void
  ) throws -> Sums? {
    report.shards += 1
    let schemaFindings = rules.schemaFindings(reader.schema, file: file)
    for finding in schemaFindings { report.add(finding) }
    var firstRows: [Int] = [0]
    do {
      for batch in 0..<reader.batchCount {
        firstRows.append(firstRows[batch] + (try reader.rowCount(ofBatch: batch)))
      }
    } catch {
      report.add(Finding(rule: "unreadable-shard", file: file, "\(error)"))
      return nil
    }
    let text: BatchPlace.Text =
      ledger?.text.map { isTraining ? .training($0) : .heldOut($0) } ?? .ignored
    var next = 0
    var sums = Sums(contentDigest: SHA256.digest(of: []))
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
            let place = BatchPlace(
              file: file, firstRow: firstRows[index], source: source, text: text,
              pairStride: pairStride)
            return examine(reader, batch: index, at: place)
          }, finish: { $0 })
      },
      fold: { result, _ in
        sums.rows += result.rows
        sums.tokens += result.tokens
        hash.update(result.contentDigest)
        findings += result.findings
        if let evidence = result.evidence { ledger?.add(evidence, rows: result.rows) }
        progress(sums.rows)
      },
      flush: { _ in }, sink: { _ in })
    sums.contentDigest = hash.finalize()
    for finding in findings { report.add(finding) }
    report.rows += sums.rows
    report.tokens += sums.tokens
    let shard = ExampleLedger.Shard(file: file, counts: counts, copies: copies, source: source)
    for finding in ledger?.end(shard) ?? [] { report.add(finding) }
    return sums
  }

  private func examine(
    _ reader: ArrowFileReader, batch index: Int, at place: BatchPlace
  ) -> BatchResult {
    var result = BatchResult()
    do {
      let batch = try reader.batch(index)
      var hash = SHA256()
      batch.forEachLogicalBuffer { hash.update($0) }
      result.contentDigest = hash.finalize().bytes
      result.rows = batch.rowCount
      let examination = rules.examine(batch, at: place)
      result.tokens = examination.tokens
      result.findings = examination.findings
      result.evidence = examination.evidence
    } catch {
      result.findings = [
        Finding(rule: "damaged-batch", file: place.file, row: place.firstRow, "\(error)")
      ]
    }
    return result
  }
}
