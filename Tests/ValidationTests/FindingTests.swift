// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Validation

@Suite struct FindingTests {
  @Test func saysWhatAndWhere() {
    #expect("\(Finding(rule: "r", "wrong"))" == "dataset: [r] wrong")
    #expect("\(Finding(rule: "r", file: "f", "wrong"))" == "f: [r] wrong")
    #expect("\(Finding(rule: "r", file: "f", row: 7, "wrong"))" == "f, row 7: [r] wrong")
    #expect(
      "\(Finding(rule: "r", file: "f", row: 7, "wrong", count: 3))"
        == "f, row 7: [r] wrong (and 2 more)")
  }

  /// A rule that a whole shard breaks gives one line with the first row, not a million.
  @Test func theSameRuleInAFileIsOneFinding() {
    var report = ValidationReport()
    #expect(report.isGood)
    for row in 3..<10 { report.add(Finding(rule: "r", file: "a", row: row, "id \(row)")) }
    report.add(Finding(rule: "r", file: "b", row: 1, "id 1"))
    report.add(Finding(rule: "s", file: "a", row: 4, "other"))
    #expect(!report.isGood)
    #expect(
      report.findings.map(\.description) == [
        "a, row 3: [r] id 3 (and 6 more)", "b, row 1: [r] id 1", "a, row 4: [s] other",
      ])
  }
}
