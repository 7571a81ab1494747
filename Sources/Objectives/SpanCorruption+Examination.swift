// SPDX-License-Identifier: Apache-2.0

extension SpanCorruption {
  /// The statistics, in the order in which they are observed.
  private enum Statistic: Int {
    case spanLengths
    case gapLengths
    case positions
  }

  static let lengthBins = 16
  private static let positionBins = 10

  var examination: Examination {
    var examination = Examination()
    examination.hidesLabels = pair.layout == .encoderDecoder
    examination.statistics = [
      ExpectedStatistic(
        "span-lengths", "noise spans by length", .shape(bins: Self.lengthBins), by: .row),
      ExpectedStatistic(
        "gap-lengths", "stretches between spans by length", .shape(bins: Self.lengthBins), by: .row),
    ]
    if noise.rules.rolls {
      examination.statistics.append(
        ExpectedStatistic(
          "noise-positions", "noise tokens by tenth of the row",
          .shape(bins: Self.positionBins), by: .row))
    }
    return examination
  }

  private func stretches(_ row: ExampleRow) -> [Stretch]? {
    pair.texts(of: row).flatMap { SpanSides.stretches($0, isSentinel: isSentinel) }
  }

  private typealias Stretch = SpanSides.Stretch

  func restore(_ row: ExampleRow) -> [Int64]? {
    guard !noise.isCut(to: pair.targetsLength) else { return nil }
    return stretches(row).map { $0.flatMap(\.tokens) }
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    // Full rows alone: all follow one law. A separator is kept out of the noise, which bends it.
    guard let stretches = stretches(row) else { return }
    let spans = stretches.filter(\.isNoise)
    let gaps = stretches.filter { !$0.isNoise }
    let noiseCount = spans.reduce(0) { $0 + $1.tokens.count }
    let cleanCount = gaps.reduce(0) { $0 + $1.tokens.count }
    guard noiseCount + cleanCount == noise.tokensLength, noiseCount == noise.fullCounts.noise,
      noise.rules.separator.map({ id in !gaps.contains { $0.tokens.contains(Int64(id)) } }) ?? true
    else { return }
    observations.add(
      Statistic.spanLengths.rawValue, counts: spanLaw.counts(spans.lazy.map(\.tokens.count)),
      expected: spanLaw.expected)
    observations.add(
      Statistic.gapLengths.rawValue, counts: gapLaw.counts(gaps.lazy.map(\.tokens.count)),
      expected: gapLaw.expected)
    if noise.rules.rolls { observePositions(stretches, &observations) }
  }

  private func observePositions(
    _ stretches: [Stretch], _ observations: inout Observations
  ) {
    let bins = Self.positionBins
    let tokensLength = noise.tokensLength
    guard tokensLength >= bins else { return }
    var counts = [Int](repeating: 0, count: bins)
    var position = 0
    for stretch in stretches {
      if stretch.isNoise {
        for offset in 0..<stretch.tokens.count {
          counts[(position + offset) * bins / tokensLength] += 1
        }
      }
      position += stretch.tokens.count
    }
    let expected = (0..<bins).map { bin in
      let start = (bin * tokensLength + bins - 1) / bins
      let end = ((bin + 1) * tokensLength + bins - 1) / bins
      return Double(noise.fullCounts.noise * (end - start)) / Double(tokensLength)
    }
    observations.add(Statistic.positions.rawValue, counts: counts, expected: expected)
  }
}
