// SPDX-License-Identifier: Apache-2.0

/// A file pattern: `*` and `?` and `[a-z]` within a name, `**` for any number of directories.
///
/// As in a shell, a wildcard does not match a dot at the beginning of a name. Patterns are expanded
/// here rather than in the shell so that the order is the same everywhere.
struct GlobPattern {
  /// The directory before the first name with a wildcard; "" for the current one.
  let root: String
  /// The names below it.
  private let names: [[Unicode.Scalar]]

  static func isPattern(_ argument: String) -> Bool {
    argument.utf8.contains { $0 == 0x2A || $0 == 0x3F || $0 == 0x5B }
  }

  init(_ argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: true)
    let fixed = parts.prefix { !Self.isPattern(String($0)) }
    let slash = argument.hasPrefix("/") ? "/" : ""
    root = slash + fixed.joined(separator: "/")
    names = parts.dropFirst(fixed.count).map { Array($0.unicodeScalars) }
  }

  /// Which names of the pattern may come next.
  typealias State = Set<Int>

  var start: State { closure([0]) }

  /// The state after a directory or file name; empty if nothing below it can match.
  func step(_ state: State, _ name: String) -> State {
    let scalars = Array(name.unicodeScalars)
    var next: State = []
    for index in state where index < names.count {
      if isAnyDepth(index) {
        if scalars.first != "." { next.insert(index) }
      } else if matches(names[index], scalars) {
        next.insert(index + 1)
      }
    }
    return closure(next)
  }

  func isComplete(_ state: State) -> Bool { state.contains(names.count) }

  private func isAnyDepth(_ index: Int) -> Bool { names[index] == ["*", "*"] }

  private func closure(_ state: State) -> State {
    var all = state
    for index in state {
      var next = index
      while next < names.count, isAnyDepth(next) {
        next += 1
        all.insert(next)
      }
    }
    return all
  }

  /// Whether one name matches, with the last star retried at the next place (no recursion).
  private func matches(_ pattern: [Unicode.Scalar], _ name: [Unicode.Scalar]) -> Bool {
    if name.first == ".", pattern.first != "." { return false }
    var p = 0
    var n = 0
    var star: (pattern: Int, name: Int)?
    while n < name.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p + 1, n)
        p += 1
      } else if let after = single(pattern, at: p, matches: name[n]) {
        p = after
        n += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        p = last.pattern
        n = last.name + 1
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }

  /// The place after the element at `p` if that element matches one scalar.
  private func single(
    _ pattern: [Unicode.Scalar], at p: Int, matches scalar: Unicode.Scalar
  ) -> Int? {
    guard p < pattern.count else { return nil }
    if pattern[p] == "?" { return p + 1 }
    guard pattern[p] == "[", let close = closingBracket(pattern, from: p) else {
      return pattern[p] == scalar ? p + 1 : nil
    }
    var members = pattern[(p + 1)..<close]
    let isNegated = members.first == "!" || members.first == "^"
    if isNegated { members = members.dropFirst() }
    var isMember = false
    while let low = members.popFirst() {
      if members.count >= 2, members.first == "-" {
        members = members.dropFirst()
        if let high = members.popFirst(), low <= scalar, scalar <= high { isMember = true }
      } else if low == scalar {
        isMember = true
      }
    }
    return isMember != isNegated ? close + 1 : nil
  }

  /// The bracket that ends a class; one directly after the beginning is a member of it.
  private func closingBracket(_ pattern: [Unicode.Scalar], from open: Int) -> Int? {
    var first = open + 1
    if first < pattern.count, pattern[first] == "!" || pattern[first] == "^" { first += 1 }
    guard first < pattern.count else { return nil }
    return pattern[(first + 1)...].firstIndex(of: "]")
  }
}
