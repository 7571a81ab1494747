// SPDX-License-Identifier: Apache-2.0

internal import Randomness

/// Where a text is divided into an input and a target: uniformly, so that the target has a given
/// share in the mean (`prefix_lm` of google-research/text-to-text-transfer-transformer,
/// t5/data/preprocessors.py).
struct PrefixSplit: Sendable {
  /// The mean share of the target; at ½ every split is equally likely.
  let density: Double

  /// The shortest prefix of so many tokens.
  func shortest(_ tokens: Int) -> Int {
    guard tokens > 1 else { return 0 }
    return min(max(1, Rounding.halfEven((1 - 2 * density) * Double(tokens - 1))), tokens - 1)
  }

  /// The length of the prefix: uniform from the shortest to one less than all. A single token is
  /// target.
  func draw(_ tokens: Int, _ stream: inout RandomStream) -> Int {
    guard tokens > 1 else { return 0 }
    let shortest = shortest(tokens)
    return shortest + stream.uniform(below: tokens - shortest)
  }

  /// Checks the lengths of a row's text; nothing is left to choose for a single token.
  func check(_ check: inout RowCheck, prefix: Int, target: Int) {
    let total = prefix + target
    guard prefix >= shortest(total), target > 0 else {
      check.fault(
        "split", "labels",
        "\(prefix) of \(total) tokens are input, \(shortest(total))...\(max(0, total - 1)) expected"
      )
      return
    }
  }
}
