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
    examination.hidesLabels = true
    examination.statistics = [
      ExpectedStatistic(
        "span-lengths", "noise spans by length", .shape(bins: Self.lengthBins), by: .row),
      ExpectedStatistic(
        "gap-lengths", "stretches between spans by length", .shape(bins: Self.lengthBins), by: .row),
    ]
    if rolls {
      examination.statistics.append(
        ExpectedStatistic(
          "noise-positions", "noise tokens by tenth of the row",
          .shape(bins: Self.positionBins), by: .row))
    }
    return examination
  }

  /// The stretches of a row in the order of the source: clean text, noise, clean text, ….
  private func stretches(_ row: ExampleRow) -> [(isNoise: Bool, tokens: ArraySlice<Int64>)]? {
    guard let ids = row["input_ids"], let labels = row["labels"] else { return nil }
    let used = row["attention_mask"].map { $0.count { $0 == 1 } } ?? ids.count
    let ignored = Int64(Column.ignoredLabel)
    let labelEnd = labels.firstIndex(of: ignored) ?? labels.count
    guard used > 0, used <= ids.count, labelEnd > 0 else { return nil }
    let inputs = ids[0..<(used - 1)]
    let targets = labels[0..<(labelEnd - 1)]
    var result: [(isNoise: Bool, tokens: ArraySlice<Int64>)] = []
    var clean = inputs.startIndex
    var target = targets.startIndex
    for position in inputs.indices where self.isSentinel(inputs[position]) {
      if clean < position { result.append((false, inputs[clean..<position])) }
      clean = position + 1
      guard target < targets.endIndex, targets[target] == inputs[position] else { return nil }
      let start = target + 1
      target = targets[start...].firstIndex { self.isSentinel($0) } ?? targets.endIndex
      result.append((true, targets[start..<target]))
    }
    if clean < inputs.endIndex { result.append((false, inputs[clean...])) }
    // One token alone has no noise, and its target is one sentinel without a span.
    guard target == targets.endIndex || result.allSatisfy({ !$0.isNoise }) else { return nil }
    return result
  }

  private func isSentinel(_ id: Int64) -> Bool {
    id >= 0 && id < isSentinel.count && isSentinel[Int(id)]
  }

  func restore(_ row: ExampleRow) -> [Int64]? {
    stretches(row).map { $0.flatMap(\.tokens) }
  }

  func observe(_ row: ExampleRow, into observations: inout Observations) {
    // Full rows alone: all follow one law. A separator is kept out of the noise, which bends it.
    guard let stretches = stretches(row) else { return }
    let noise = stretches.filter(\.isNoise)
    let gaps = stretches.filter { !$0.isNoise }
    let noiseCount = noise.reduce(0) { $0 + $1.tokens.count }
    let cleanCount = gaps.reduce(0) { $0 + $1.tokens.count }
    guard noiseCount + cleanCount == tokensLength, noiseCount == fullCounts.noise,
      separator.map({ id in !gaps.contains { $0.tokens.contains(Int64(id)) } }) ?? true
    else { return }
    observations.add(
      Statistic.spanLengths.rawValue, counts: spanLaw.counts(noise.lazy.map(\.tokens.count)),
      expected: spanLaw.expected)
    observations.add(
      Statistic.gapLengths.rawValue, counts: gapLaw.counts(gaps.lazy.map(\.tokens.count)),
      expected: gapLaw.expected)
    if rolls { observePositions(stretches, &observations) }
  }

  private func observePositions(
    _ stretches: [(isNoise: Bool, tokens: ArraySlice<Int64>)], _ observations: inout Observations
  ) {
    let bins = Self.positionBins
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
      return Double(fullCounts.noise * (end - start)) / Double(tokensLength)
    }
    observations.add(Statistic.positions.rawValue, counts: counts, expected: expected)
  }
}
