// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension BlockNoise {
  /// What many rows show together.
  private enum Statistic: CaseIterable {
    /// How much of the text is gone.
    case removed
    /// How many masks stand for what is gone.
    case masks
    /// Where masks stand.
    case positions
    /// How many masks are random tokens.
    case randoms
    /// Where rotated rows begin.
    case rotation
    /// How many rows are in another order than their text.
    case rearranged
    /// Which part of the text comes first.
    case firstPart
    /// How much of the text stands beside what it stood beside.
    case neighbours
    /// Where tokens were left out.
    case deletions
  }

  private static let bins = 10
  private static let parts = 4
  /// Rows of fewer tokens say little of rates: at least one word is always selected.
  private static let shortest = 64

  var examination: Examination {
    var examination = Examination()
    examination.statistics = Statistic.allCases.compactMap { expected($0) }
    return examination
  }

  private func index(of statistic: Statistic) -> Int? {
    guard expected(statistic) != nil else { return nil }
    return Statistic.allCases.prefix { $0 != statistic }.count { expected($0) != nil }
  }

  private func expected(_ statistic: Statistic) -> ExpectedStatistic? {
    switch statistic {
    case .removed:
      guard rate > 0, unit == .words || overlaps, random.threshold == 0 else { return nil }
      var removed = ExpectedStatistic(
        "removed-share", "tokens of the text that are gone", .rate, by: .row)
      removed.headroom = rounding == .up ? 0.02 : 0.005
      removed.legroom = overlaps ? 0.01 : 0.005
      return removed
    case .masks:
      guard case .infill = masking, rate > 0, random.threshold == 0, !overlaps else { return nil }
      var masks = ExpectedStatistic(
        "masks-per-token", "masks for the tokens that are gone", .rate, by: .row)
      masks.knownMisses = Tally.Event.droppedInsertions.rawValue
      // Words are not told from tokens in a row; they are at least as many tokens.
      if unit == .words { masks.legroom = 1 }
      return masks
    case .positions:
      guard rate > 0, !overlaps else { return nil }
      switch masking {
      case .nothing, .delete: return nil
      case .mask, .infill:
        var positions = ExpectedStatistic(
          "mask-positions", "masks by tenth of the row", .shape(bins: Self.bins), by: .row)
        // Words are drawn evenly, and may have more tokens in one place of a row than in another:
        // full stops end it. A row does not show its words.
        if unit == .words { positions.slack = 0.06 }
        return positions
      }
    case .randoms:
      guard case .mask = masking, unit == .tokens, random.threshold > 0, permuted == 0,
        rotated.threshold == 0
      else { return nil }
      return ExpectedStatistic(
        "random-share", "selected tokens that became another token", .rate, by: .draw)
    case .rotation:
      guard case .nothing = masking, permuted == 0, rotated.threshold > 0 else { return nil }
      return ExpectedStatistic(
        "rotations", "rows by the tenth of the text that they begin in", .shape(bins: Self.bins),
        by: .draw)
    case .rearranged:
      guard permuted == 1, rotated.threshold == 0, random.threshold == 0 else { return nil }
      var rearranged = ExpectedStatistic(
        "rearranged-rows", "rows whose sentences are in another order", .rate, by: .draw)
      // Two sentences keep their order half of the time, and masks may hide that they did not.
      rearranged.leastShare = 0.3
      if case .nothing = masking { rearranged.leastShare = 0.5 }
      rearranged.knownMisses = Tally.Event.singleSentenceRows.rawValue
      return rearranged
    case .firstPart:
      guard case .nothing = masking, permuted == 1, rotated.threshold == 0 else { return nil }
      var first = ExpectedStatistic(
        "first-sentence", "rows by the quarter of the text's parts that comes first",
        .shape(bins: Self.parts), by: .draw)
      // Rows whose parts cannot be told apart are left out, and where text repeats itself those are
      // not any rows.
      first.slack = 0.09
      return first
    case .neighbours:
      guard random.threshold == 0 else { return nil }
      if case .delete = masking { return nil }
      var neighbours = ExpectedStatistic(
        "kept-neighbours", "neighbours of the row that are neighbours in the text", .rate, by: .row)
      // Only where sentences meet there are others, and sentences may be short.
      neighbours.leastShare = permuted > 0 ? 0.5 : 0.95
      return neighbours
    case .deletions:
      guard rate > 0, permuted == 0, rotated.threshold == 0, case .delete = masking else {
        return nil
      }
      var deletions = ExpectedStatistic(
        "deletion-positions", "tokens left out by tenth of the text", .shape(bins: Self.bins),
        by: .row)
      // Of two equal tokens it cannot be told which one is left.
      deletions.slack = 0.09
      return deletions
    }
  }

  private var overlaps: Bool {
    if case .infill(_, let overlaps) = masking { overlaps } else { false }
  }

  /// Counts what a row shows of the statistics.
  func observe(_ row: ExampleRow, into observations: inout Observations) {
    var check = RowCheck(row)
    guard let sides = pair.sides(&check),
      let input = content(&check, "input_ids", sides.input),
      let target = content(&check, "labels", sides.target)
    else { return }
    let mask = Int64(maskID)
    let masks = input.count { $0 == mask }
    let isLong = target.count >= Self.shortest
    if isLong, let index = index(of: .removed) {
      observations.add(
        index, hits: target.count - (input.count - countedMasks(masks)), of: target.count,
        expected: expectedRemoval * Double(target.count))
    }
    if isLong, let index = index(of: .masks) {
      let removed = target.count - (input.count - masks)
      if removed > 0, removed < expectedMasks.count {
        observations.add(index, hits: masks, of: removed, expected: expectedMasks[removed])
      }
    }
    if input.count >= 2 * Self.bins, masks > 0, let index = index(of: .positions) {
      var counts = [Int](repeating: 0, count: Self.bins)
      for (position, token) in input.enumerated() where token == mask {
        counts[position * Self.bins / input.count] += 1
      }
      observations.add(
        index, counts: counts,
        expected: Observations.evenShares(of: input.count, bins: Self.bins).map {
          $0 * Double(masks)
        })
    }
    observeNeighbours(input, target, &observations)
    observeDeletions(input, target, &observations)
    if let index = index(of: .randoms), input.count == target.count {
      let selected = zip(input, target).count { $0 != $1 }
      observations.add(
        index, hits: selected - masks, of: selected,
        expected: Double(random.threshold) / 0x1p53 * Double(selected))
    }
    if let index = index(of: .rotation) { observeRotation(input, target, index, &observations) }
    if permuted == 1 { observeOrder(input, target, &observations) }
  }

  /// Masks of the input; none where tokens are left out.
  private func countedMasks(_ masks: Int) -> Int {
    if case .delete = masking { 0 } else { masks }
  }

  /// The share of the text that is gone on average. Published spans begin anywhere and run into each
  /// other: a word stays if none of the spans that may reach it does.
  private var expectedRemoval: Double {
    guard case .infill(let lengths, true) = masking else { return rate }
    let values = 0..<64
    let mean = values.reduce(0) { $0 + Double($1) * lengths.probability(of: $1) }
    let spans = rate / mean
    var stays = 1.0
    var longer = 1.0
    for length in values {
      longer -= lengths.probability(of: length)
      stays *= 1 - spans * max(0, longer)
    }
    return 1 - stays
  }

  /// By the number of words that are removed how many spans, zeros among them, sum up to it on
  /// average.
  static func expectedSpans(_ lengths: DiscreteDistribution, upTo most: Int) -> [Double] {
    let values = (0..<64).map { lengths.probability(of: $0) }
    var expected = [0.0]
    for sum in 1...max(1, most) {
      var after = 1.0
      for length in 1..<values.count where values[length] > 0 {
        after += values[length] * expected[max(0, sum - length)]
      }
      expected.append(after / (1 - values[0]))
    }
    return expected
  }

  private func observeRotation(
    _ input: ArraySlice<Int64>, _ target: ArraySlice<Int64>, _ index: Int,
    _ observations: inout Observations
  ) {
    guard target.count >= 2 * Self.bins, input.count == target.count else { return }
    let text = Array(target)
    let row = Array(input)
    // Text that repeats itself does not say where it begins.
    let offsets = text.indices.filter { offset in
      text[offset] == row[0]
        && row.indices.allSatisfy { row[$0] == text[(offset + $0) % text.count] }
    }
    guard offsets.count == 1 else { return }
    var counts = [Int](repeating: 0, count: Self.bins)
    counts[offsets[0] * Self.bins / text.count] = 1
    let share = Double(rotated.threshold) / 0x1p53
    var expected = Observations.evenShares(of: text.count, bins: Self.bins).map { $0 * share }
    expected[0] += 1 - share
    observations.add(index, counts: counts, expected: expected)
  }

  private func observeNeighbours(
    _ input: ArraySlice<Int64>, _ target: ArraySlice<Int64>, _ observations: inout Observations
  ) {
    guard let index = index(of: .neighbours) else { return }
    let mask = Int64(maskID)
    let masksText = if case .nothing = masking { false } else { true }
    let pairs = Set(zip(target, target.dropFirst()).map { $0 << 32 | $1 })
    var kept = 0
    var all = 0
    for (left, right) in zip(input, input.dropFirst())
    where !masksText || left != mask && right != mask {
      all += 1
      kept += pairs.contains(left << 32 | right) ? 1 : 0
    }
    observations.add(index, hits: kept, of: all, expected: Double(all))
  }

  /// What is left out if each token that is left is the next of its kind.
  private func observeDeletions(
    _ input: ArraySlice<Int64>, _ target: ArraySlice<Int64>, _ observations: inout Observations
  ) {
    guard let index = index(of: .deletions), target.count >= 2 * Self.bins else { return }
    var counts = [Int](repeating: 0, count: Self.bins)
    var rest = input
    for (position, token) in target.enumerated() {
      if rest.first == token {
        rest.removeFirst()
      } else {
        counts[position * Self.bins / target.count] += 1
      }
    }
    let gone = Double(counts.reduce(0, +))
    observations.add(
      index, counts: counts,
      expected: Observations.evenShares(of: target.count, bins: Self.bins).map { $0 * gone })
  }

  // MARK: Order of sentences

  private func observeOrder(
    _ input: ArraySlice<Int64>, _ target: ArraySlice<Int64>, _ observations: inout Observations
  ) {
    guard let index = index(of: .rearranged), !target.isEmpty else { return }
    let text = Array(target)
    guard case .nothing = masking else {
      let isRearranged = !isInOrder(input, text)
      observations.add(index, hits: isRearranged ? 1 : 0, of: 1, expected: 1)
      return
    }
    observations.add(index, hits: input == target ? 0 : 1, of: 1, expected: 1)
    guard let first = self.index(of: .firstPart),
      let parts = Self.parts(of: Array(input), in: text),
      parts.count > 2
    else { return }
    let count = parts.count
    let rank = parts.count { $0 < parts[0] }
    var counts = [Int](repeating: 0, count: Self.parts)
    counts[rank * Self.parts / count] = 1
    // Of all orders in which no part follows the one that it follows in the text, the share that
    // begins with the first part is 1 / (1 + D(n) / D(n − 1)) by the numbers of derangements, and
    // the other parts begin equally many.
    var ratio = 0.0
    for size in 2...count { ratio = size == 2 ? .infinity : Double(size - 1) * (1 + 1 / ratio) }
    let leading = 1 / (1 + ratio)
    var expected = [Double](repeating: 0, count: Self.parts)
    for part in 0..<count {
      expected[part * Self.parts / count] +=
        part == 0 ? leading : (1 - leading) / Double(count - 1)
    }
    observations.add(first, counts: counts, expected: expected)
  }

  /// Whether what stands between the masks can be found in the text one behind the other, so that the
  /// row may be the text with each mask for some of it.
  private func isInOrder(_ input: ArraySlice<Int64>, _ text: [Int64]) -> Bool {
    let mask = Int64(maskID)
    let stretches = input.split(separator: mask, omittingEmptySubsequences: false)
    var next = 0
    for (index, stretch) in stretches.enumerated() {
      let last = text.count - stretch.count
      // Nothing is hidden before the first and behind the last.
      let isLast = index == stretches.count - 1
      var start = isLast ? max(next, last) : next
      let latest = index == 0 ? 0 : last
      while start <= latest, !text[start..<start + stretch.count].elementsEqual(stretch) {
        start += 1
      }
      guard start <= latest else { return false }
      next = start + stretch.count
    }
    return true
  }

  /// Cuts a rearranged text into the longest stretches of the original, each where it begins there;
  /// nil if they do not make up the original, or if one may come from several places.
  private static func parts(of row: [Int64], in text: [Int64]) -> [Int]? {
    guard row.count == text.count else { return nil }
    var taken = [Bool](repeating: false, count: text.count)
    var starts: [Int] = []
    var position = 0
    while position < row.count {
      var best = (start: 0, length: 0)
      var isOnlyOne = true
      for start in text.indices where text[start] == row[position] && !taken[start] {
        var length = 1
        while position + length < row.count, start + length < text.count,
          !taken[start + length], row[position + length] == text[start + length]
        {
          length += 1
        }
        if length == best.length { isOnlyOne = false }
        if length > best.length {
          best = (start, length)
          isOnlyOne = true
        }
      }
      guard best.length > 0, isOnlyOne else { return nil }
      for index in best.start..<best.start + best.length { taken[index] = true }
      starts.append(best.start)
      position += best.length
    }
    return starts
  }
}
