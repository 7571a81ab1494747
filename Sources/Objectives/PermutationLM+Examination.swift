// SPDX-License-Identifier: Apache-2.0

extension PermutationLM {
  private static let rankBins = 10

  var examination: Examination {
    var examination = Examination()
    var halves = ExpectedStatistic(
      "target-positions", "targets in the first half of the row", .rate, by: .row)
    // N-grams are taken from the left, and the last contexts are cut off.
    halves.headroom = 0.08
    halves.legroom = 0.04
    examination.statistics = [
      ExpectedStatistic(
        "first-rank", "the place of a row's first target in the order, by tenth",
        .shape(bins: Self.rankBins), by: .draw),
      halves,
    ]
    return examination
  }

  func restore(_ row: ExampleRow) -> [Int64]? {
    guard let ids = row["input_ids"], let content = rows.content(of: row, vocabulary)
    else { return nil }
    return content.segments.flatMap { Array(ids[$0]) }
  }

  /// The rank of the first target among those of its block is uniform.
  func observe(_ row: ExampleRow, into observations: inout Observations) {
    guard let targets = row["target"], let ranks = row["factorization_rank"],
      targets.count == ranks.count, let first = targets.firstIndex(of: 1)
    else { return }
    if let text = rows.content(of: row, vocabulary)?.segments.joined(), text.count >= 64 {
      let half = text.index(text.startIndex, offsetBy: text.count / 2)
      let all = text.count { targets[$0] == 1 }
      observations.add(
        1, hits: text[..<half].count { targets[$0] == 1 }, of: all, expected: Double(all) / 2)
    }
    let start = block == 0 ? 0 : first / block * block
    let end = block == 0 ? targets.count : min(targets.count, start + block)
    let count = (start..<end).count { targets[$0] == 1 }
    let lowest = (start..<end).lazy.filter { targets[$0] == 1 }.map { ranks[$0] }.min() ?? 0
    let (rank, overflows) = ranks[first].subtractingReportingOverflow(lowest)
    // With few targets the tenths are uneven.
    guard !overflows, rank >= 0, rank < count, count >= 2 * Self.rankBins else { return }
    var counts = [Int](repeating: 0, count: Self.rankBins)
    counts[Int(rank) * Self.rankBins / count] = 1
    observations.add(
      0, counts: counts, expected: Observations.evenShares(of: count, bins: Self.rankBins))
  }
}
