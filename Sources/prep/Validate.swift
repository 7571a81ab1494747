// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Datasets
internal import JSON
internal import Objectives
internal import Pipeline
internal import Validation

/// `prep validate`
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check datasets: digests, schema, every row, and what all rows show together.",
    discussion: """
      Exits with 1 when a dataset fails a check, and names the fault, the file and the row. Warnings
      are printed and do not fail.

      With --against, every row is undone and held against the tokens it was made from, and every
      token must be served as often as the objective promises. With --objective and --tokenizer,
      Arrow files that prep did not make, or directories of them, are checked the same way.

      A rate fails when it is off by more than 0.002, a distribution when its total variation is
      more than 0.01, and only if chance gives that in less than 1 of 100,000 datasets.
      """)

  @Argument(
    help: ArgumentHelp("Datasets made by prep; with --objective also files.", valueName: "dataset"))
  var datasets: [String]

  @Option(
    help: ArgumentHelp(
      "A token dataset that the examples were made from; may be repeated, in the order of build.",
      valueName: "tokens"))
  var against: [String] = []

  @Option(
    help: ArgumentHelp(
      "Take the rows for examples of this objective; no manifest is needed.", valueName: "name"))
  var objective: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("A parameter of the objective; may be repeated.", valueName: "key=value"))
  var settings: [String] = []

  @Option(help: ArgumentHelp("With --objective: the tokenizer of the ids.", valueName: "file"))
  var tokenizer: String?

  @Option(
    help: ArgumentHelp(
      "With --objective: give a token a role, as in mask=<mask>.", valueName: "role=token"))
  var special: [String] = []

  @Option(
    help: ArgumentHelp(
      "How much to look at: footers (files, sizes, footers), digests (of every file too), or full.")
  )
  var level: ValidationLevel = .full

  @Flag(
    help: ArgumentHelp(
      "First restore lost or damaged footers, manifests, sums and cards from the shards, and say what "
        + "could not be saved."))
  var repair = false

  @Flag(help: "Print a JSON object a dataset.")
  var json = false

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if objective == nil, !settings.isEmpty || tokenizer != nil || !special.isEmpty {
      throw ValidationError("--set, --tokenizer and --special go with --objective.")
    }
    if objective != nil, repair || level != .full {
      throw ValidationError("--repair and --level need the manifest of a dataset, not --objective.")
    }
    if objective != nil, tokenizer == nil {
      throw ValidationError("--objective needs the tokenizer of the ids: --tokenizer FILE.")
    }
  }

  func run() throws {
    var output = StandardOutput()
    var isGood = true
    for directory in datasets {
      var repaired: DatasetRepair.Report?
      if repair {
        repaired = try ValidationRun.repair(directory: directory)
        isGood = isGood && repaired?.isWhole == true
      }
      let display = global.display()
      let report = try validation(of: directory).run { display.show($0) }
      display.end()
      isGood = isGood && report.isGood
      try output.line(
        json ? Self.json(report, directory, repaired) : Self.text(report, directory, repaired))
    }
    try output.flush()
    if !isGood { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }

  private func validation(of path: String) throws -> ValidationRun {
    guard let objective, let tokenizer else {
      return try ValidationRun(
        directory: path, level: level, against: against, threads: global.threads)
    }
    return try ValidationRun(
      path: path, objective: objective, settings: try settings.map(Build.setting),
      tokenizer: tokenizer, specials: special, against: against, threads: global.threads)
  }

  private static func text(
    _ report: ValidationReport, _ directory: String, _ repaired: DatasetRepair.Report?
  ) -> String {
    var lines = (repaired?.restored ?? []).map { "\(directory): restored: \($0)" }
    lines += (repaired?.lost ?? []).map { "\(directory): NOT SAVED: \($0)" }
    lines += report.findings.map(\.description)
    let size =
      "\(Quantity.counted(report.rows, "row")) and \(Quantity.counted(report.tokens, "token")) "
      + "in \(Quantity.counted(report.shards, "shard"))"
    let faults = report.findings.count { $0.severity == .fault }
    lines.append(
      report.isGood
        ? "\(directory): good: \(size)"
        : "\(directory): FAILED with \(Quantity.counted(faults, "finding")) in \(size)")
    if let accounting = report.accounting { lines.append("  \(accounting.description)") }
    if !report.statistics.isEmpty {
      lines.append("  statistics: \(report.statistics.map(\.description).joined(separator: "; "))")
    }
    if let surface = report.pairSurface {
      lines.append(
        "  pairs told by their surface: \(Quantity.decimal(surface, 3)) of rows (0.5 is chance)")
    }
    lines += report.notChecked.map { "  not checked: \($0)" }
    return lines.joined(separator: "\n")
  }

  private static func json(
    _ report: ValidationReport, _ directory: String, _ repaired: DatasetRepair.Report?
  ) -> String {
    let findings = report.findings.map { finding -> JSONValue in
      [
        "rule": .string(finding.rule), "severity": .string(finding.severity.rawValue),
        "message": .string(finding.message),
        "file": finding.file.map { .string($0) } ?? nil,
        "row": finding.row.map { .init($0) } ?? nil,
        "count": .init(finding.count),
      ]
    }
    let statistics = report.statistics.map { test -> JSONValue in
      [
        "name": .string(test.statistic.name), "draws": .init(test.draws),
        "observed": test.isRate ? .double(test.observed) : nil,
        "expected": test.isRate ? .double(test.expected) : nil,
        "deviation": .double(test.deviation), "tolerance": .double(test.statistic.tolerance),
      ]
    }
    let value: JSONValue = [
      "dataset": .string(directory), "good": .bool(report.isGood), "shards": .init(report.shards),
      "rows": .init(report.rows), "tokens": .init(report.tokens), "findings": .array(findings),
      "statistics": .array(statistics), "accounting": report.accounting?.json ?? nil,
      "pair_surface": report.pairSurface.map { .double($0) } ?? nil,
      "not_checked": .array(report.notChecked.map { .string($0) }),
      "repair": repaired.map {
        [
          "restored": .array($0.restored.map { .string($0) }),
          "lost": .array($0.lost.map { .string($0) }),
        ]
      } ?? nil,
    ]
    return String(decoding: value.serialized(), as: UTF8.self)
  }
}
