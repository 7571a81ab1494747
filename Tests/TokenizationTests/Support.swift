// SPDX-License-Identifier: Apache-2.0

@testable import Tokenization

extension Tokenizer {
  /// The ids of one text.
  func ids(_ text: String, addedTokens: AddedTokenMode = .never) throws -> [UInt32] {
    try encoding(Array(text.utf8), addedTokens: addedTokens).ids
  }

  func encoding(
    _ text: [UInt8], addedTokens: AddedTokenMode = .never,
    parts: Encoding.Parts = [.ends, .wordStarts, .originalEnds]
  ) throws -> Encoding {
    var encoder = encoder(addedTokens: addedTokens, cacheMegabytes: 1)
    var encoding = Encoding(parts: parts)
    try text.withUnsafeBufferPointer { try encoder.encode($0, into: &encoding) }
    return encoding
  }

  /// Trains on texts, each by itself.
  static func trained(_ trainer: BPETrainer, on texts: [String]) throws -> Tokenizer {
    var counter = trainer.counter()
    for text in texts {
      try Array(text.utf8).withUnsafeBufferPointer { try counter.count($0) }
    }
    return try trainer.train(counter)
  }

  /// The merges as `left right`.
  var mergeLines: [String] {
    switch model {
    case .bytePairs(let model):
      model.merges.map { "\(token($0.left) ?? "?") \(token($0.right) ?? "?")" }
    default: []
    }
  }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  mutating func element<T>(of values: [T]) -> T { values[below(values.count)] }
}

/// FNV-1a, 64 bits, of lines.
func fingerprint(_ lines: [String]) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for line in lines {
    for byte in Array(line.utf8) + [0x0A] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }
  return hash
}
