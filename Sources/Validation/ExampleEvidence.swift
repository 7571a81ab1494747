// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import Objectives

/// What the rows of one batch show together with others.
struct ExampleEvidence: Sendable {
  var observations: Observations
  var accounting = Accounting()
  /// Tokens whose label says that they were replaced.
  var replaced = 0
  var stretches: [ServedRanges.Stretch] = []
  /// Tokens of documents that share their id with others of the source.
  var unidentifiedTokens = 0
  /// Rows that are wrong on their own, and count no further.
  var rowsSkipped = 0
  /// Rows without provenance, and rows that could not be undone.
  var rowsWithoutProvenance = 0
  var rowsNotRestored = 0
  var pairs: [PairProbe.Sample] = []
  var leak = LabelLeak()
  var text = HeldOutText.Hashes()

  init(_ statistics: [ExpectedStatistic]) {
    observations = Observations(statistics)
  }
}
