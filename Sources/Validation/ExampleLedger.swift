// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import Objectives

/// Keeps what the rows of a dataset show together.
///
/// Memory does not grow with the dataset: counts, the stretches of one shard, a sample of pairs, a
/// sample of the held-out text.
public final class ExampleLedger {
  /// What is known of a shard before its rows are read.
  struct Shard {
    let file: String
    /// The counts of the unit that the shard is made from, if it is all of it.
    let counts: [String: Int]?
    /// How often a document of the unit was sampled, at most.
    let copies: Int
    /// Whether the source is at hand.
    let source: SourceDocuments?
  }

  private let examination: Examination
  private var observations: Observations
  private var accounting = Accounting()
  private var replaced = 0
  private var stretches: [ServedRanges.Stretch] = []
  private var unidentified = 0
  private var ambiguous = 0
  private var rows = 0
  private var rowsSkipped = 0
  /// Whether no row was too faulty to be looked at.
  private var wasReadWhole = true
  private var rowsWithoutProvenance = 0
  private var rowsNotRestored = 0
  private var wasHeldAgainstSource = false
  private var probe = PairProbe()
  private var leak = LabelLeak()
  private(set) var text: HeldOutText?

  init(_ examination: Examination) {
    self.examination = examination
    observations = Observations(examination.statistics)
  }

  /// Begins with the splits that are held out.
  func expectHeldOut(tokens: Int) { text = HeldOutText(tokens: tokens) }

  /// Ends the splits that are held out.
  func closeHeldOut() { text?.close() }

  /// Adds a batch; in the order of the rows.
  func add(_ evidence: ExampleEvidence, rows: Int) {
    self.rows += rows
    observations.add(evidence.observations)
    accounting.add(evidence.accounting)
    replaced += evidence.replaced
    stretches += evidence.stretches
    unidentified += evidence.unidentifiedTokens
    rowsSkipped += evidence.rowsSkipped
    if evidence.rowsSkipped > 0 { wasReadWhole = false }
    rowsWithoutProvenance += evidence.rowsWithoutProvenance
    rowsNotRestored += evidence.rowsNotRestored
    for sample in evidence.pairs { probe.add(sample) }
    leak.add(evidence.leak)
    text?.add(evidence.text)
  }

  /// Ends a shard: what its rows served, and how often.
  func end(_ shard: Shard) -> [Finding] {
    let isWhole = rowsSkipped == 0 && rowsWithoutProvenance == 0
    defer {
      rowsSkipped = 0
      stretches.removeAll(keepingCapacity: true)
      unidentified = 0
    }
    if shard.source != nil { wasHeldAgainstSource = true }
    let overlap: Int
    switch examination.serving {
    case .repeatedly: return []
    case .overlapping(let tokens): overlap = tokens
    case .once: overlap = 0
    }
    let served = ServedRanges(
      stretches, overlap: overlap, isIdentified: shard.source != nil, copies: shard.copies)
    ambiguous += served.ambiguous
    var findings: [Finding] = []
    // Without the source, documents with one id and one text look like one document served again.
    let repeated =
      shard.source == nil ? shard.counts?["repeated_document_tokens"] ?? 0 : 0
    let again = max(0, served.again - repeated)
    if again > 0 || repeated == 0,
      let finding = served.finding(file: shard.file, copies: shard.copies)
    {
      findings.append(finding)
    }
    guard let counts = shard.counts, let sourceTokens = counts["source_tokens"], isWhole else {
      return findings
    }
    let dropped = counts.reduce(0) {
      $1.key.hasPrefix("dropped_tokens_") ? $0 + $1.value : $0
    }
    let sampled = counts[Manifest.Unit.sampledKey]
    let expected = (sampled ?? shard.source?.tokenCount ?? sourceTokens) - dropped
    let found = served.tokens - (sampled == nil ? again : 0) + unidentified
    // Overlaps are counted once; without a source, documents of one id cannot be told apart.
    if found != expected, served.ambiguous == 0, shard.source != nil || overlap == 0 {
      findings.append(
        Finding(
          rule: "serving-count", file: shard.file,
          "the rows serve \(found) source tokens; the source has \(expected), those counted as "
            + "dropped left out"))
    }
    return findings
  }

