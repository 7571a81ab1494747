// SPDX-License-Identifier: Apache-2.0

public import Randomness

/// How plausible the replacements of a proposal are, measured on text that it was not made from.
public struct ProposalReport: Sendable, Hashable {
  /// Positions that were measured.
  public private(set) var positions = 0
  /// Of those, how often the proposal drew the original.
  public private(set) var equalToOriginal = 0
  /// The mean of −ln P(original); nil for a proposal without probabilities.
  public private(set) var nats: Double?
  /// How often a replaced token is rarer than an original one, ties counting half: 0.5 if
  /// frequency tells nothing, 1 if it tells all (the area under the ROC curve).
  public private(set) var frequencyDetection: Double?

  /// Measures a proposal: one draw at every ordinary token of the documents (at one in `stride`,
  /// where the proposal does not see what stands at the others), up to `limit`.
  ///
  /// - Parameters:
  ///   - proposal: The proposal.
  ///   - counts: Frequencies of tokens.
  ///   - documents: Text that was not counted.
  public init(
    _ proposal: any ReplacementProposal, counts: NGramCounts, vocabulary: Vocabulary,
    documents: [[TokenID]], random: RandomStreams, stride: Int = 1, limit: Int = 1 << 17
  ) {
    var stream = random.stream(.measurement)
    let probabilities = proposal as? NGramProposal
    var sum = 0.0
    var originals: [UInt32] = []
    var replaced: [UInt32] = []
    for document in documents where positions < limit {
      var places: [UInt32] = []
      for (index, token) in document.enumerated()
      where index.isMultiple(of: stride) && token < vocabulary.size
        && !vocabulary.isSpecial(token)
      {
        places.append(UInt32(truncatingIfNeeded: index))
      }
      places.removeLast(max(0, places.count - (limit - positions)))
      var samples = [TokenID](repeating: 0, count: places.count)
      document.withUnsafeBufferPointer { tokens in
        places.withUnsafeBufferPointer { places in
          samples.withUnsafeMutableBufferPointer {
            proposal.propose(for: places, in: tokens, random: &stream, into: $0)
          }
        }
        for (index, place) in places.enumerated() {
          let original = tokens[Int(place)]
          originals.append(counts.unigrams[Int(original)])
          if samples[index] == original {
            equalToOriginal += 1
          } else {
            replaced.append(counts.unigrams[Int(samples[index])])
          }
          if let probabilities {
            sum -= ExactMath.logarithm(
              probabilities.probability(of: original, at: Int(place), in: tokens))
          }
        }
      }
      positions += places.count
    }
    if probabilities != nil, positions > 0 { nats = sum / Double(positions) }
    frequencyDetection = Self.detection(originals: originals, replaced: replaced)
  }

  private static func detection(originals: [UInt32], replaced: [UInt32]) -> Double? {
    guard !originals.isEmpty, !replaced.isEmpty else { return nil }
    let originals = originals.sorted()
    let replaced = replaced.sorted()
    // Twice the number of pairs in which the replaced token is rarer, ties once.
    var wins = 0
    var lower = 0
    var upper = 0
    for frequency in replaced {
      while lower < originals.count, originals[lower] < frequency { lower += 1 }
      while upper < originals.count, originals[upper] <= frequency { upper += 1 }
      wins += 2 * (originals.count - upper) + (upper - lower)
    }
    return Double(wins) / (2 * Double(originals.count) * Double(replaced.count))
  }
}
