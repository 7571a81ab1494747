// SPDX-License-Identifier: Apache-2.0

import Randomness

@testable import Objectives

/// What an objective asks for, made of the unit itself.
func testServices(_ objective: any Objective, _ unit: TokenizedUnit) throws -> Services {
  var services = Services()
  if objective.needs.textCodec { services.textCodec = ToyCodec() }
  guard let request = objective.needs.proposal else { return services }
  let vocabulary = try smallVocabulary()
  if request.kind == .uniform {
    services.proposal = try UniformProposal(vocabulary: vocabulary)
  } else {
    services.proposal = try NGramProposal(
      try counts(of: documents(of: unit), vocabulary), vocabulary: vocabulary,
      temperature: request.temperature, usesNeighbours: request.kind == .ngram)
  }
  return services
}

func documents(of unit: TokenizedUnit) -> [[TokenID]] {
  (0..<unit.documentCount).map {
    Array(unit.tokens[unit.documentOffsets[$0]..<unit.documentOffsets[$0 + 1]])
  }
}

func counts(
  of documents: [[TokenID]], _ vocabulary: Vocabulary,
  limits: NGramCounter.Limits = NGramCounter.Limits()
) throws -> NGramCounts {
  var counter = try NGramCounter(vocabulary: vocabulary, limits: limits)
  for document in documents { document.withUnsafeBufferPointer { counter.add($0) } }
  return counter.finish()
}

/// Ids 10 to 909 are three characters each, of one to three bytes; 910 to 922 are single bytes.
final class ToyCodec: TextCodec {
  static let characters: [[UInt8]] =
    "abcdefghéあ".map { Array(String($0).utf8) }
  static let bytes: [UInt8] = Array("abcdefgh".utf8) + [0xC3, 0xA9, 0xE3, 0x81, 0x82]
  private(set) var encodings = 0

  func decode(_ tokens: UnsafeBufferPointer<TokenID>, into bytes: inout [UInt8]) {
    for token in tokens {
      let index = Int(token) - 10
      switch index {
      case 0..<900:
        for digit in [index / 100, index / 10 % 10, index % 10] { bytes += Self.characters[digit] }
      case 900..<913: bytes.append(Self.bytes[index - 900])
      default: bytes.append(UInt8(ascii: "?"))
      }
    }
  }

  func encode(
    _ bytes: UnsafeBufferPointer<UInt8>, into tokens: inout [TokenID]
  ) throws(ObjectiveError) {
    encodings += 1
    var at = 0
    while at < bytes.count {
      var end = at
      var index = 0
      var digits = 0
      while digits < 3,
        let digit = Self.characters.firstIndex(where: { bytes[end...].starts(with: $0) })
      {
        index = index * 10 + digit
        end += Self.characters[digit].count
        digits += 1
      }
      if digits == 3, index < 900 {
        tokens.append(TokenID(10 + index))
        at = end
      } else {
        guard let index = Self.bytes.firstIndex(of: bytes[at]) else {
          throw ObjectiveError(.inconsistentInput, subject: "text", "byte \(bytes[at])")
        }
        tokens.append(TokenID(910 + index))
        at += 1
      }
    }
  }
}
