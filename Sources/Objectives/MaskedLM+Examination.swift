// SPDX-License-Identifier: Apache-2.0

extension MaskedLM {
  /// The statistics, in the order in which they are observed.
  private enum Statistic: Int {
    case maskShare
    case randomShare
    case maskPositions
    case randomTokens
    case maskRate
    case pairLabel
  }

  /// Tenths of a row, and sixteenths of the vocabulary.
  private static let positionBins = 10
  private static let tokenBins = 16

  var examination: Examination {
    // Whole words share one draw, and a row does not say where they start.
    let unit: ExpectedStatistic.Unit = wholeWord ? .row : .draw
    var examination = Examination()
    var rate = ExpectedStatistic(
      "mask-rate", "candidates that were selected", .rate,
      by: count == .bernoulli ? unit : .row)
    // What is left of a budget may be too little for any word.
    if wholeWord, count != .bernoulli { rate.legroom = self.rate / 4 }
    examination.statistics = [
      ExpectedStatistic(
        "mask-share", "selected tokens that became the mask token", .rate, by: unit),
      ExpectedStatistic(
        "random-share", "selected tokens that became another token", .rate, by: unit),
      ExpectedStatistic(
        "mask-positions", "selected tokens by tenth of the row",
        .shape(bins: Self.positionBins), by: .row),
      ExpectedStatistic(
        "random-tokens", "random replacements by sixteenth of the vocabulary",
        .shape(bins: Self.tokenBins), by: .draw),
      rate,
    ]
    guard tokenTypes != nil, case .pairs(let pairs) = framing.method else { return examination }
    var label = ExpectedStatistic(
      "pair-label-rate", "pairs labelled 1", .rate, by: .draw)
    switch pairs.pairing {
    case .exchange: label.knownMisses = FramingReport.Event.pairsWithoutPartner.rawValue
    case .putBack:
      label.headroom = 0.5
      examination.serving = .repeatedly
      examination.knownShortcut = "put-back pairs differ in length and in where segments begin"
    }
    examination.statistics.append(label)
    examination.pairLabel = "next_sentence_label"
    return examination
  }

  /// Where the text of a row stands: one stretch, or two in a pair.
  private func segments(_ row: ExampleRow, _ ids: [Int64]) -> [Range<Int>]? {
    let used = row["attention_mask"].map { $0.count { $0 == 1 } } ?? ids.count
    let first = template.prefix.count
    let end = used - template.suffix.count
    guard used <= ids.count, first < end else { return nil }
    guard tokenTypes != nil else { return [first..<end] }
    guard let types = row["token_type_ids"], types.count == ids.count,
      let second = types.firstIndex(of: 1),
      first < second - template.infix.count, second < end
    else { return nil }
    return [first..<(second - template.infix.count), second..<end]
  }

  func restore(_ row: ExampleRow) -> [Int64]? {
    guard let ids = row["input_ids"], let labels = row["labels"], labels.count == ids.count,
      let segments = segments(row, ids)
    else { return nil }
    let ignored = Int64(Column.ignoredLabel)
    return segments.flatMap { range in
      range.map { labels[$0] == ignored ? ids[$0] : labels[$0] }
    }
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    if let label = row["next_sentence_label"]?.first, tokenTypes != nil {
      observations.add(
        Statistic.pairLabel.rawValue, hits: label == 1 ? 1 : 0, of: 1, expected: 0.5)
    }
    guard let ids = row["input_ids"], let labels = row["labels"], labels.count == ids.count,
      let segments = segments(row, ids)
    else { return }
    var candidates = 0
    var picked: [Int] = []
    var masks = 0
    var randoms = 0
    var tokens = [Int](repeating: 0, count: Self.tokenBins)
    let ignored = Int64(Column.ignoredLabel)
    let size = Int64(vocabulary.size)
    let used = segments[segments.count - 1].upperBound + template.suffix.count
    vocabulary.withSpecialFlags { special in
      for position in segments.joined() {
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
      expected: Self.evenShares(of: pool, bins: Self.tokenBins).map { $0 * Double(randoms) })
    observePositions(picked, of: candidates, &observations)
    if let expected = expectedSelection(of: candidates, used: used) {
      observations.add(
        Statistic.maskRate.rawValue, hits: selected, of: candidates, expected: expected)
    }
  }

  /// How many candidates are selected on average; nil where the rules of single rows know exactly.
  private func expectedSelection(of candidates: Int, used: Int) -> Double? {
    switch count {
    case .bernoulli: return rate * Double(candidates)
    case .stochastic:
      guard maxPredictions == 0 else { return nil }
      return min(Double(candidates), rate * Double(rateBase == .all ? used : candidates))
    case .exact:
      return wholeWord ? Double(budget(candidates: candidates, used: used, draw: 0)) : nil
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

  /// The share of `0..<count` in each of equally wide bins.
  private static func evenShares(of count: Int, bins: Int) -> [Double] {
    (0..<bins).map { bin in
      let start = (bin * count + bins - 1) / bins
      let end = ((bin + 1) * count + bins - 1) / bins
      return Double(end - start) / Double(count)
    }
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
    guard candidates >= 2 * bins else { return }
    var counts = [Int](repeating: 0, count: bins)
    for index in picked { counts[index * bins / candidates] += 1 }
    let expected = Self.evenShares(of: candidates, bins: bins).map { $0 * Double(picked.count) }
    observations.add(Statistic.maskPositions.rawValue, counts: counts, expected: expected)
  }
}
