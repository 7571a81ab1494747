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
    /// The first of its edges, which end where those of the next node begin.
    var firstEdge = 0
    /// What must follow the boundary, blanks first, for each abbreviation of which this much stands
    /// before it.
    var rests: [[UInt8]] = []
  }

  private struct Edge {
    var byte: UInt8
    var target: Int
  }

  private static let blank: UInt8 = 0x20

  /// The root first, and one more behind the last.
  private var nodes: [Node] = []
  private var edges: [Edge] = []

  /// No abbreviations.
  init() {}

  /// The abbreviations of a canonical locale name, or of the nearest parent that has some.
  init(locale: String) {
    var name = locale
    while !name.isEmpty {
      if let list = cicu_abbreviations_open(name) {
        defer { cicu_abbreviations_close(list) }
        let tree = Tree()
        for i in 0..<cicu_abbreviations_count(list) {
          var length: Int32 = 0
          guard let units = cicu_abbreviation(list, i, &length) else { continue }
          let text = UnsafeBufferPointer(start: units, count: Int(length))
          tree.add(Array(String(decoding: text, as: UTF16.self).utf8))
        }
        (nodes, edges) = Self.flat(tree)
        return
      }
      guard let end = name.lastIndex(of: "_") else { return }
      name = String(name[..<end])
    }
  }

  /// The tree as it grows.
  private final class Tree {
    var children: [(byte: UInt8, node: Tree)] = []
    var rests: [[UInt8]] = []

    func add(_ bytes: [UInt8]) {
      for end in bytes.indices where end + 1 == bytes.count || bytes[end + 1] == blank {
        var node = self
        for byte in bytes[...end].reversed() { node = node.child(byte) }
        node.rests.append(Array(bytes[(end + 1)...]))
      }
    }

    private func child(_ byte: UInt8) -> Tree {
      if let (_, child) = children.first(where: { $0.byte == byte }) { return child }
      let child = Tree()
      children.append((byte, child))
      return child
    }
  }

  /// The tree in two tables, so that going down it counts no references.
  private static func flat(_ root: Tree) -> ([Node], [Edge]) {
    var trees = [root]
    var nodes: [Node] = []
    var edges: [Edge] = []
    while nodes.count < trees.count {
      let tree = trees[nodes.count]
      nodes.append(Node(firstEdge: edges.count, rests: tree.rests))
      for (byte, child) in tree.children {
        edges.append(Edge(byte: byte, target: trees.count))
        trees.append(child)
      }
    }
    nodes.append(Node(firstEdge: edges.count))
    return (nodes, edges)
  }

  /// Whether the boundary stands behind an abbreviation and blanks on the same line.
  ///
  /// - Parameter rules: says which line ends are none.
  func holdTogether(
    _ text: UnsafeBufferPointer<UInt8>, at boundary: Int, _ rules: inout SentenceRules
  ) -> Bool {
    guard !edges.isEmpty else { return false }
    var end = boundary
    while let start = Self.blankStart(text, before: end, &rules) { end = start }
    return nodes.withUnsafeBufferPointer { nodes in
      edges.withUnsafeBufferPointer { edges in
        var node = 0
        var start = end
        while true {
          if !nodes[node].rests.isEmpty, !Self.continuesWord(text, before: start) {
            for rest in nodes[node].rests where Self.matches(rest, text, at: end, &rules) {
              return true
            }
          }
          guard start > 0 else { return false }
          let below = nodes[node].firstEdge..<nodes[node + 1].firstEdge
          let byte = text[start - 1]
          if let edge = below.first(where: { edges[$0].byte == Self.blank }),
            let blank = Self.blankStart(text, before: start, &rules)
          {
            node = edges[edge].target
            start = blank
          } else if let edge = below.first(where: { edges[$0].byte == byte }) {
            node = edges[edge].target
            start -= 1
          } else {
            return false
          }
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
