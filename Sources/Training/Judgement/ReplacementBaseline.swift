// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// How well the token and its place alone tell whether it was replaced, from counts: p(label | token
/// id), and as a factor of its odds p(label | place), as far as that serves the held-out labels.
///
/// The share of each token is pulled towards the share of all by as many tokens as serve the
/// held-out labels best of a few numbers.
public struct ReplacementBaseline: Sendable {
  private typealias Count = (replaced: Int, all: Int)

  /// What a model sees of a place: how far into a piece it is, and whether the row begins there.
  private struct Place: Hashable {
    let index: Int
    let beginsRow: Bool
  }

  private var tokens: [Count]
  private var places: [Place: Count] = [:]
  private var total: Count = (0, 0)

  /// Places are many labels each; their shares are pulled by so many.
  private static let strengthOfPlaces = 64.0

  /// Counts nothing yet.
  public init(vocabularySize: Int) {
    tokens = Array(repeating: (0, 0), count: vocabularySize)
  }

  /// Counts the labels of an example.
  public mutating func add(_ example: TrainingExample) {
    for (index, (id, label)) in zip(example.inputs, example.labels).enumerated() where label >= 0 {
      guard id >= 0, Int(id) < tokens.count else { continue }
      let place = Place(index: index, beginsRow: example.beginsRow)
      let replaced = label == 1 ? 1 : 0
      tokens[Int(id)] = (tokens[Int(id)].replaced + replaced, tokens[Int(id)].all + 1)
      let count = places[place, default: (0, 0)]
      places[place] = (count.replaced + replaced, count.all + 1)
      total = (total.replaced + replaced, total.all + 1)
    }
  }

  /// The share of replaced tokens.
  public var share: Double { (Double(total.replaced) + 0.5) / (Double(total.all) + 1) }

  /// Nats a label by the share of all tokens alone.
  public var entropy: Double { -share * log(share) - (1 - share) * log(1 - share) }

  /// Nats of each label of held-out examples, example by example.
  public func nats(of examples: [TrainingExample]) -> [[Double]] {
    let candidates = [1.0, 4, 16, 64].flatMap { strength in
      [false, true].map { heedsPlace in
        examples.map { nats(of: $0, strength, heedsPlace: heedsPlace) }
      }
    }
    let sums = candidates.map { $0.reduce(0) { $0 + $1.reduce(0, +) } }
    let best = sums.indices.min { sums[$0] < sums[$1] } ?? 0
    return candidates[best]
  }

  private func nats(
    of example: TrainingExample, _ strength: Double, heedsPlace: Bool
  ) -> [Double] {
    zip(example.inputs, example.labels).enumerated().map { index, row in
      let (id, label) = row
      guard label >= 0 else { return 0 }
      let count = id >= 0 && Int(id) < tokens.count ? tokens[Int(id)] : (replaced: 0, all: 0)
      var chance = chance(count, strength)
      if heedsPlace {
        let place = Place(index: index, beginsRow: example.beginsRow)
        let other = self.chance(places[place] ?? (0, 0), Self.strengthOfPlaces)
        let odds = chance / (1 - chance) * other / (1 - other) * (1 - share) / share
        chance = odds / (1 + odds)
      }
      return -log(label == 1 ? chance : 1 - chance)
    }
  }

  /// The share of replaced ones among some tokens, pulled towards that of all.
  private func chance(_ count: Count, _ strength: Double) -> Double {
    (Double(count.replaced) + strength * share) / (Double(count.all) + strength)
  }
}
