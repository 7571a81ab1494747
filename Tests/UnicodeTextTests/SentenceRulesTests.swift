// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import UnicodeText

/// The rules written here against ICU's iterator, which has others' tables and other code.
@Suite("Sentence rules")
struct SentenceRulesTests {
  /// One character of each class, twice where classes meet in one, and what is special to a rule.
  static let representatives: [Unicode.Scalar] = [
    ".", ")", "\u{AD}", "a", "1", "\u{4E00}", "\u{2029}", " ", "?", "A", "\r", "\u{301}", "\n", ",",
    "*", ";", "\u{1F600}", "\t",
  ]

  /// Holds the boundaries of a text against ICU's, as it is and unwrapped.
  static func compare(_ text: String, _ breaker: SentenceBreaker, _ oracle: ICUSentences) {
    var text = text
    for unwrap in [false, true] {
      let expected = oracle.boundaries(of: text, unwrap: unwrap)
      let found = text.withUTF8 { breaker.boundaries(in: $0, unwrap: unwrap) }
      if found != expected {
        Issue.record("\(text.debugDescription), unwrap \(unwrap): \(found), ICU \(expected)")
      }
    }
  }

  static func text(_ scalars: [Unicode.Scalar]) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  @Test("Every string of one to three characters", arguments: ["", "el"])
  func shortStrings(locale: String) throws {
    let breaker = try SentenceBreaker(locale: locale, useSuppressions: false)
    let oracle = try #require(ICUSentences(locale: locale))
    let all = Self.representatives
    for a in all {
      Self.compare(Self.text([a]), breaker, oracle)
      for b in all {
        Self.compare(Self.text([a, b]), breaker, oracle)
        for c in all { Self.compare(Self.text([a, b, c]), breaker, oracle) }
      }
    }
  }

  @Test("Long strings around terminators, and the characters at the edges of classes")
  func randomStrings() throws {
    let breaker = try SentenceBreaker(locale: "", useSuppressions: false)
    let oracle = try #require(ICUSentences(locale: ""))
    let edges = ICUSentences.classEdges()
    try #require(edges.count > 3000)
    var generator = SplitMix(state: 5)
    for _ in 0..<1500 {
      var scalars: [Unicode.Scalar] = []
      for _ in 0..<generator.next() % 120 {
        let draw = generator.next()
        switch draw % 8 {
        case 0: scalars.append(edges[Int((draw &>> 8) % UInt64(edges.count))])
        case 1: scalars += [Unicode.Scalar](repeating: "b", count: Int((draw &>> 8) % 30))
        default: scalars.append(Self.representatives[Int((draw &>> 8) % 18)])
        }
      }
      Self.compare(Self.text(scalars), breaker, oracle)
    }
  }

  @Test("The characters at the edges of classes, before and behind a terminator")
  func classEdges() throws {
    let breaker = try SentenceBreaker(locale: "", useSuppressions: false)
    let oracle = try #require(ICUSentences(locale: ""))
    for scalar in ICUSentences.classEdges() {
      for text in [
        "a.\(scalar)A", "A.\(scalar)\(scalar)) b", "\(scalar).B", "x?\(scalar) \(scalar)1",
      ] {
        Self.compare(text, breaker, oracle)
      }
    }
  }

  @Test(
    "Real text in many languages",
    .enabled(if: Repository.canUnpack(file), "the reference file is not there"))
  func realText() throws {
    let breaker = try SentenceBreaker(locale: "", useSuppressions: false)
    let oracle = try #require(ICUSentences(locale: ""))
    let bytes = try Repository.read(Self.file)
    var start = 0
    while start < bytes.count {
      let end = min(start + 20_000, bytes.count)
      Self.compare(String(decoding: bytes[start..<end], as: UTF8.self), breaker, oracle)
      start = end
    }
    #expect(bytes.count > 100_000)
  }

  static let file = "multilingual/udhr_mixed.txt.zst"

