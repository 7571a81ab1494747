// SPDX-License-Identifier: Apache-2.0

public import Randomness

/// Proposes replacements by what stands between the same neighbours elsewhere.
///
/// Three levels. Of N occurrences between the same left and right neighbour, with D different
/// tokens, one is drawn with probability N / (N + D) (Witten and Bell 1991); else a fair coin picks
/// a side and one is drawn of those beside that neighbour alone, by the same rule; else one by
/// frequency, by the same rule; else any ordinary token. At every level one occurrence of the token
/// that is to be replaced is left out: otherwise a rare token would mostly propose itself.
/// Occurrences weigh count^(1/temperature). All draws are of integers.
public final class NGramProposal: ReplacementProposal {
  private let ordinary: [TokenID]
  private let unigrams: WeightedLists
  /// By the token before.
  private let after: WeightedLists
  /// By the token behind.
  private let before: WeightedLists
  private let between: WeightedLists
  /// Open addressing: the index of a list in `between`, plus one.
  private let slots: [UInt32]
  private let surroundings: [UInt64]

  /// A proposal from counts.
  ///
  /// - Parameters:
  ///   - counts: Pairs and triples in it are not used if `usesNeighbours` is false.
  ///   - vocabulary: Only its ordinary tokens are proposed.
  ///   - temperature: From 0.25 to 4.
  ///   - usesNeighbours: False for proposing by frequency alone.
  /// - Throws: ``ObjectiveError`` (`inconsistentInput`) if the counts are of another vocabulary.
  public init(
    _ counts: NGramCounts, vocabulary: Vocabulary, temperature: Double = 1,
    usesNeighbours: Bool = true
  ) throws(ObjectiveError) {
    guard counts.unigrams.count == vocabulary.size, !vocabulary.ordinary.isEmpty else {
      throw ObjectiveError(
        .inconsistentInput, subject: "proposal",
        "the counts are of a vocabulary of \(counts.unigrams.count) ids, not of \(vocabulary.size)")
    }
    ordinary = vocabulary.ordinary
    let flags = vocabulary.withSpecialFlags { Array($0) }
    let exponent = 1 / min(4, max(0.25, temperature))
    let size = vocabulary.size
    var frequencies: [(token: TokenID, count: UInt32)] = []
    for id in vocabulary.ordinary where counts.unigrams[Int(id)] > 0 {
      frequencies.append((id, counts.unigrams[Int(id)]))
    }
    unigrams = WeightedLists(
      listCount: 1, frequencies.lazy.map { (0, $0.token, $0.count) }, exponent: exponent)
    let pairs = usesNeighbours ? counts.pairs : []
    after = WeightedLists(
      listCount: size,
      pairs.lazy.filter { !flags[Int($0.last)] }.map { (Int($0.secondLast), $0.last, $0.count) },
      exponent: exponent)
    let reversed = pairs.lazy.filter { !flags[Int($0.secondLast)] }
      .map {
        NGramCounts.Entry(key: UInt64($0.last) << 21 | UInt64($0.secondLast), count: $0.count)
      }
      .sorted { $0.key < $1.key }
    before = WeightedLists(
      listCount: size, reversed.lazy.map { (Int($0.secondLast), $0.last, $0.count) },
      exponent: exponent)
    let triples = (usesNeighbours ? counts.triples : []).filter { !flags[Int($0.last)] }
    var surroundings: [UInt64] = []
    var lists: [Int] = []
    lists.reserveCapacity(triples.count)
    for triple in triples {
      if surroundings.last != triple.key >> 21 { surroundings.append(triple.key >> 21) }
      lists.append(surroundings.count - 1)
    }
    between = WeightedLists(
      listCount: surroundings.count,
      triples.indices.lazy.map { (lists[$0], triples[$0].last, triples[$0].count) },
      exponent: exponent)
    var bits = 4
    while 1 << bits < surroundings.count * 2 { bits += 1 }
    var slots = [UInt32](repeating: 0, count: 1 << bits)
    for (index, key) in surroundings.enumerated() {
      var slot = Self.slot(of: key, in: slots.count)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(truncatingIfNeeded: index + 1)
    }
    self.slots = slots
    self.surroundings = surroundings
  }

