// SPDX-License-Identifier: Apache-2.0

extension MaskedDiffusion {
  /// The statistics, in the order in which they are observed.
  private enum Statistic: Int {
    case maskRate
    case times
    case maskPositions
  }

  private static let timeBins = 10
  private static let positionBins = 10

  var examination: Examination {
    var examination = Examination()
    examination.statistics = [
      ExpectedStatistic("mask-rate", "tokens masked, against p_mask", .rate, by: .draw),
      ExpectedStatistic(
        "times", "rows by tenth of the time that p_mask stands for",
        .shape(bins: Self.timeBins), by: .draw),
      ExpectedStatistic(
        "mask-positions", "masked tokens by tenth of the row",
        .shape(bins: Self.positionBins), by: .row),
    ]
    return examination
  }

  func restore(_ row: ExampleRow) -> [Int64]? {
    guard let content = rows.content(of: row, vocabulary) else { return nil }
    return rows.restore(row, content)
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    guard let content = rows.content(of: row, vocabulary), let labels = row["labels"],
      let share = row[reals: "p_mask"]?.first, share >= Float(floor), share <= 1,
      labels.count >= content.used
    else { return }
    let ignored = Int64(Column.ignoredLabel)
    let candidates = content.segments.reduce(0) { $0 + $1.count }
    var places = [Int](repeating: 0, count: Self.positionBins)
    for (index, position) in content.segments.joined().enumerated()
    where labels[position] != ignored {
      places[index * Self.positionBins / candidates] += 1
    }
    let masked = places.reduce(0, +)
    observations.add(
      Statistic.maskRate.rawValue, hits: masked, of: candidates,
      expected: Double(share) * Double(candidates))
    // In a short row a tenth is a token or two.
    if candidates >= 2 * Self.positionBins {
      observations.add(
        Statistic.maskPositions.rawValue, counts: places,
        expected: Observations.evenShares(of: candidates, bins: Self.positionBins).map {
          $0 * Double(masked)
        })
    }
    let time = (Double(share) - floor) / (1 - floor)
    var counts = [Int](repeating: 0, count: Self.timeBins)
    counts[max(0, min(Self.timeBins - 1, Int(time * Double(Self.timeBins))))] = 1
    observations.add(
      Statistic.times.rawValue, counts: counts,
      expected: counts.map { _ in 1 / Double(Self.timeBins) })
  }
}
