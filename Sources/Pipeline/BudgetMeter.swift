// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Concurrency
internal import Datasets
internal import Objectives
internal import Randomness

/// How much of a budget is left, and how many rows of a unit use it up.
struct BudgetMeter {
  /// The rows of a unit that a budget pays for.
  struct Share {
    let rows: Int
    /// Counts of the manifest.
    let counts: [String: Int]
  }

  private let budget: Budget?
  private var left: Int

  init(_ budget: Budget?) {
    self.budget = budget
    left = budget?.amount ?? .max
  }

  /// Whether nothing is left.
  var isUsedUp: Bool { left <= 0 }

  /// Takes off what the rows of a finished unit use.
  mutating func use(_ unit: Manifest.Unit) {
    if let budget { left -= budget.used(by: unit) }
  }

  /// The first rows of a unit, up to the one in which the budget is reached.
  ///
  /// - Parameter worker: makes a worker, and says how many rows a batch has.
  /// - Returns: nil without a budget.
  func rows(
    of frames: FramedUnit, _ selection: RowSelection, _ streams: RandomStreams, threads: Int,
    worker: () throws -> (BuildWorker, Int)
  ) throws -> Share? {
    guard let budget else { return nil }
    var counts: [String: Int] = [:]
    let rows: Int
    switch budget.measure {
    case .rows: rows = min(selection.count, left)
    case .tokens:
      var frame = Frame()
      var used = 0
      var count = 0
      while count < selection.count, used < left {
        frames.load(selection.frame(ofRow: count), into: &frame)
        used += frame.pieces.reduce(0) { $0 + $1.length }
        count += 1
      }
      rows = count
      counts[Budget.servedKey] = used
    case .lossTokens:
      rows = try rowsWithLoss(of: frames, selection, streams, threads: threads, worker: worker)
    }
    let after = selection.count - rows
    if after > 0 { counts[Manifest.Unit.afterBudgetKey] = after }
    return Share(rows: rows, counts: counts)
  }

  /// Builds rows without writing them until their positions with a loss are enough: batches first,
  /// then the rows of the batch that crosses the line.
  private func rowsWithLoss(
    of frames: FramedUnit, _ selection: RowSelection, _ streams: RandomStreams, threads: Int,
    worker: () throws -> (BuildWorker, Int)
  ) throws -> Int {
    let (last, step) = try worker()
    var next = 0
    var before = 0
    var used = 0
    var isReached = false
    try OrderedPipeline<Range<Int>, (Range<Int>, Int), Void, Void>(threads: threads).run(
      source: {
        guard next < selection.count, !isReached else { return nil }
        defer { next = min(selection.count, next + step) }
        return next..<min(selection.count, next + step)
      },
      worker: {
        let (worker, _) = try worker()
        return .init(
          map: { range in
            let batch = try worker.examples(range, selection, of: frames, random: streams)
            return (range, batch.tally.lossTokens)
          }, finish: { $0 })
      },
      fold: { batch, _ in
        guard !isReached else { return }
        if used + batch.1 >= left {
          isReached = true
          before = batch.0.lowerBound
        } else {
          used += batch.1
        }
      },
      flush: { _ in }, sink: { _ in })
    guard isReached else { return selection.count }
    var row = before
    while used < left, row < selection.count {
      used += try last.examples(row..<row + 1, selection, of: frames, random: streams)
        .tally.lossTokens
      row += 1
    }
    return row
  }
}
