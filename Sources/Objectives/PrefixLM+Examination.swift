// SPDX-License-Identifier: Apache-2.0

extension PrefixLM {
  var examination: Examination {
    var examination = Examination()
    examination.hidesLabels = pair.layout == .encoderDecoder
    examination.statistics = [PrefixSplit.statistic]
    return examination
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    guard let texts = pair.texts(of: row) else { return }
    split.observe(
      prefix: texts.input.count, of: texts.input.count + texts.target.count, 0, &observations)
  }
}

extension PrefixSplit {
  private static let bins = 10

  /// Where rows are divided, by tenth of the places where they may be.
  static var statistic: ExpectedStatistic {
    ExpectedStatistic(
      "prefix-lengths", "rows by the tenth in which they are divided", .shape(bins: bins), by: .draw
    )
  }

  func observe(prefix: Int, of tokens: Int, _ index: Int, _ observations: inout Observations) {
    let first = shortest(tokens)
    let places = tokens - first
    guard places >= Self.bins, prefix >= first, prefix < tokens else { return }
    var counts = [Int](repeating: 0, count: Self.bins)
    counts[(prefix - first) * Self.bins / places] = 1
    let expected = (0..<Self.bins).map { bin in
      let start = (bin * places + Self.bins - 1) / Self.bins
      let end = ((bin + 1) * places + Self.bins - 1) / Self.bins
      return Double(end - start) / Double(places)
    }
    observations.add(index, counts: counts, expected: expected)
  }
}
