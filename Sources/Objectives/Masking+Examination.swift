// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension Masking {
  /// The statistics, in the order in which they are observed.
  private enum Statistic: Int {
    case maskShare
    case randomShare
    case maskPositions
    case randomTokens
    case maskRate
    case neighbours
  }

  /// How many statistics there are; those of an objective follow.
  static let statisticCount = 6

  /// Tenths of a row, and sixteenths of the vocabulary.
  private static let positionBins = 10
  private static let tokenBins = 16

  /// Whether words and spans share what they draw, which a row does not show.
  private var sharesDraws: Bool { unit != .subword && draw == .unit }

  /// Whether a row may have fewer labels than its budget, for want of words that fit.
  private var leavesBudget: Bool { (unit == .wholeWord || unit == .ngram) && count != .bernoulli }

  /// What many rows show together.
  var statistics: [ExpectedStatistic] {
    let draws: ExpectedStatistic.Unit = sharesDraws ? .row : .draw
    var rate = ExpectedStatistic(
      "mask-rate", "candidates that were selected", .rate,
      by: count == .bernoulli && unit == .subword ? .draw : .row)
    // What is left of a budget may be too little for any word.
    if leavesBudget { rate.legroom = self.rate / 4 }
    var positions = ExpectedStatistic(
      "mask-positions", "selected tokens by tenth of the row",
      .shape(bins: Self.positionBins), by: .row)
    // Long words find room less often, and stand where a text puts them.
    if unit == .wholeWord { positions.slack = 0.04 }
    var neighbours = ExpectedStatistic(
      "span-neighbours", "selected tokens beside a selected token", .rate, by: .row)
    // Words of several tokens and spans that touch add to it, cut spans take from it.
    neighbours.headroom = 1
    neighbours.leastShare = 0.7
    return [
      ExpectedStatistic(
        "mask-share", "selected tokens that became the mask token", .rate, by: draws),
      ExpectedStatistic(
        "random-share", "selected tokens that became another token", .rate, by: draws),
      positions,
      ExpectedStatistic(
        "random-tokens", "random replacements by sixteenth of the vocabulary",
        .shape(bins: Self.tokenBins), by: .draw),
      rate,
      neighbours,
    ]
  }

  /// Counts what a row shows of ``statistics``.
  func observe(
    _ row: ExampleRow, _ content: RowContent, into observations: inout Observations
  ) {
    guard let ids = row["input_ids"], let labels = row["labels"], labels.count == ids.count
    else { return }
    var candidates = 0
    var picked: [Int] = []
    var masks = 0
    var randoms = 0
    var tokens = [Int](repeating: 0, count: Self.tokenBins)
    let ignored = Int64(Column.ignoredLabel)
    let size = Int64(vocabulary.size)
    vocabulary.withSpecialFlags { special in
      for segment in content.segments {
        for position in segment.dropFirst(self.candidates.skipsFirst ? 1 : 0) {
          let label = labels[position]
          let original = label == ignored ? ids[position] : label
          guard original >= 0, original < size, !special[Int(original)] else { continue }
          if label != ignored {
            picked.append(candidates)
            let input = ids[position]
            if input == Int64(maskID) {
              masks += 1
            } else if input != label, input >= 0, input < size {
              randoms += 1
              tokens[tokenBin(TokenID(input))] += 1
            }
          }
          candidates += 1
        }
      }
    }
    let selected = picked.count
    let shares = expectedShares
    observations.add(
      Statistic.maskShare.rawValue, hits: masks, of: selected,
      expected: shares.mask * Double(selected))
    observations.add(
      Statistic.randomShare.rawValue, hits: randoms, of: selected,
      expected: shares.random * Double(selected))
    let pool = replacements == .ordinary ? vocabulary.ordinary.count : vocabulary.size
    observations.add(
      Statistic.randomTokens.rawValue, counts: tokens,
      expected: Observations.evenShares(of: pool, bins: Self.tokenBins).map { $0 * Double(randoms) }
    )
    observePositions(picked, of: candidates, &observations)
    observeNeighbours(picked, &observations)
    if let expected = expectedSelection(of: candidates, used: content.used) {
      observations.add(
        Statistic.maskRate.rawValue, hits: selected, of: candidates, expected: expected)
    }
  }

  /// Tokens of spans stand together, but for those of spans of one word.
  private func observeNeighbours(_ picked: [Int], _ observations: inout Observations) {
    guard unit == .span, picked.count >= 8 else { return }
    var mean = 0.0
    for length in 1...1024 { mean += Double(length) * lengths.probability(of: length) }
    let beside = picked.indices.count { index in
      index > 0 && picked[index - 1] + 1 == picked[index]
        || index + 1 < picked.count && picked[index] + 1 == picked[index + 1]
    }
    observations.add(
      Statistic.neighbours.rawValue, hits: beside, of: picked.count,
      expected: (1 - lengths.probability(of: 1) / mean) * Double(picked.count))
  }

  /// How many candidates are selected on average; nil where the rules of single rows know exactly,
  /// or where the row does not show its rate.
  private func expectedSelection(of candidates: Int, used: Int) -> Double? {
    guard rateEnd == rate else { return nil }
    switch count {
    case .bernoulli: return rate * Double(candidates)
    case .stochastic:
      guard maxPredictions == 0 else { return nil }
      return min(Double(candidates), rate * Double(rateBase == .all ? used : candidates))
    case .exact, .ceiling:
      guard leavesBudget else { return nil }
      return Double(budget(rate: rate, candidates: candidates, used: used, draw: 0))
    }
  }

  /// The sixteenth of the replacement pool in which a token lies.
  private func tokenBin(_ token: TokenID) -> Int {
    guard replacements == .ordinary else { return Int(token) * Self.tokenBins / vocabulary.size }
    let ordinary = vocabulary.ordinary
    var low = 0
    var high = ordinary.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if ordinary[middle] <= token { low = middle } else { high = middle }
    }
    return low * Self.tokenBins / max(1, ordinary.count)
  }

  /// Of the selected tokens the shares that read as mask token and as another token: a random id
  /// of the whole vocabulary may be the mask token or the original.
  private var expectedShares: (mask: Double, random: Double) {
    let mask = Double(maskThreshold) / 0x1p53
    let random = Double(randomThreshold) / 0x1p53 - mask
    guard replacements == .vocabulary else { return (mask, random) }
    let one = 1 / Double(vocabulary.size)
    return (mask + random * one, random * (1 - 2 * one))
  }

  /// Tenths that hold the same number of candidates, give or take one.
  private func observePositions(
    _ picked: [Int], of candidates: Int, _ observations: inout Observations
  ) {
    let bins = Self.positionBins
    // In a short row a tenth is a token or two, and words would fill it.
    // N-grams and spans reach to the right from where they begin, so that the first tokens of a text
    // are in fewer of them.
    guard candidates >= 2 * bins, unit == .subword || unit == .wholeWord else { return }
    var counts = [Int](repeating: 0, count: bins)
    for index in picked { counts[index * bins / candidates] += 1 }
    let expected = Observations.evenShares(of: candidates, bins: bins).map {
      $0 * Double(picked.count)
    }
    observations.add(Statistic.maskPositions.rawValue, counts: counts, expected: expected)
  }
}
