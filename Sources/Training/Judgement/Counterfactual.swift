// SPDX-License-Identifier: Apache-2.0
internal import Randomness

/// What an example is held against to tell whether its context matters: the same labels, read from
/// something else that the data itself provides.
public enum Counterfactual: String, Sendable, Hashable {
  /// The source of another row of nearly the same length.
  case otherSource = "another row's input"
  /// The visible tokens in random order.
  case shuffledContext = "shuffled context"
  /// Nothing before the last token.
  case oneToken = "one token of history"
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
  /// - Parameter isSpecial: whether an id is a special token; those keep their places.
  public func pairs(
    _ examples: [TrainingExample], seed: UInt64, isSpecial: (Int32) -> Bool
  ) throws -> [Pair] {
    switch self {
    case .otherSource:
      // As many special tokens too: the number of sentinels tells how many spans are to be written.
      let partners = Self.partners(
        examples,
        marks: { example in
          // A text's end is none of them: what stands last must be the same too.
          let last = example.source.last.map { isSpecial($0) ? Int($0) + 1 : 0 } ?? 0
          return example.source.count(where: isSpecial) << 32 | last
        }, length: { $0.source.count })
      return zip(examples, partners).compactMap { own, partner in
        partner.map { (own, own.withSource(examples[$0].source)) }
      }
    case .otherSuffix:
      let whole = examples.filter { ($0.parts?.suffix.count ?? 0) >= 4 }
      let partners = Self.partners(whole) { $0.parts?.suffix.count ?? 0 }
      return zip(whole, partners).compactMap { own, partner in
        guard let partner, let other = own.withSuffix(of: whole[partner]) else { return nil }
        return (own.judgedInTheMiddle, other.judgedInTheMiddle)
      }
    case .oneToken:
      return examples.map { own in
        var other = own
        other.attention = .alone
        // Each token stands where the model knows tokens without a history.
        other.positions = own.inputs.map { _ in 0 }
        return (own, other)
      }
    case .shuffledContext:
      let streams = try RandomStreams(key: StreamKey(seed: seed), unit: 0)
      return examples.enumerated().map { index, own in
        var stream = streams.stream(.judgement, frame: UInt32(truncatingIfNeeded: index + 1))
        return (own, own.withShuffledContext(&stream, isSpecial: isSpecial))
      }
    }
  }

  /// For each example the one of the same task whose number of marks, and then whose length, is
  /// nearest; of another document if there is one nearby.
  static func partners(
    _ examples: [TrainingExample], marks: (TrainingExample) -> Int = { _ in 0 },
    length: (TrainingExample) -> Int
  ) -> [Int?] {
    let lengths = examples.map(length)
    let marks = examples.map(marks)
    let order = examples.indices.sorted {
      (examples[$0].task, marks[$0], lengths[$0], $0)
        < (examples[$1].task, marks[$1], lengths[$1], $1)
    }
    var partners = [Int?](repeating: nil, count: examples.count)
    for (rank, own) in order.enumerated() {
      var best: (misfit: Misfit, index: Int)?
      for neighbour in max(0, rank - 32)...min(order.count - 1, rank + 32) {
        let index = order[neighbour]
        guard index != own, examples[index].task == examples[own].task,
          examples[index].inputs != examples[own].inputs
        else { continue }
        let misfit = Misfit(
          marks: abs(marks[index] - marks[own]),
          isSameDocument: examples[index].document.id == examples[own].document.id,
          length: abs(lengths[index] - lengths[own]))
        if best.map({ (misfit, index) < ($0.misfit, $0.index) }) ?? true { best = (misfit, index) }
      }
      partners[own] = best?.index
    }
    return partners
  }

  /// How badly another example serves; what comes first weighs most.
  private struct Misfit: Comparable {
    let marks: Int
    let isSameDocument: Bool
    let length: Int

    static func < (first: Misfit, second: Misfit) -> Bool {
      if first.marks != second.marks { return first.marks < second.marks }
      if first.isSameDocument != second.isSameDocument { return second.isSameDocument }
      return first.length < second.length
    }
  }
}
