// SPDX-License-Identifier: Apache-2.0

public import Randomness

/// How often the documents of each group (a source, a language) are served in a pass, so that the
/// groups have shares of the tokens in proportion to n^α (Devlin 2018, multilingual BERT; Conneau et
/// al. 2020, arXiv 1911.02116 §3.1; Xue et al. 2021, arXiv 2010.11934 §3.2), with a cap on
/// repetition (Chung et al. 2023, UniMax, arXiv 2304.09151).
///
/// α = 1 leaves everything as it is, 0 gives all groups the same. A pass serves as many tokens as
/// there are; what a capped group does not take goes to the others in proportion to their shares.
public struct TemperatureSampling: Sendable, Hashable {
  /// The largest exponent.
  public static let exponents = 0.0...1.0
  /// How often a document may be served in a pass, at most.
  public static let largestRepeats = 1024.0

  /// By group how often each of its documents is served in a pass, in units of 2⁻³².
  private let repeats: [UInt64]
  /// By group the share of the tokens of a pass.
  public let shares: [Double]

  /// Plans a pass over groups of so many tokens.
  ///
  /// - Parameters:
  ///   - tokens: of each group.
  ///   - exponent: α.
  ///   - cap: how often a document is served in a pass, at most.
  public init(tokens: [Int], exponent: Double, cap: Double) {
    let cap = min(max(cap, 0), Self.largestRepeats)
    let alpha = min(max(exponent, Self.exponents.lowerBound), Self.exponents.upperBound)
    let total = tokens.reduce(0, +)
    let weights = tokens.map { $0 > 0 ? ExactMath.power(Double($0), alpha) : 0 }
    var rates = tokens.map { $0 > 0 ? Double?.none : 0 }
    var left = Double(total)
    // A group that reaches the cap leaves more for the others, some of which may reach it then.
    while true {
      let open = rates.indices.filter { rates[$0] == nil }
      let weight = open.reduce(0) { $0 + weights[$1] }
      let capped = open.filter { left * weights[$0] / weight > cap * Double(tokens[$0]) }
      for group in capped {
        rates[group] = cap
        left -= cap * Double(tokens[group])
      }
      guard capped.isEmpty else { continue }
      for group in open { rates[group] = left * weights[group] / weight / Double(tokens[group]) }
      break
    }
    repeats = rates.map { UInt64((($0 ?? 0) * 0x1p32).rounded(.toNearestOrEven)) }
    let served = zip(tokens, repeats).map { Double($0) * Double($1) / 0x1p32 }
    let sum = served.reduce(0, +)
    shares = served.map { sum > 0 ? $0 / sum : 0 }
  }

  /// How often a document of a group is served in a pass, on average.
  public func repeats(of group: Int) -> Double { Double(repeats[group]) / 0x1p32 }

  /// How often each document of a unit is served in an epoch.
  ///
  /// Over E epochs a document of a group with rate r is served ⌊Er⌋ or ⌈Er⌉ times, and in every
  /// epoch about r times the documents of the group are: phases are spread evenly over the
  /// documents, in an order drawn for the unit.
  ///
  /// - Parameters:
  ///   - groups: the group of each document.
  ///   - random: the streams of the unit in epoch 0.
  public func copies(groups: [Int], epoch: Int, random: RandomStreams) -> [Int] {
    var members = [Int](repeating: 0, count: repeats.count)
    for group in groups { members[group] += 1 }
    var phases: [[UInt32]] = []
    var offsets: [UInt64] = []
    for (group, count) in members.enumerated() {
      var stream = random.stream(.repetition, frame: UInt32(truncatingIfNeeded: group))
      phases.append(stream.permutation(count: count))
      offsets.append(UInt64(stream.next32()))
    }
    var next = [Int](repeating: 0, count: repeats.count)
    return groups.map { group in
      let place = UInt64(phases[group][next[group]])
      next[group] += 1
      let phase = (place << 32 | offsets[group]) / UInt64(members[group])
      let rate = repeats[group]
      let before = (UInt64(epoch) * rate + phase) >> 32
      return Int((UInt64(epoch + 1) * rate + phase) >> 32 - before)
    }
  }
}
