// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// How well the token and its place alone tell whether it was replaced, from counts: p(label | place)
/// times how much more often the token is replaced than its places are.
///
/// That factor is pulled towards one by as many tokens as serve the held-out labels best of a few
/// numbers, and places are heeded or taken for one, whichever serves better.
public struct ReplacementBaseline: Sendable {
  private typealias Count = (replaced: Int, all: Int)

  /// What a model sees of a place: how far into a piece it is, and whether the row begins there.
  private struct Place: Hashable {
    let index: Int
    let beginsRow: Bool
  }

  private let vocabularySize: Int
  /// Which token stood in which place, label by label.
  private var labels: [(id: Int32, place: Int32, isReplaced: Bool)] = []
  private var numbers: [Place: Int32] = [:]
  private var places: [Count] = []
  private var total: Count = (0, 0)

  /// Places are many labels each; their shares are pulled by so many.
  private static let strengthOfPlaces = 64.0

  /// Counts nothing yet.
  public init(vocabularySize: Int) {
    self.vocabularySize = vocabularySize
  }

  /// Counts the labels of an example.
  public mutating func add(_ example: TrainingExample) {
    for (index, (id, label)) in zip(example.inputs, example.labels).enumerated() where label >= 0 {
      guard id >= 0, Int(id) < vocabularySize else { continue }
      let place = Place(index: index, beginsRow: example.beginsRow)
      let number = numbers[place] ?? Int32(places.count)
      if Int(number) == places.count {
        numbers[place] = number
        places.append((0, 0))
      }
      let replaced = label == 1 ? 1 : 0
      labels.append((id, number, label == 1))
      let count = places[Int(number)]
      places[Int(number)] = (count.replaced + replaced, count.all + 1)
      total = (total.replaced + replaced, total.all + 1)
    }
  }

  /// The share of replaced tokens.
  public var share: Double { (Double(total.replaced) + 0.5) / (Double(total.all) + 1) }

  /// Nats a label by the share of all tokens alone.
  public var entropy: Double { -share * log(share) - (1 - share) * log(1 - share) }

  /// Nats of each label of held-out examples, example by example.
  public func nats(of examples: [TrainingExample]) -> [[Double]] {
    let candidates = [false, true].flatMap { heedsPlace in
      let chances = places.map { heedsPlace ? chance($0) : share }
      // How often each token was replaced, and how often its places would have it.
      var tokens = [(replaced: Double, expected: Double)](
        repeating: (0, 0), count: vocabularySize)
      for label in labels {
        tokens[Int(label.id)].replaced += label.isReplaced ? 1 : 0
        tokens[Int(label.id)].expected += chances[Int(label.place)]
      }
      return [1.0, 4, 16, 64, 256, 1024, 1e9].map { strength in
        let factors = tokens.map {
          ($0.replaced + strength * share) / ($0.expected + strength * share)
        }
        return examples.map { nats(of: $0, factors, chances) }
      }
    }
    let sums = candidates.map { $0.reduce(0) { $0 + $1.reduce(0, +) } }
    let best = sums.indices.min { sums[$0] < sums[$1] } ?? 0
    return candidates[best]
  }

  private func nats(
    of example: TrainingExample, _ factors: [Double], _ chances: [Double]
  ) -> [Double] {
    zip(example.inputs, example.labels).enumerated().map { index, row in
      let (id, label) = row
      guard label >= 0 else { return 0 }
      let place = numbers[Place(index: index, beginsRow: example.beginsRow)]
      let factor = id >= 0 && Int(id) < factors.count ? factors[Int(id)] : 1
      let product = factor * (place.map { chances[Int($0)] } ?? share)
      let chance = min(max(product, 1e-6), 1 - 1e-3)
      return -log(label == 1 ? chance : 1 - chance)
    }
  }

  /// The share of replaced tokens in a place, pulled towards that of all.
  private func chance(_ count: Count) -> Double {
    (Double(count.replaced) + Self.strengthOfPlaces * share)
      / (Double(count.all) + Self.strengthOfPlaces)
  }
}
