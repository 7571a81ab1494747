// SPDX-License-Identifier: Apache-2.0

/// What was counted over rows for each expected statistic of an objective.
public struct Observations: Sendable, Hashable {
  /// One bin of a shape, or the hits of a rate.
  public struct Bin: Sendable, Hashable {
    /// How many draws fell there.
    public internal(set) var observed = 0
    /// How many were expected to.
    public internal(set) var expected = 0.0
    /// The squared differences of both, row by row: the variance where a row's draws hang together.
    public internal(set) var squares = 0.0
  }

  /// The counts of one statistic.
  public struct Series: Sendable, Hashable {
    /// The hits of a rate alone, or every bin of a shape.
    public internal(set) var bins: [Bin]
    /// All draws.
    public internal(set) var draws = 0
    /// Rows with at least one draw.
    public internal(set) var rows = 0
  }

  /// What is added to every index: where the statistics of a member of a mixture begin.
  var base = 0
  /// The counts, in the order of the statistics.
  public private(set) var series: [Series]

  /// Nothing counted yet.
  public init(_ statistics: [ExpectedStatistic]) {
    series = statistics.map { statistic in
      switch statistic.kind {
      case .rate: Series(bins: [Bin()])
      case .shape(let bins): Series(bins: Array(repeating: Bin(), count: bins))
      }
    }
  }

  /// Counts the draws of a row for a rate.
  ///
  /// - Parameters:
  ///   - hits: How many draws were hits.
  ///   - draws: How many there were.
  ///   - expected: How many hits were expected.
  public mutating func add(_ index: Int, hits: Int, of draws: Int, expected: Double) {
    guard draws > 0 else { return }
    let index = base + index
    series[index].draws += draws
    series[index].rows += 1
    add(hits, expected, to: index, bin: 0)
  }

  /// Counts the draws of a row for a shape.
  ///
  /// - Parameters:
  ///   - counts: How many draws fell into each bin.
  ///   - expected: How many were expected to.
  public mutating func add(_ index: Int, counts: [Int], expected: [Double]) {
    let draws = counts.reduce(0, +)
    let index = base + index
    guard draws > 0, counts.count == series[index].bins.count, counts.count == expected.count
    else { return }
    series[index].draws += draws
    series[index].rows += 1
    for bin in counts.indices { add(counts[bin], expected[bin], to: index, bin: bin) }
  }

  /// Adds what others counted for the same statistics.
  public mutating func add(_ other: Observations) {
    for (index, counted) in other.series.enumerated() where index < series.count {
      series[index].draws += counted.draws
      series[index].rows += counted.rows
      for (bin, counts) in counted.bins.enumerated() where bin < series[index].bins.count {
        series[index].bins[bin].observed += counts.observed
        series[index].bins[bin].expected += counts.expected
        series[index].bins[bin].squares += counts.squares
      }
    }
  }

  /// The share of `0..<count` in each of equally wide bins.
  static func evenShares(of count: Int, bins: Int) -> [Double] {
    (0..<bins).map { bin in
      let start = (bin * count + bins - 1) / bins
      let end = ((bin + 1) * count + bins - 1) / bins
      return Double(end - start) / Double(count)
    }
  }

  private mutating func add(_ observed: Int, _ expected: Double, to index: Int, bin: Int) {
    let difference = Double(observed) - expected
    series[index].bins[bin].observed += observed
    series[index].bins[bin].expected += expected
    series[index].bins[bin].squares += difference * difference
  }
}
