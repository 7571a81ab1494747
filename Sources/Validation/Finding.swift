// SPDX-License-Identifier: Apache-2.0
public import Datasets

/// Something that is wrong with a dataset: what, where, and how often.
public struct Finding: Sendable, Hashable, CustomStringConvertible {
  /// How bad it is.
  public enum Severity: String, Sendable, Hashable {
    /// The dataset breaks what it promises.
    case fault
    /// Worth a look; the dataset passes.
    case warning
  }

  /// A stable name of the rule that is broken, such as `shard-digest` or `labels-on-special`.
  public let rule: String
  /// How bad it is.
  public let severity: Severity
  /// The file in the dataset's directory, if it is one file's fault.
  public let file: String?
  /// The first row of the file that shows it.
  public let row: Int?
  /// What is wrong, with the facts.
  public let message: String
  /// How many rows break the rule.
  public var count: Int

  /// Something wrong.
  public init(
    rule: String, severity: Severity = .fault, file: String? = nil, row: Int? = nil,
    _ message: String, count: Int = 1
  ) {
    self.rule = rule
    self.severity = severity
    self.file = file
    self.row = row
    self.message = message
    self.count = count
  }

  /// The place, the rule and the message.
  public var description: String {
    var place = file ?? "dataset"
    if let row { place += ", row \(row)" }
    let times = count > 1 ? " (and \(count - 1) more)" : ""
    let mark = severity == .warning ? "warning: " : ""
    return "\(place): \(mark)[\(rule)] \(message)\(times)"
  }
}

/// What a validation looked at and what it found.
public struct ValidationReport: Sendable, Hashable {
  /// What is wrong, in the order of the files; each rule once a file.
  public internal(set) var findings: [Finding] = []
  /// Shards that were read.
  public internal(set) var shards = 0
  /// Rows that were checked.
  public internal(set) var rows = 0
  /// Tokens that were checked.
  public internal(set) var tokens = 0
  /// What was not looked at, and why.
  public internal(set) var notChecked: [String] = []
  /// The statistics that were tested.
  public internal(set) var statistics: [StatisticalTest] = []
  /// How far the surface of pairs tells their label, from 0.5 up; nil without pairs.
  public internal(set) var pairSurface: Double?
  /// What the positions are spent on; nil for tokens.
  public internal(set) var accounting: Accounting?

  /// Whether nothing is wrong; warnings are not.
  public var isGood: Bool { findings.allSatisfy { $0.severity == .warning } }

  mutating func add(_ finding: Finding) {
    let isSame = { (other: Finding) in other.rule == finding.rule && other.file == finding.file }
    if let index = findings.firstIndex(where: isSame) {
      findings[index].count += finding.count
    } else {
      findings.append(finding)
    }
  }
}
