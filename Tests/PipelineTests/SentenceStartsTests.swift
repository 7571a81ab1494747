// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Pipeline

/// A sentence starts at the token that contains its first byte that is not blank.
@Suite struct SentenceStartsTests {
  /// - Parameter tokens: the text, cut into tokens.
  private func starts(_ sentences: [Int], _ tokens: [String]) -> [UInt32] {
    var ends: [Int] = []
    for token in tokens { ends.append((ends.last ?? 0) + token.utf8.count) }
    var result: [UInt32] = []
    Array(tokens.joined().utf8).withUnsafeBufferPointer {
      SentenceStarts.append(of: sentences, in: $0, tokenEnds: ends, to: &result)
    }
    return result
  }

  @Test func atTokenBoundaries() {
    #expect(starts([0, 4], ["One.", "Two."]) == [0, 1])
    #expect(starts([0], ["One.", " Two."]) == [0])
    #expect(starts([0, 5, 10], ["One", ".", " Two", ".", " Six", "."]) == [0, 2, 4])
  }

  /// Breakers put the blank before a sentence behind the one before it, tokens before the word.
  @Test func blanksBelongToNoSentence() {
    #expect(starts([0, 4], ["One.", " ", " Two."]) == [0, 2])
    #expect(starts([0, 4], ["One.", "\n\t ", "Two."]) == [0, 2])
    #expect(starts([0, 4], ["One.", " \r\n Two."]) == [0, 1])
  }

  @Test func spacesOfSeveralBytesAreBlanks() {
    // NO-BREAK SPACE, EM SPACE, IDEOGRAPHIC SPACE, LINE SEPARATOR: two and three bytes.
    for space in ["\u{A0}", "\u{2003}", "\u{3000}", "\u{2028}", "\u{85}"] {
      #expect(starts([0, 4], ["One.", space, "Two."]) == [0, 2])
      #expect(starts([0, 4], ["One.", "\(space)Two."]) == [0, 1])
    }
    // ZERO WIDTH SPACE is no white space, and neither is what only begins like one.
    for other in ["\u{200B}", "\u{2010}", "é", "\u{1F600}"] {
      #expect(starts([0, 4], ["One.", other, "Two."]) == [0, 1])
    }
  }

  @Test func insideAToken() {
    #expect(starts([0, 4], ["One.Two", "."]) == [0])
    #expect(starts([0, 4, 8], ["One.Two", ".Six"]) == [0, 1])
    // Several sentences in one token are one start.
    #expect(starts([0, 2, 4, 6], ["A", ".B.C.", "D."]) == [0, 1, 2])
  }

  @Test func insideACharacterOfSeveralTokens() {
    // A character of four bytes in two tokens of two: the first of them starts the sentence.
    var result: [UInt32] = []
    Array("A.😀.".utf8).withUnsafeBufferPointer {
      SentenceStarts.append(of: [0, 2], in: $0, tokenEnds: [2, 4, 6, 7], to: &result)
    }
    #expect(result == [0, 1])
  }

  @Test func theFirstTokenAlwaysStartsOne() {
    #expect(starts([0], ["  ", "One."]) == [0, 1])
    #expect(starts([], ["One."]) == [0])
    #expect(starts([0], ["   "]) == [0])
  }

  @Test func aSentenceOfBlanksStartsNothing() {
    #expect(starts([0, 4, 7], ["One.", "   ", "Two."]) == [0, 2])
    #expect(starts([0, 4], ["One.", "   "]) == [0])
  }

  @Test func tokensWithoutBytesStartNothing() {
    #expect(starts([0, 4], ["One.", "", "Two."]) == [0, 2])
    #expect(starts([0], []) == [])
    // Tokens may end before the text does, where normalization took the rest away.
    var result: [UInt32] = []
    Array("One.Two.".utf8).withUnsafeBufferPointer {
      SentenceStarts.append(of: [0, 4], in: $0, tokenEnds: [4], to: &result)
    }
    #expect(result == [0])
  }

  @Test func appendsBehindWhatIsThere() {
    var result: [UInt32] = [9]
    Array("A.".utf8).withUnsafeBufferPointer {
      SentenceStarts.append(of: [0], in: $0, tokenEnds: [1, 2], to: &result)
    }
    #expect(result == [9, 0])
  }
}
