// SPDX-License-Identifier: Apache-2.0

/// Hashes of token stretches, the same in every run.
enum TextHash {
  private static let base: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// Spreads the bits of a number (the finalizer of SplitMix64).
  static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ base
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The hash of a stretch.
  static func hash(_ tokens: some Sequence<Int64>) -> UInt64 {
    mixed(tokens.reduce(1) { $0 &* base &+ UInt64(bitPattern: $1) })
  }

  /// The hash of a string's bytes.
  static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    mixed(bytes.reduce(1) { $0 &* base &+ UInt64($1) })
  }

  /// Calls `body` with the hash of every stretch of `count` tokens; constant time a token.
  static func forEachGram(
    of count: Int, in tokens: UnsafeBufferPointer<Int64>, _ body: (UInt64) -> Void
  ) {
    guard count > 0, tokens.count >= count else { return }
    var power: UInt64 = 1
    for _ in 0..<count { power = power &* base }
    var sum: UInt64 = 0
    for index in tokens.indices {
      sum = sum &* base &+ UInt64(bitPattern: tokens[index])
      if index >= count { sum = sum &- power &* UInt64(bitPattern: tokens[index &- count]) }
      if index >= count &- 1 { body(mixed(sum)) }
    }
  }
}
