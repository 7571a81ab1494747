// SPDX-License-Identifier: Apache-2.0
internal import Datasets

/// Adds up how far a tokenizing run has come.
struct Meter {
  private let total: Int?
  private var bytesOfGroupsDone = 0
  private var group: BatchSource?
  private var rows = 0
  private var tokens = 0

  init(total: Int?) {
    self.total = total
  }

  mutating func begin(group: BatchSource) { self.group = group }

  mutating func endGroup(storedBytes: Int) {
    bytesOfGroupsDone += storedBytes
    group = nil
  }

  /// Counts a unit that an earlier run finished.
  mutating func add(_ unit: Manifest.Unit) {
    rows += unit.shards.reduce(0) { $0 + $1.rows }
    tokens += unit.shards.reduce(0) { $0 + $1.tokens }
  }

  /// Counts rows that were written, and says how far things are.
  mutating func advance(rows: Int, tokens: Int) -> Progress {
    self.rows += rows
    self.tokens += tokens
    return Progress(
      stage: "tokenize", done: bytesOfGroupsDone + (group?.storedBytesRead ?? 0), total: total,
      measure: "bytes", rows: self.rows, tokens: self.tokens)
  }
}
