// SPDX-License-Identifier: Apache-2.0

import CProcessor
import Testing
import UnicodeText

@testable import Tokenization

/// The scanner on masks against the rules, piece by piece.
@Suite struct PieceScannerTests {
  static let ways = (cprocessor_portable.rawValue...UInt32(cprocessor_best())).map { Int32($0) }

  private func ends(_ scanner: inout PieceScanner, _ text: [UInt8]) -> [Int] {
    text.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return [] }
      let bytes = TextBytes(base: base, count: buffer.count)
      var ends: [Int] = []
      var at = 0
      while at < bytes.count {
        let count = scanner.scan(bytes, from: at)
        for index in 1...count { ends.append(at + Int(scanner.bounds[index])) }
        at += Int(scanner.bounds[count])
      }
      return ends
    }
  }

  private func expected(_ rule: PreTokenizerRule, _ text: [UInt8]) -> [Int] {
    text.withUnsafeBufferPointer { rule.pieceEnds($0) }
  }

  /// Texts of runs of characters of all kinds, so that runs reach over blocks and stretches.
  private func text(
    _ random: inout SeededGenerator, _ alphabet: [[UInt8]], length: Int, run: Int
  ) -> [UInt8] {
    var result: [UInt8] = []
    while result.count < length {
      let character = random.element(of: alphabet)
      let times = random.below(4) == 0 ? 1 + random.below(run) : 1
      for _ in 0..<times { result += character }
    }
    return result
  }

  private static let alphabet: [[UInt8]] = {
    let characters =
      "aabstSTlLrReEvVdDmM'''   \n\n\r\t123!-_.é€“жΣ日本一ー가ⅷ٣½😀\u{301}\u{A0}\u{85}\u{2003}"
      + "\u{3000}\u{2028}\u{200B}\u{FEFF}\u{4DC0}\u{3041}\u{0}\u{1C}\u{B}ſÀѠ"
    return characters.unicodeScalars.map { Array(String($0).utf8) } + [
      [0xFF], [0xE4], [0x80, 0x80],
    ]
  }()

  private static let common: [[UInt8]] = "aet's \n0!-\t'".unicodeScalars.map {
    Array(String($0).utf8)
  }

  @Test(arguments: PreTokenizerRule.allCases)
  func `Pieces are those of the rule, whichever way bytes are classified`(
    rule: PreTokenizerRule
  ) {
    var random = SeededGenerator(state: 21)
    for way in Self.ways {
      var scanner = PieceScanner(rule, way: way)
      var wrong: [[UInt8]] = []
      for round in 0..<600 {
        let alphabet = round % 2 == 0 ? Self.common : Self.alphabet
        let length = round % 50 == 0 ? 6_000 : random.below(300)
        let run = round % 7 == 0 ? 200 : 6
        let text = text(&random, alphabet, length: length, run: run)
        if ends(&scanner, text) != expected(rule, text) { wrong.append(text) }
      }
      #expect(wrong.isEmpty, "\(rule), way \(way): \(wrong.count), \(wrong.first ?? [])")
    }
  }

  @Test(arguments: PreTokenizerRule.allCases)
  func `Every pair and triple of characters is split alike at every place in a block`(
    rule: PreTokenizerRule
  ) {
    var scanner = PieceScanner(rule)
    var random = SeededGenerator(state: 22)
    var wrong = 0
    for place in 58...66 {
      let before = [UInt8](repeating: 0x78, count: place)
      for _ in 0..<1_500 {
        var text = before
        for _ in 0..<4 { text += random.element(of: Self.alphabet) }
        text.append(0x79)
        if ends(&scanner, text) != expected(rule, text) { wrong += 1 }
      }
    }
    #expect(wrong == 0)
  }

  @Test func `Each character is of the class that the tables give it`() {
    var scanner = PieceScanner(.gpt2)
    var wrong: [UInt32] = []
    for value in UInt32(0x80)...0x2FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let text = Array("a\(scalar)1\(scalar) !\(scalar)".utf8)
      if ends(&scanner, text) != expected(.gpt2, text) { wrong.append(value) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func `Characters that each start a word are noticed, quotation marks are none`() {
    var unnoticed: [UInt32] = []
    for way in Self.ways {
      var scanner = PieceScanner(.gpt2, way: way)
      for value in UInt32(0x80)...0x3FFFF where CharacterClasses.startsWordEach(value) {
        guard let scalar = Unicode.Scalar(value) else { continue }
        _ = ends(&scanner, Array("ab \(scalar)".utf8))
        let isNoticed = scanner.hasWide
        if !isNoticed { unnoticed.append(value) }
      }
      _ = ends(&scanner, Array("“Well” – that’s 5 € …".utf8))
      let isTaken = scanner.hasWide
      #expect(!isTaken)
    }
    #expect(unnoticed.isEmpty)
  }

  @Test func `Classified blocks are the same in every way`() {
    var random = SeededGenerator(state: 23)
    let bytes = (0..<4_096).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for count in [1, 63, 64, 65, 200, 4_096] {
      let all = Self.ways.map { way in
        var blocks = [cprocessor_block](
          repeating: cprocessor_block(), count: (count + 63) / 64)
        _ = cprocessor_classify(way, bytes, count, &blocks)
        return blocks.map {
          [
            $0.letter, $0.digit, $0.white, $0.blank, $0.newline, $0.apostrophe, $0.high, $0.wide,
            $0.continuation, $0.letterLead2, $0.letterLead3, $0.leadE4, $0.fromB8,
          ]
        }
      }
      for other in all.dropFirst() { #expect(other == all[0]) }
    }
  }
}
