// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension RandomStream {
  /// One of the ascending tokens other than `original`, all equally likely: of the list without it,
  /// the drawn one. There are at least two.
  @inline(__always)
  mutating func token(
    otherThan original: TokenID, of tokens: UnsafeBufferPointer<TokenID>
  ) -> TokenID {
    let index = uniform(below: tokens.count &- 1)
    let token = tokens[index]
    return token < original ? token : tokens[index &+ 1]
  }
}
