// SPDX-License-Identifier: Apache-2.0
internal import Pipeline
internal import Training

/// Verdicts for people.
struct TrainingSummary {
  private let report: TrainingReport

  init(_ report: TrainingReport) {
    self.report = report
  }

  /// One head after the other, then what was completed.
  var lines: [String] {
    var lines: [String] = []
    for judgement in report.judgements { lines += Self.lines(judgement) }
    for sample in report.samples {
      lines += [
        "", "\(sample.task), completed:", "  given    \(RowDisplay.visible(sample.given))",
        "  written  \(RowDisplay.visible(sample.written))",
        "  truth    \(RowDisplay.visible(sample.truth))",
      ]
    }
    lines += report.notes
    if let checkpoint = report.checkpoint { lines += ["", "checkpoint: \(checkpoint)"] }
    return lines
  }

  private static func lines(_ judgement: Judgement) -> [String] {
    let head = "\(judgement.name): \(judgement.verdict.rawValue) (\(judgement.reason))"
    guard let evidence = judgement.evidence else { return [head] }
    let number = { (value: Double) in Quantity.decimal(value, 3) }
    let gap = evidence.gap
    var line =
      "  loss \(number(evidence.loss)); \(evidence.against) \(number(evidence.baseline)); gap "
      + "\(number(gap.mean)) in [\(number(gap.lower)), \(number(gap.upper))]"
    if let unigram = evidence.unigram { line += "; unigram \(number(unigram))" }
    if let bigram = evidence.bigram { line += "; bigram \(number(bigram))" }
    let sample =
      "  \(Quantity.counted(gap.labels, "held-out label")) of "
      + Quantity.counted(gap.documents, "document")
    return [head, line, sample]
  }
}
