// SPDX-License-Identifier: Apache-2.0

import CICU

/// The abbreviations after which a sentence goes on, from ICU's data for a locale.
///
/// The lists are those of ICU's `FilteredBreakIteratorBuilder`. Its iterator is not used, because it
/// compares the end of the text with an abbreviation and does not ask whether a word starts there:
/// with `s.` (siehe) in the German list no sentence that ends in an s would end. Here the
/// abbreviation must be a word of its own.
struct Abbreviations {
  private struct Pattern {
    var units: [UInt16]
    /// How much of the pattern stands before the sentence boundary; the rest, in abbreviations with
    /// blanks inside (`n. Chr.`), follows it.
    var headCount: Int
  }

  /// Patterns by `headCount`.
  private var patterns: [[Pattern]] = []

  /// No abbreviations.
  init() {}

  /// The abbreviations of a canonical locale name, or of the nearest parent that has some.
  init(locale: String) {
    var name = locale
    while !name.isEmpty {
      if let list = cicu_abbreviations_open(name) {
        defer { cicu_abbreviations_close(list) }
        for i in 0..<cicu_abbreviations_count(list) {
          var length: Int32 = 0
          guard let text = cicu_abbreviation(list, i, &length) else { continue }
          add(Array(UnsafeBufferPointer(start: text, count: Int(length))))
        }
        return
      }
      guard let end = name.lastIndex(of: "_") else { return }
      name = String(name[..<end])
    }
  }

  private mutating func add(_ units: [UInt16]) {
    for i in units.indices where i + 1 == units.count || units[i + 1] == 0x20 {
      let headCount = i + 1
      while patterns.count <= headCount { patterns.append([]) }
      patterns[headCount].append(Pattern(units: units, headCount: headCount))
    }
  }

  /// Whether the boundary stands behind an abbreviation and blanks on the same line.
  func holdTogether(_ text: UnsafeBufferPointer<UInt16>, at boundary: Int) -> Bool {
    var end = boundary
    while end > 0, Self.isBlank(text[end - 1]) { end -= 1 }
    guard end > 0, !patterns.isEmpty else { return false }
    let last = text[end - 1]
    for headCount in 1..<min(patterns.count, end + 1) {
      let start = end - headCount
      if start > 0, Self.continuesWord(text, at: start - 1) { continue }
      for pattern in patterns[headCount] where pattern.units[headCount - 1] == last {
        if Self.matches(pattern.units, text, at: start) { return true }
      }
    }
    return false
  }

  private static func matches(
    _ pattern: [UInt16], _ text: UnsafeBufferPointer<UInt16>, at start: Int
  ) -> Bool {
    guard start + pattern.count <= text.count else { return false }
    for i in pattern.indices {
      let unit = text[start + i]
      if unit != pattern[i], !(isBlank(unit) && pattern[i] == 0x20) { return false }
    }
    return true
  }

  private static func isBlank(_ unit: UInt16) -> Bool {
    unit == 0x20 || unit == 0xA0 || unit == 0x09
  }

  /// Whether the unit belongs to a letter, a number or a mark. Halves of surrogate pairs count as
  /// letters: no abbreviation has a reason to follow one.
  private static func continuesWord(_ text: UnsafeBufferPointer<UInt16>, at index: Int) -> Bool {
    let unit = UInt32(text[index])
    let isWord = CharacterClasses.isLetter(unit) || CharacterClasses.isNumber(unit)
    return isWord || unit & 0xF800 == 0xD800 || (0x300...0x36F).contains(unit)
  }
}