  @Test("ICU has rules of their own for Greek alone")
  func tailorings() throws {
    for language in [
      "ar", "de", "en", "en_US_POSIX", "fi", "fr", "he", "it", "ja", "pt", "th", "zh",
    ] {
      #expect(ICUSentences(locale: language)?.rules == "root", "\(language)")
    }
    #expect(ICUSentences(locale: "el_CY")?.rules == "el")
    #expect(try SentenceBreakerTests.sentences("Τι; Ναι.", "el-CY") == ["Τι; ", "Ναι."])
    #expect(try SentenceBreakerTests.sentences("Τι; Ναι.", "fr") == ["Τι; Ναι."])
  }

  @Test(
    "Abbreviations hold together as if they were compared one by one",
    arguments: ["en", "de", "fr", "ru"])
  func abbreviations(locale: String) throws {
    let breaker = try SentenceBreaker(locale: locale)
    let oracle = try #require(ICUSentences(locale: locale))
    let list = ICUSentences.abbreviations(of: locale)
    try #require(list.count > 10)
    let fill = [
      " ", " ", "\u{A0}", "\t", "\n", "\n\n", "\r\n", "A", "x", "é", "\u{301}", ". ", "? ", "1",
      "😀", "Чт",
    ]
    var generator = SplitMix(state: 9)
    var held = 0
    for _ in 0..<200 {
      var text = ""
      for _ in 0..<8 {
        let draw = generator.next()
        var word = list[Int((draw &>> 16) % UInt64(list.count))]
        if draw & 0xF00 == 0 { word = String(word.map { $0 == " " ? "\u{A0}" : $0 }) }
        text += word + fill[Int(draw % 16)] + fill[Int((draw &>> 4) % 16)]
      }
      for unwrap in [false, true] {
        let all = oracle.boundaries(of: text, unwrap: unwrap)
        let kept = all.filter { !NaiveAbbreviations.hold(text, at: $0, list, unwrap: unwrap) }
        let found = text.withUTF8 { breaker.boundaries(in: $0, unwrap: unwrap) }
        #expect(found == kept, "\(text.debugDescription), unwrap \(unwrap)")
        held += all.count - kept.count
      }
    }
    #expect(held > 100)
  }
}

/// Abbreviations compared one by one, scalar by scalar.
enum NaiveAbbreviations {
  static func hold(_ text: String, at boundary: Int, _ list: [String], unwrap: Bool) -> Bool {
    guard boundary < text.utf8.count else { return false }
    var scalars = Array(text.unicodeScalars)
    if unwrap { join(&scalars) }
    var bytes = 0
    var cut = 0
    for scalar in text.unicodeScalars where bytes < boundary {
      bytes += UTF8.width(scalar)
      cut += 1
    }
    while cut > 0, [" ", "\t", "\u{A0}"].contains(scalars[cut - 1]) { cut -= 1 }
    for abbreviation in list {
      let pattern = Array(abbreviation.unicodeScalars)
      for head in 1...pattern.count where head == pattern.count || pattern[head] == " " {
        let start = cut - head
        if start < 0 || start + pattern.count > scalars.count { continue }
        if start > 0, continuesWord(scalars[start - 1]) { continue }
        let isEqual = pattern.indices.allSatisfy { index in
          let scalar = scalars[start + index]
          return scalar == pattern[index]
            || pattern[index] == " " && (scalar == "\t" || scalar == "\u{A0}")
        }
        if isEqual { return true }
      }
    }
    return false
  }

  private static func continuesWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber:
      true
    default: scalar.value > 0xFFFF || (0x300...0x36F).contains(scalar.value)
    }
  }

  private static func join(_ scalars: inout [Unicode.Scalar]) {
    var i = 0
    while i < scalars.count {
      guard scalars[i] == "\n" || scalars[i] == "\r" else {
        i += 1
        continue
      }
      let end = scalars[i...].firstIndex { !["\n", "\r", " ", "\t"].contains($0) } ?? scalars.count
      let lines = String(String.UnicodeScalarView(scalars[i..<end])).filter { $0.isNewline }
      if lines.count == 1 {
        for index in i..<end where scalars[index] != "\t" { scalars[index] = " " }
      }
      i = end
    }
  }
}