  @inline(__always)
  private static func slot(of key: UInt64, in count: Int) -> Int {
    CountTable.slot(of: key, in: count)
  }

  @inline(__always)
  private func list(between left: TokenID, _ right: TokenID) -> Int? {
    let key = UInt64(left) << 21 | UInt64(right)
    var slot = Self.slot(of: key, in: slots.count)
    while slots[slot] != 0 {
      let index = Int(slots[slot]) &- 1
      if surroundings[index] == key { return index }
      slot = (slot &+ 1) & (slots.count &- 1)
    }
    return nil
  }

  /// Draws a replacement for each position.
  public func propose(
    for positions: UnsafeBufferPointer<UInt32>, in tokens: UnsafeBufferPointer<TokenID>,
    random: inout RandomStream, into replacements: UnsafeMutableBufferPointer<TokenID>
  ) {
    let size = after.listCount
    for index in positions.indices {
      let position = Int(positions[index])
      let left = position > 0 && tokens[position &- 1] < size ? tokens[position &- 1] : nil
      let right =
        position &+ 1 < tokens.count && tokens[position &+ 1] < size
        ? tokens[position &+ 1] : nil
      replacements[index] = draw(left, right, own: tokens[position], &random)
    }
  }

  @inline(__always)
  private func draw(
    _ left: TokenID?, _ right: TokenID?, own: TokenID, _ random: inout RandomStream
  ) -> TokenID {
    if let left, let right, let list = list(between: left, right),
      let token = between.draw(list, own: own, &random)
    {
      return token
    }
    let usesLeft = left != nil && (right == nil || random.coin())
    if usesLeft, let left {
      if let token = after.draw(Int(left), own: own, &random) { return token }
    } else if let right {
      if let token = before.draw(Int(right), own: own, &random) { return token }
    }
    if let token = unigrams.draw(0, own: own, &random) { return token }
    return ordinary[random.uniform(below: ordinary.count)]
  }

  /// The probability that ``propose(for:in:random:into:)`` draws a token at a position; without
  /// leaving anything out, as for text that was not counted.
  public func probability(
    of token: TokenID, at position: Int, in tokens: UnsafeBufferPointer<TokenID>
  ) -> Double {
    let size = after.listCount
    let left = position > 0 && tokens[position - 1] < size ? tokens[position - 1] : nil
    let right =
      position + 1 < tokens.count && tokens[position + 1] < size ? tokens[position + 1] : nil
    let any = 1 / Double(ordinary.count)
    let frequency = unigrams.mixed(0, token, with: any)
    let beside: Double =
      switch (left, right) {
      case (let left?, let right?):
        (after.mixed(Int(left), token, with: frequency)
          + before.mixed(Int(right), token, with: frequency)) / 2
      case (let left?, nil): after.mixed(Int(left), token, with: frequency)
      case (nil, let right?): before.mixed(Int(right), token, with: frequency)
      case (nil, nil): frequency
      }
    guard let left, let right, let list = list(between: left, right) else { return beside }
    return between.mixed(list, token, with: beside)
  }
}

/// Proposes every ordinary token alike, the original among them.
public struct UniformProposal: ReplacementProposal {
  private let ordinary: [TokenID]

  /// A proposal of a vocabulary's ordinary tokens.
  ///
  /// - Throws: ``ObjectiveError`` (`inconsistentInput`) if there are none.
  public init(vocabulary: Vocabulary) throws(ObjectiveError) {
    guard !vocabulary.ordinary.isEmpty else {
      throw ObjectiveError(
        .inconsistentInput, subject: "proposal", "the vocabulary has no ordinary tokens")
    }
    ordinary = vocabulary.ordinary
  }

  /// Draws a replacement for each position.
  public func propose(
    for positions: UnsafeBufferPointer<UInt32>, in tokens: UnsafeBufferPointer<TokenID>,
    random: inout RandomStream, into replacements: UnsafeMutableBufferPointer<TokenID>
  ) {
    for index in positions.indices {
      replacements[index] = ordinary[random.uniform(below: ordinary.count)]
    }
  }
}
