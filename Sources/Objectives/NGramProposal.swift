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
  /// Open addressing: by both neighbours the list in `between`.
  private let slots: [Slot]

  /// Both neighbours, and where their list is.
  private struct Slot {
    static let empty = UInt64.max
    var key = Slot.empty
    var start: UInt32 = 0
    var end: UInt32 = 0
  }

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
    var slots = [Slot](repeating: Slot(), count: 1 << bits)
    for (index, key) in surroundings.enumerated() {
      var slot = CountTable.slot(of: key, in: slots.count)
      while slots[slot].key != Slot.empty { slot = (slot + 1) & (slots.count - 1) }
      let range = between.range(of: index)
      slots[slot] = Slot(
        key: key, start: UInt32(truncatingIfNeeded: range.lowerBound),
        end: UInt32(truncatingIfNeeded: range.upperBound))
    }
    self.slots = slots
  }

  /// Where the list of what stands between two tokens is; empty if there is none.
  @inline(__always)
  private func list(between left: TokenID, _ right: TokenID) -> Range<Int> {
    let key = UInt64(left) << 21 | UInt64(right)
    let mask = slots.count &- 1
    var slot = CountTable.slot(of: key, in: slots.count)
    while true {
      let found = slots[slot]
      if found.key == key { return Int(found.start)..<Int(found.end) }
      if found.key == Slot.empty { return 0..<0 }
      slot = (slot &+ 1) & mask
    }
  }

  /// What stands beside a position.
  private struct Sides {
    var left: TokenID?
    var right: TokenID?
    var list: Range<Int>
  }

  @inline(__always)
  private func sides(
    of position: Int, in tokens: UnsafeBufferPointer<TokenID>
  ) -> Sides {
    let size = after.listCount
    let left = position > 0 && tokens[position &- 1] < size ? tokens[position &- 1] : nil
    let right =
      position &+ 1 < tokens.count && tokens[position &+ 1] < size ? tokens[position &+ 1] : nil
    guard let left, let right else { return Sides(left: left, right: right, list: 0..<0) }
    return Sides(left: left, right: right, list: list(between: left, right))
  }

  /// Draws a replacement for each position.
  ///
  /// Everything is read before it is looked up, and looked up before anything is drawn: the tables
  /// are larger than any cache, and what does not wait for each other is under way together.
  public func propose(
    for positions: UnsafeBufferPointer<UInt32>, in tokens: UnsafeBufferPointer<TokenID>,
    random: inout RandomStream, into replacements: UnsafeMutableBufferPointer<TokenID>
  ) {
    withUnsafeTemporaryAllocation(of: Sides.self, capacity: positions.count) { sides in
      for index in positions.indices {
        let position = Int(positions[index])
        guard position > 0, position &+ 1 < tokens.count else { continue }
        let key = UInt64(tokens[position &- 1]) << 21 | UInt64(tokens[position &+ 1])
        replacements[index] = slots[CountTable.slot(of: key, in: slots.count)].start
      }
      for index in positions.indices {
        sides.initializeElement(
          at: index, to: self.sides(of: Int(positions[index]), in: tokens))
      }
      for index in positions.indices { replacements[index] = between.touch(sides[index].list) }
      for index in positions.indices {
        let own = tokens[Int(positions[index])]
        replacements[index] = draw(sides[index], own: own, &random)
      }
    }
  }

  @inline(__always)
  private func draw(_ sides: Sides, own: TokenID, _ random: inout RandomStream) -> TokenID {
    if let token = between.draw(sides.list, own: own, &random) { return token }
    let usesLeft = sides.left != nil && (sides.right == nil || random.coin())
    if usesLeft, let left = sides.left {
      if let token = after.draw(after.range(of: Int(left)), own: own, &random) { return token }
    } else if let right = sides.right {
      if let token = before.draw(before.range(of: Int(right)), own: own, &random) { return token }
    }
    if let token = unigrams.draw(unigrams.range(of: 0), own: own, &random) { return token }
    return ordinary[random.uniform(below: ordinary.count)]
  }

  /// The probability that ``propose(for:in:random:into:)`` draws a token at a position; without
  /// leaving anything out, as for text that was not counted.
  public func probability(
    of token: TokenID, at position: Int, in tokens: UnsafeBufferPointer<TokenID>
  ) -> Double {
    let sides = sides(of: position, in: tokens)
    let any = 1 / Double(ordinary.count)
    let frequency = unigrams.mixed(unigrams.range(of: 0), token, with: any)
    let beside: Double =
      switch (sides.left, sides.right) {
      case (let left?, let right?):
        (after.mixed(after.range(of: Int(left)), token, with: frequency)
          + before.mixed(before.range(of: Int(right)), token, with: frequency)) / 2
      case (let left?, nil): after.mixed(after.range(of: Int(left)), token, with: frequency)
      case (nil, let right?): before.mixed(before.range(of: Int(right)), token, with: frequency)
      case (nil, nil): frequency
      }
    return between.mixed(sides.list, token, with: beside)
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
