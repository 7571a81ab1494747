// SPDX-License-Identifier: Apache-2.0

import CICU

/// The abbreviations after which a sentence goes on, from ICU's data for a locale.
///
/// The lists are those of ICU's `FilteredBreakIteratorBuilder`. Its iterator is not used, because it
/// compares the end of the text with an abbreviation and does not ask whether a word starts there:
/// with `s.` (siehe) in the German list no sentence that ends in an s would end. Here the
/// abbreviation must be a word of its own.
///
/// What stands before a boundary is read backwards in a tree. An abbreviation with blanks inside
/// (`n. Chr.`) may have a boundary at each of them; what is behind the boundary is compared forwards.
struct Abbreviations {
  private struct Node {
    var children: [(byte: UInt8, node: Int)] = []
    /// What must follow the boundary, blanks first, for each abbreviation of which this much stands
    /// before it.
    var rests: [[UInt8]] = []
  }

  private static let blank: UInt8 = 0x20

  private var nodes = [Node()]

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
          guard let units = cicu_abbreviation(list, i, &length) else { continue }
          let text = UnsafeBufferPointer(start: units, count: Int(length))
          add(Array(String(decoding: text, as: UTF16.self).utf8))
        }
        return
      }
      guard let end = name.lastIndex(of: "_") else { return }
      name = String(name[..<end])
    }
  }

  private mutating func add(_ bytes: [UInt8]) {
    for end in bytes.indices where end + 1 == bytes.count || bytes[end + 1] == Self.blank {
      var node = 0
      for byte in bytes[...end].reversed() { node = child(of: node, byte) }
      nodes[node].rests.append(Array(bytes[(end + 1)...]))
    }
  }

  private mutating func child(of node: Int, _ byte: UInt8) -> Int {
    for (other, child) in nodes[node].children where other == byte { return child }
    nodes[node].children.append((byte, nodes.count))
    nodes.append(Node())
    return nodes.count - 1
  }

  /// Whether the boundary stands behind an abbreviation and blanks on the same line.
  ///
  /// - Parameter rules: says which line ends are none.
  func holdTogether(
    _ text: UnsafeBufferPointer<UInt8>, at boundary: Int, _ rules: inout SentenceRules
  ) -> Bool {
    guard nodes.count > 1 else { return false }
    var end = boundary
    while let start = Self.blankStart(text, before: end, &rules) { end = start }
    return nodes.withUnsafeBufferPointer { nodes in
      var node = 0
      var start = end
      while true {
        if !nodes[node].rests.isEmpty, !Self.continuesWord(text, before: start) {
          for rest in nodes[node].rests where Self.matches(rest, text, at: end, &rules) {
            return true
          }
        }
        guard start > 0 else { return false }
        let byte = text[start - 1]
        if let next = nodes[node].children.first(where: { $0.byte == Self.blank })?.node,
          let blank = Self.blankStart(text, before: start, &rules)
        {
          node = next
          start = blank
        } else if let next = nodes[node].children.first(where: { $0.byte == byte })?.node {
          node = next
          start -= 1
        } else {
          return false
        }
      }
    }
  }

  private static func matches(
    _ pattern: [UInt8], _ text: UnsafeBufferPointer<UInt8>, at start: Int,
    _ rules: inout SentenceRules
  ) -> Bool {
    var i = start
    for byte in pattern {
      guard i < text.count else { return false }
      if text[i] == byte {
        i += 1
      } else if byte == blank, let end = blankEnd(text, at: i, &rules) {
        i = end
      } else {
        return false
      }
    }
    return true
  }

  /// Where the blank that ends at `end` starts: a space, a tabulator, U+00A0, or a joined line end.
  private static func blankStart(
    _ text: UnsafeBufferPointer<UInt8>, before end: Int, _ rules: inout SentenceRules
  ) -> Int? {
    guard end > 0 else { return nil }
    switch text[end - 1] {
    case 0x20, 0x09: return end - 1
    case 0xA0: return end > 1 && text[end - 2] == 0xC2 ? end - 2 : nil
    default: return rules.isJoinedLineEnd(at: end - 1) ? end - 1 : nil
    }
  }

  private static func blankEnd(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int, _ rules: inout SentenceRules
  ) -> Int? {
    switch text[start] {
    case 0x20, 0x09: return start + 1
    case 0xC2: return start + 1 < text.count && text[start + 1] == 0xA0 ? start + 2 : nil
    default: return rules.isJoinedLineEnd(at: start) ? start + 1 : nil
    }
  }

  /// Whether a letter, a number or a mark stands before `index`. Everything beyond U+FFFF counts as
  /// a letter: no abbreviation has a reason to follow one.
  private static func continuesWord(
    _ text: UnsafeBufferPointer<UInt8>, before index: Int
  ) -> Bool {
    guard index > 0 else { return false }
    var i = index - 1
    while i > 0, text[i] & 0xC0 == 0x80 { i -= 1 }
    let scalar = UTF8Scalars.decode(text, at: i).scalar
    let isWord = CharacterClasses.isLetter(scalar) || CharacterClasses.isNumber(scalar)
    return isWord || scalar > 0xFFFF || (0x300...0x36F).contains(scalar)
  }
}
