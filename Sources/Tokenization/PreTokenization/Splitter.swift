// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// What becomes of the matches of a pattern, and of what lies between them.
enum SplitBehavior: String, Sendable, Hashable {
  /// Matches go.
  case removed = "Removed"
  /// Each match is a piece.
  case isolated = "Isolated"
  /// A match ends the piece before it.
  case mergedWithPrevious = "MergedWithPrevious"
  /// A match begins the piece after it.
  case mergedWithNext = "MergedWithNext"
  /// Matches that touch are one piece.
  case contiguous = "Contiguous"
}

/// What a splitter looks for.
enum SplitPattern: Sendable, Hashable {
  /// Each scalar with the property White_Space.
  case whiteSpace
  /// Each punctuation mark: those of ASCII, and P.
  case punctuation
  /// Each number.
  case numbers
  /// `\w+|[^\w\s]+`
  case words
  /// A text.
  case text([UInt8])
  /// The pieces of a rule.
  case rule(PreTokenizerRule)
  /// A regular expression in ICU's syntax.
  case expression(String)

  var name: String {
    switch self {
    case .whiteSpace: "white space"
    case .punctuation: "punctuation"
    case .numbers: "digits"
    case .words: "words"
    case .text(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
    case .rule(let rule): rule.rawValue
    case .expression(let expression): expression
    }
  }
}

/// A step that cuts pieces at a pattern.
struct Splitter: Sendable, Hashable {
  let pattern: SplitPattern
  let behavior: SplitBehavior
  /// Whether what lies between matches counts as the matches.
  var inverts = false

  var name: String {
    let what = inverts ? "all but \(pattern.name)" : pattern.name
    switch behavior {
    case .removed: return inverts ? "keep \(pattern.name)" : "drop \(pattern.name)"
    case .isolated: return "split at \(what)"
    case .mergedWithPrevious: return "split after \(what)"
    case .mergedWithNext: return "split before \(what)"
    case .contiguous: return "split at runs of \(what)"
    }
  }

  private struct Stretch {
    var start: Int
    var end: Int
    var isMatch: Bool
  }

  func apply(_ list: inout PieceList) throws(TokenizerError) {
    var failure: TokenizerError?
    var expression: RegularExpression?
    if case .expression(let pattern) = pattern { expression = try list.expression(pattern) }
    var stretches: [Stretch] = []
    list.split { text, piece, pieces in
      if failure != nil { return }
      stretches.removeAll(keepingCapacity: true)
      let inner = TextBytes(base: text.base + piece.start, count: piece.end - piece.start)
      do throws(TokenizerError) {
        try find(in: inner, expression, &stretches)
      } catch {
        failure = error
      }
      emit(stretches, at: piece.start, &pieces)
    }
    if let failure { throw failure }
  }

  /// Covers the text with matches and what lies between them.
  private func find(
    in text: TextBytes, _ expression: RegularExpression?, _ stretches: inout [Stretch]
  ) throws(TokenizerError) {
    var covered = 0
    func match(_ start: Int, _ end: Int) {
      if covered < start {
        stretches.append(Stretch(start: covered, end: start, isMatch: inverts))
      }
      stretches.append(Stretch(start: start, end: end, isMatch: !inverts))
      covered = end
    }
    switch pattern {
    case .whiteSpace:
      forEachScalar(text) { at, length, kind in
        if kind() == PieceClass.space { match(at, at + length) }
      }
    case .punctuation, .numbers:
      let set = pattern == .numbers ? ScalarSets.number : ScalarSets.punctuationMark
      var at = 0
      while at < text.count {
        let (scalar, length) = text.scalar(at)
        if ScalarSets.contains(scalar, set) { match(at, at + length) }
        at += length
      }
    case .words:
      var at = 0
      while at < text.count {
        let (kind, length) = Self.wordKind(text, at)
        var end = at + length
        while kind != 0, end < text.count {
          let next = Self.wordKind(text, end)
          if next.kind != kind { break }
          end += next.length
        }
        if kind != 0 { match(at, end) }
        at = end
      }
    case .text(let wanted):
      var at = 0
      while at + wanted.count <= text.count {
        if text[at] == wanted[0],
          UnsafeBufferPointer(start: text.base + at, count: wanted.count).elementsEqual(wanted)
        {
          match(at, at + wanted.count)
          at += wanted.count
        } else {
          at += 1
        }
      }
    case .rule(let rule):
      while covered < text.count { match(covered, rule.end(text, covered)) }
    case .expression:
      guard let expression else { break }
      var isEmpty = false
      do {
        try expression.forEachMatch(in: UnsafeBufferPointer(start: text.base, count: text.count)) {
          start, end in
          if start == end { isEmpty = true } else { match(start, end) }
        }
      } catch {
        throw TokenizerError(.normalization, error.description)
      }
      if isEmpty {
        throw TokenizerError(
          .unsupported, at: "pre_tokenizer",
          "the expression \(expression.pattern) matches where there is nothing, which engines do "
            + "not agree about")
      }
    }
    if covered < text.count {
      stretches.append(Stretch(start: covered, end: text.count, isMatch: inverts))
    }
  }

  @inline(__always)
  private func forEachScalar(
    _ text: TextBytes, _ body: (Int, Int, () -> UInt8) -> Void
  ) {
    var at = 0
    while at < text.count {
      let (kind, length) = text.classAndLength(at)
      body(at, length) { kind }
      at &+= length
    }
  }

  /// 0 for white space, 1 for what `\w` matches, 2 for anything else.
  private static func wordKind(_ text: TextBytes, _ at: Int) -> (kind: Int, length: Int) {
    let (scalar, length) = text.scalar(at)
    if ScalarSets.contains(scalar, ScalarSets.wordCharacter) { return (1, length) }
    return (scalar != .max && CharacterClasses.isWhitespace(scalar) ? 0 : 2, length)
  }

  /// Makes pieces of the stretches, as `tokenizers` does.
  private func emit(_ stretches: [Stretch], at offset: Int, _ pieces: inout [Piece]) {
    let first = pieces.count
    func add(_ stretch: Stretch) {
      pieces.append(Piece(start: offset + stretch.start, end: offset + stretch.end))
    }
    var previousIsMatch = false
    switch behavior {
    case .removed:
      for stretch in stretches where !stretch.isMatch { add(stretch) }
    case .isolated:
      for stretch in stretches { add(stretch) }
    case .contiguous:
      for stretch in stretches {
        if stretch.isMatch == previousIsMatch, pieces.count > first {
          pieces[pieces.count - 1].end = offset + stretch.end
        } else {
          add(stretch)
        }
        previousIsMatch = stretch.isMatch
      }
    case .mergedWithPrevious:
      for stretch in stretches {
        if stretch.isMatch, !previousIsMatch, pieces.count > first {
          pieces[pieces.count - 1].end = offset + stretch.end
        } else {
          add(stretch)
        }
        previousIsMatch = stretch.isMatch
      }
    case .mergedWithNext:
      for stretch in stretches.reversed() {
        if stretch.isMatch, !previousIsMatch, pieces.count > first {
          pieces[pieces.count - 1].start = offset + stretch.start
        } else {
          add(stretch)
        }
        previousIsMatch = stretch.isMatch
      }
      pieces[first...].reverse()
    }
  }
}