  /// What everything shows.
  ///
  /// - Parameter isWhole: whether all rows of the manifest were there.
  func conclude(counts: [String: Int]?, isWhole: Bool, _ report: inout ValidationReport) {
    let wasReadWhole = wasReadWhole && isWhole
    var findings: [Finding] = []
    if let stated = report.accounting {
      if wasReadWhole, let finding = contradiction(to: stated) { findings.append(finding) }
    } else {
      report.accounting = accounting
    }
    if wasReadWhole, let finding = replacements(counts ?? [:]) { findings.append(finding) }
    let tests = examination.statistics.count + (examination.pairLabel == nil ? 0 : 1)
    for (statistic, series) in zip(examination.statistics, observations.series) {
      let misses = statistic.knownMisses.flatMap { counts?[$0] } ?? 0
      guard let test = StatisticalTest(statistic, series, knownMisses: misses) else { continue }
      report.statistics.append(test)
      if let finding = test.finding(among: tests) {
        findings.append(finding)
      } else if wasReadWhole, rowsWithoutProvenance == 0, let name = statistic.knownHits,
        let stated = counts?[name], stated != series.bins[0].observed
      {
        findings.append(
          Finding(
            rule: statistic.name,
            "\(statistic.meaning): \(series.bins[0].observed) of \(series.draws), but the manifest "
              + "counts \(stated)"))
      }
    }
    if let column = examination.pairLabel {
      if let outcome = probe.run() {
        report.pairSurface = outcome.accuracy
        if let finding = outcome.finding(
          column: column, known: examination.knownShortcut, among: tests)
        {
          findings.append(finding)
        }
      } else {
        report.notChecked.append("pair-surface: too few pairs of either label")
      }
    }
    if examination.hidesLabels {
      if let reason = leak.reason {
        report.notChecked.append("label-in-input: \(reason)")
      } else if let finding = leak.finding {
        findings.append(finding)
      }
    }
    findings += text?.findings ?? []
    for finding in findings { report.add(finding) }
    noteGaps(&report)
  }

  /// Every proposal that is not the original has the label 1, and nothing else has.
  private func replacements(_ counts: [String: Int]) -> Finding? {
    guard let proposed = counts[Tally.Event.proposedTokens.rawValue] else { return nil }
    let different = proposed - (counts[Tally.Event.proposalsEqualToOriginal.rawValue] ?? 0)
    guard different != replaced else { return nil }
    return Finding(
      rule: "replaced-tokens",
      "\(replaced) tokens have the label 1, but \(different) of \(proposed) proposals differed from "
        + "the original")
  }

  /// What the manifest says the positions are spent on, if the rows say something else.
  private func contradiction(to stated: Accounting) -> Finding? {
    let numbers = [
      ("input tokens", stated.inputTokens, accounting.inputTokens),
      ("input padding", stated.inputPadding, accounting.inputPadding),
      ("tokens with a loss", stated.lossTokens, accounting.lossTokens),
      ("target padding", stated.targetPadding, accounting.targetPadding),
    ]
    guard let (what, said, found) = numbers.first(where: { $0.1 != $0.2 }) else { return nil }
    return Finding(
      rule: "accounting", file: Manifest.fileName, "\(said) \(what), but the rows have \(found)")
  }

  private func noteGaps(_ report: inout ValidationReport) {
    if rowsWithoutProvenance > 0 {
      report.notChecked.append("served ranges: \(rowsWithoutProvenance) rows have no provenance")
    } else if case .repeatedly = examination.serving {
      report.notChecked.append("served ranges: these parameters serve tokens as chance has it")
    }
    if ambiguous > 0 {
      report.notChecked.append(
        "served ranges of \(ambiguous) document ids: several documents share them; use --against")
    }
    if !wasHeldAgainstSource {
      report.notChecked.append("losslessness: give the token dataset with --against")
    } else if rowsNotRestored > 0 {
      report.notChecked.append("losslessness: \(rowsNotRestored) rows cannot be undone")
    }
    if text == nil { report.notChecked.append("text shared by splits: there is one split") }
  }
}
