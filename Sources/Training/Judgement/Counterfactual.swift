// SPDX-License-Identifier: Apache-2.0
internal import Randomness

/// What an example is held against to tell whether its context matters: the same labels, read from
/// something else that the data itself provides.
public enum Counterfactual: String, Sendable, Hashable {
  /// The source of another row that has the same length and special tokens.
  case otherSource = "another row's input"
  /// The visible tokens in random order.
  case shuffledContext = "shuffled context"
  /// Of the history the last token alone, behind that of another row: a model that has never seen a
  /// token on its own at its place would be at a loss for other reasons.
  case oneToken = "one token of history behind another row's"
  /// The suffix of another text.
  case otherSuffix = "another text's suffix"

  /// What examples of a kind are held against; nil where the baseline is no model's loss.
  public init?(_ kind: TaskKind) {
    switch kind {
    case .masked, .maskedNext, .permuted: self = .shuffledContext
    case .causal, .middle: self = .oneToken
    case .spans, .blocks, .prefix: self = .otherSource
    case .replaced: return nil
    }
  }

  /// An example as it is, and with another context.
  public typealias Pair = (own: TrainingExample, other: TrainingExample)

  /// Pairs in the order of the examples; left out are those for which there is nothing else.
  ///
  /// - Parameters:
  ///   - limit: the most pairs; all examples serve as partners.
  ///   - isSpecial: whether an id is a special token; those keep their places.
  public func pairs(
    _ examples: [TrainingExample], limit: Int = .max, seed: UInt64, isSpecial: (Int32) -> Bool
  ) throws -> [Pair] {
    switch self {
    case .otherSource:
      let partners = Self.partners(examples, context: { $0.source }, isSpecial: isSpecial)
      return zip(examples, partners).lazy.compactMap { own, partner in
        partner.map { (own, own.withSource(examples[$0].source)) }
      }.first(limit)
    case .otherSuffix:
      let whole = examples.filter { ($0.parts?.suffix.count ?? 0) >= 4 }
      let partners = Self.partners(
        whole, context: { $0.inputs[$0.parts?.suffix ?? 0..<0] }, isSpecial: isSpecial)
      return zip(whole, partners).lazy.compactMap { own, partner in
        partner.flatMap { own.withSuffix(of: whole[$0]) }
          .map { (own.judgedInTheMiddle, $0.judgedInTheMiddle) }
      }.first(limit)
    case .oneToken:
      let partners = Self.partners(examples, context: { $0.inputs[...] }, isSpecial: isSpecial)
      return zip(examples, partners).lazy.compactMap { own, partner in
        partner.map { (own, own.withHistory(examples[$0].inputs)) }
      }.first(limit)
    case .shuffledContext:
      let streams = try RandomStreams(key: StreamKey(seed: seed), unit: 0)
      return examples.prefix(limit).enumerated().map { index, own in
        var stream = streams.stream(.judgement, frame: UInt32(truncatingIfNeeded: index + 1))
        return (own, own.withShuffledContext(&stream, isSpecial: isSpecial))
      }
    }
  }

  /// For each example another one with the same surface, of another document if there are enough.
  ///
  /// Examples of one surface (task, length, special tokens, which ends of a row) exchange what they
  /// have: every context is used as often as before. So where labels do not depend on their contexts
  /// the mean difference is zero, whatever lengths and marks tell. Only if most examples are alone
  /// with their length do lengths that are nearly the same count as one.
  static func partners(
    _ examples: [TrainingExample], context: (TrainingExample) -> ArraySlice<Int32>,
    isSpecial: (Int32) -> Bool
  ) -> [Int?] {
    var partners = [Int?](repeating: nil, count: examples.count)
    for width in [1, 2, 4, 8] {
      var groups: [Surface: [Int]] = [:]
      for (index, example) in examples.enumerated() where partners[index] == nil {
        let tokens = context(example)
        let surface = Surface(
          task: example.task, length: tokens.count / width,
          marks: tokens.filter(isSpecial).sorted(),
          end: tokens.last.flatMap { isSpecial($0) ? $0 : nil },
          beginsRow: example.beginsRow, endsRow: example.endsRow)
        groups[surface, default: []].append(index)
      }
      for group in groups.values { exchange(group, examples, &partners) }
      if 2 * partners.count(where: { $0 != nil }) >= examples.count { break }
    }
    return partners
  }

  /// What a context shows before it is read.
  private struct Surface: Hashable {
    let task: Int
    let length: Int
    /// Special tokens; of sentinels there are as many as spans to be written.
    let marks: [Int32]
    /// The special token that stands last.
    let end: Int32?
    /// A text that begins or ends with whole sentences shows where in its row it stands.
    let beginsRow: Bool
    let endsRow: Bool
  }

  /// Everyone gets the context of the one that stands as many places on as the most common document
  /// has examples: that is of another document, unless it has more than half of them.
  private static func exchange(
    _ group: [Int], _ examples: [TrainingExample], _ partners: inout [Int?]
  ) {
    guard group.count > 1 else { return }
    let order = group.sorted {
      let (first, second) = (examples[$0].document, examples[$1].document)
      return (first.id, first.offset, $0) < (second.id, second.offset, $1)
    }
    var run = 0
    var longest = 0
    for (rank, index) in order.enumerated() {
      let isSame = rank > 0 && examples[order[rank - 1]].document.id == examples[index].document.id
      run = isSame ? run + 1 : 1
      longest = max(longest, run)
    }
    let shift = min(longest, order.count / 2)
    for (rank, index) in order.enumerated() {
      let other = order[(rank + shift) % order.count]
      if examples[other].inputs != examples[index].inputs { partners[index] = other }
    }
  }
}

extension LazySequenceProtocol {
  /// The first elements; no more are computed.
  fileprivate func first(_ limit: Int) -> [Element] { Array(prefix(limit)) }
}
