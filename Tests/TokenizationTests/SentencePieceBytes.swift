// SPDX-License-Identifier: Apache-2.0

@testable import Tokenization

/// Writes sentencepiece models as the library would.
struct SentencePieceBytes {
  typealias Piece = (text: String, score: Float, kind: SentencePieceFile.Kind)

  static let specials: [Piece] = [
    ("<unk>", 0, .unknown), ("<s>", 0, .control), ("</s>", 0, .control),
  ]
  static let byteTokens: [Piece] = (UInt8.min...UInt8.max).map { (ByteTokens.name($0), 0, .byte) }

  var type: UInt64 = 1
  var pieces: [Piece] = specials
  var characterMap: [UInt8] = []
  /// Fields of the normalizer and of the trainer, by number.
  var normalizer: [UInt64: UInt64] = [:]
  var trainer: [UInt64: UInt64] = [:]

  static func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    repeat {
      bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return bytes
  }

  static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }

  static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] {
    varint(number << 3) + varint(value)
  }

  static func piece(_ piece: Piece) -> [UInt8] {
    let score = piece.score.bitPattern
    return field(1, Array(piece.text.utf8)) + varint(2 << 3 | 5)
      + (0..<4).map { UInt8(truncatingIfNeeded: score >> UInt32(8 * $0)) }
      + field(3, piece.kind.rawValue)
  }

  var bytes: [UInt8] {
    var result = pieces.flatMap { Self.field(1, Self.piece($0)) }
    var training = Self.field(3, type)
    if pieces.contains(where: { $0.kind == .byte }) { training += Self.field(35, 1) }
    for (number, value) in trainer.sorted(by: { $0.key < $1.key }) {
      training += Self.field(number, value)
    }
    result += Self.field(2, training)
    var rules = Self.field(1, Array("identity".utf8))
    if !characterMap.isEmpty { rules += Self.field(2, characterMap) }
    for (number, value) in normalizer.sorted(by: { $0.key < $1.key }) {
      rules += Self.field(number, value)
    }
    return result + Self.field(3, rules)
  }
}
