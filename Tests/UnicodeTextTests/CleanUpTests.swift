// SPDX-License-Identifier: Apache-2.0

import CICU
import Testing

@testable import UnicodeText

/// The clean-up steps, one scalar at a time.
enum NaiveCleanUp {
  /// A scalar of the result (nil for the end of the text) and where it ends in the original.
  typealias Piece = (scalar: Unicode.Scalar, end: Int)

  static func apply(_ step: TextStep, to scalars: [Unicode.Scalar]) -> [Piece] {
    var pieces: [Piece] = []
    var offset = 0
    var previous: Unicode.Scalar?
    for scalar in scalars {
      offset += String(scalar).utf8.count
      defer { previous = scalar }
      switch step {
      case .unifyNewlines:
        if scalar == "\n", previous == "\r" {
          pieces[pieces.count - 1].end = offset
        } else {
          let isEnd = "\r\u{B}\u{C}\u{85}\u{2028}\u{2029}".unicodeScalars.contains(scalar)
          pieces.append((isEnd ? "\n" : scalar, offset))
        }
      case .removeControls:
        if scalar.properties.generalCategory != .control || scalar.properties.isWhitespace {
          pieces.append((scalar, offset))
        }
      case .unifySpaces:
        let isSpace = scalar.properties.generalCategory == .spaceSeparator
        pieces.append((isSpace ? " " : scalar, offset))
      case .collapseBlanks:
        let isBlank: (Unicode.Scalar?) -> Bool = { $0 == " " || $0 == "\t" }
        if isBlank(scalar), isBlank(previous) {
          pieces[pieces.count - 1] = (" ", offset)
        } else {
          pieces.append((scalar, offset))
        }
      case .removeMarks:
        let category = cicu_general_category(Int32(bitPattern: scalar.value))
        if UInt32(category) != U_NON_SPACING_MARK.rawValue { pieces.append((scalar, offset)) }
      default: pieces.append((scalar, offset))
      }
    }
    return pieces
  }
}

@Suite("Clean-up steps")
struct CleanUpTests {
  static let steps: [TextStep] = TextStep.whitespaceCleanup + [.removeMarks]

  @Test("Every step does to random text what its naive twin does", arguments: steps)
  func naiveTwin(step: TextStep) throws {
    let alphabet: [Unicode.Scalar] = Array(
      "ab \t\n\r\u{B}\u{C}\u{0}\u{1F}\u{7F}\u{80}\u{85}\u{9F}\u{A0}«é\u{1680}\u{2000}\u{200A}\u{200B}"
        .unicodeScalars)
    let more: [Unicode.Scalar] = Array(
      "\u{2028}\u{2029}\u{202F}\u{205F}\u{2060}“—\u{3000}、か\u{180E}\u{301}\u{5B4}\u{94D}😀한\u{FEFF}"
        .unicodeScalars)
    var generator = SplitMix(state: 42)
    for round in 0..<1500 {
      let choice = round % 3 == 0 ? Array(alphabet.prefix(11)) : alphabet + more
      let scalars = (0..<round % 60).map { _ in
        generator.next() % 2 == 0 ? "x" : choice[Int(generator.next() % UInt64(choice.count))]
      }
      let bytes = scalars.flatMap { Array(String($0).utf8) }
      let expected = NaiveCleanUp.apply(step, to: scalars)
      let (found, ends) = try transform(bytes, [step])
      #expect(found == expected.flatMap { Array(String($0.scalar).utf8) }, "\(scalars)")
      var position = 0
      for piece in expected {
        position += String(piece.scalar).utf8.count
        #expect(ends[position] == piece.end, "\(scalars)")
      }
    }
  }

  @Test("Every scalar up to U+3000 is treated by its properties", arguments: steps)
  func everyScalar(step: TextStep) throws {
    let scalars = (0...UInt32(0x3000)).compactMap(Unicode.Scalar.init)
    let spaced = Array(scalars.map { [$0] }.joined(separator: ["x" as Unicode.Scalar]))
    var text = String.UnicodeScalarView()
    text.append(contentsOf: spaced)
    var expected = String.UnicodeScalarView()
    expected.append(contentsOf: NaiveCleanUp.apply(step, to: spaced).map(\.scalar))
    let found = try transform(String(text), [step])
    #expect(Array(found.utf8) == Array(String(expected).utf8))
  }

  @Test("Lower case of each scalar is that of the standard library")
  func lowercaseScalars() throws {
    // Letters newer than ICU's data have a lower case for the standard library only.
    let scalars = (0..<UInt32(0x1_F000)).compactMap(Unicode.Scalar.init).filter {
      ($0.properties.age.map { $0.major <= 15 && ($0.major < 15 || $0.minor == 0) }) ?? false
    }
    let text = scalars.map { String($0) }.joined(separator: "\u{1}")
    let expected = scalars.map(\.properties.lowercaseMapping).joined(separator: "\u{1}")
    let found = try transform(text, [.lowercaseScalars])
    #expect(Array(found.utf8) == Array(expected.utf8))
  }

  @Test("Lower case knows the final sigma, and no language")
  func lowercase() throws {
    #expect(try transform("ΟΔΟΣ ΣΑΣ!", [.lowercase]) == "οδος σας!")
    #expect(try transform("ΟΔΟΣ ΣΑΣ!", [.lowercaseScalars]) == "οδοσ σασ!")
    #expect(try transform("ISTANBUL İI", [.lowercase]) == "istanbul i\u{307}i")
    #expect(try transform("ß ẞ Ǆ", [.lowercase]) == "ß ß ǆ")
    for length in 0..<70 {
      let text = String("The QUICK brown @[`{ FOX 09 ".utf8.map { Character(Unicode.Scalar($0)) })
      let part = String(String(repeating: text, count: 3).prefix(length))
      #expect(try transform(part, [.lowercase]) == part.lowercased())
    }
  }

  @Test("Accents go, letters stay")
  func stripAccents() throws {
    #expect(try transform("Ça où Ångström ñandú", [.stripAccents]) == "Ca ou Angstrom nandu")
    #expect(try transform("øłđ ﬁ 한글 か\u{3099}", [.stripAccents]) == "øłđ ﬁ 한글 か")
    #expect(try transform("é e\u{301}", [.removeMarks]) == "é e")
    let (_, ends) = try transform(Array("éa".utf8), [.stripAccents])
    #expect(ends.last == 3)
  }
}
