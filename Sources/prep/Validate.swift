// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON
internal import Pipeline
internal import Validation

/// `prep validate`
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check datasets: digests, schema, every row against the rules of its kind.",
    discussion:
      "Exits with 1 when a dataset fails a check, and names the fault, the file and the row.")

  @Argument(help: ArgumentHelp("Datasets made by prep.", valueName: "dataset"))
  var datasets: [String]

  @Flag(help: "Print a JSON object a dataset.")
  var json = false

  @OptionGroup var global: GlobalOptions

  func run() throws {
    var output = StandardOutput()
    var isGood = true
    for directory in datasets {
      let display = global.display()
      let report = try ValidationRun(directory: directory, threads: global.threads)
        .run { display.show($0) }
      display.end()
      isGood = isGood && report.isGood
      try output.line(json ? Self.json(report, directory) : Self.text(report, directory))
    }
    try output.flush()
    if !isGood { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }

  private static func text(_ report: ValidationReport, _ directory: String) -> String {
    var lines = report.findings.map(\.description)
    let size =
      "\(Quantity.counted(report.rows, "row")) and \(Quantity.counted(report.tokens, "token")) "
      + "in \(Quantity.counted(report.shards, "shard"))"
    lines.append(
      report.isGood
        ? "\(directory): good: \(size)"
        : "\(directory): FAILED with \(Quantity.counted(report.findings.count, "finding")) in \(size)"
    )
    return lines.joined(separator: "\n")
  }

  private static func json(_ report: ValidationReport, _ directory: String) -> String {
    let findings = report.findings.map { finding -> JSONValue in
      [
        "rule": .string(finding.rule), "message": .string(finding.message),
        "file": finding.file.map { .string($0) } ?? nil,
        "row": finding.row.map { .init($0) } ?? nil,
        "count": .init(finding.count),
      ]
    }
    let value: JSONValue = [
      "dataset": .string(directory), "good": .bool(report.isGood), "shards": .init(report.shards),
      "rows": .init(report.rows), "tokens": .init(report.tokens), "findings": .array(findings),
    ]
    return String(decoding: value.serialized(), as: UTF8.self)
  }
}
