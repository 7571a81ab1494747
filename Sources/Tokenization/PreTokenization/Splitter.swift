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
  /// The expression of CLIP.
  case clip(CLIPExpression)
  /// A regular expression.
  case expression(SplitExpression.Translation)

  var name: String {
    switch self {
    case .whiteSpace: "white space"
    case .punctuation: "punctuation"
    case .numbers: "digits"
    case .words: "words"
    case .text(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
    case .rule(let rule): rule.rawValue
    case .clip: "clip"
    case .expression(let expression): expression.source
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

  func apply(_ list: inout PieceList) throws(TokenizerError) {
    var failure: TokenizerError?
    var expression: RegularExpression?
    if case .expression(let pattern) = pattern { expression = try list.expression(pattern) }
    list.split { text, piece, pieces in
      if failure != nil { return }
      let inner = TextBytes(base: text.base + piece.start, count: piece.end - piece.start)
      var cutter = PieceCutter(behavior: behavior, inverts: inverts, offset: piece.start)
      swap(&cutter.pieces, &pieces)
      do throws(TokenizerError) {
        try find(in: inner, expression, &cutter)
      } catch {
        failure = error
      }
      cutter.finish(inner.count)
      swap(&cutter.pieces, &pieces)
    }
    if let failure { throw failure }
  }

  /// Tells the cutter of all matches, in order.
  private func find(
    in text: TextBytes, _ expression: RegularExpression?, _ cutter: inout PieceCutter
  ) throws(TokenizerError) {
    var at = 0
    switch pattern {
    case .whiteSpace:
      while at < text.count {
        let (kind, length) = text.classAndLength(at)
        if kind == PieceClass.space { cutter.match(at, at &+ length) }
        at &+= length
      }
    case .punctuation, .numbers:
      let set = pattern == .numbers ? ScalarSets.number : ScalarSets.punctuationMark
      while at < text.count {
        let (scalar, length) = text.scalar(at)
        if ScalarSets.contains(scalar, set) { cutter.match(at, at &+ length) }
        at &+= length
      }
    case .words:
      while at < text.count {
        let (kind, length) = Self.wordKind(text, at)
        var end = at + length
        while kind != 0, end < text.count {
          let next = Self.wordKind(text, end)
          if next.kind != kind { break }
          end += next.length
        }
        if kind != 0 { cutter.match(at, end) }
        at = end
      }
    case .text(let wanted):
      while at + wanted.count <= text.count {
        if text[at] == wanted[0],
          UnsafeBufferPointer(start: text.base + at, count: wanted.count).elementsEqual(wanted)
        {
          cutter.match(at, at + wanted.count)
          at += wanted.count
        } else {
          at += 1
        }
      }
    case .rule(let rule):
      while at < text.count {
        let end = rule.end(text, at)
        cutter.match(at, end)
        at = end
      }
    case .clip(let expression):
      while at < text.count {
        let end = expression.end(text, at)
        if end > at { cutter.match(at, end) }
        at = end > at ? end : at + text.classAndLength(at).length
      }
    case .expression:
      guard let expression else { break }
      var isEmpty = false
      do {
        try expression.forEachMatch(in: UnsafeBufferPointer(start: text.base, count: text.count)) {
          start, end in
          if start == end { isEmpty = true } else { cutter.match(start, end) }
        }
      } catch {
        throw TokenizerError(.normalization, error.description)
      }
      if isEmpty {
        throw TokenizerError(
          .unsupported, at: "pre_tokenizer",
          "the expression \(expression.name) matches where there is nothing, which engines do "
            + "not agree about")
      }
    }
  }

  /// 0 for white space, 1 for what `\w` matches, 2 for anything else.
  private static func wordKind(_ text: TextBytes, _ at: Int) -> (kind: Int, length: Int) {
    let (scalar, length) = text.scalar(at)
    if ScalarSets.contains(scalar, ScalarSets.wordCharacter) { return (1, length) }
    return (scalar != .max && CharacterClasses.isWhitespace(scalar) ? 0 : 2, length)
  }
}

/// Makes pieces of matches and of what lies between them, as `tokenizers` does.
private struct PieceCutter {
  let behavior: SplitBehavior
  let inverts: Bool
  /// Where the text begins in which positions count.
  let offset: Int
  var pieces: [Piece] = []
  private var covered = 0
  private var isFirst = true
  private var isAfterMatch = false

  init(behavior: SplitBehavior, inverts: Bool, offset: Int) {
    self.behavior = behavior
    self.inverts = inverts
    self.offset = offset
  }

  @inline(__always)
  mutating func match(_ start: Int, _ end: Int) {
    if covered < start { add(covered, start, isMatch: inverts) }
    add(start, end, isMatch: !inverts)
    covered = end
  }

  /// Adds what is left of the text.
  mutating func finish(_ count: Int) {
    if covered < count { add(covered, count, isMatch: inverts) }
  }

  @inline(__always)
  private mutating func add(_ start: Int, _ end: Int, isMatch: Bool) {
    let joins =
      switch behavior {
      case .removed, .isolated: false
      case .contiguous: isMatch == isAfterMatch
      case .mergedWithPrevious: isMatch && !isAfterMatch
      case .mergedWithNext: !isMatch && isAfterMatch
      }
    isAfterMatch = isMatch
    if behavior == .removed && isMatch { return }
    if joins && !isFirst {
      pieces[pieces.count - 1].end = offset + end
    } else {
      pieces.append(Piece(start: offset + start, end: offset + end))
    }
    isFirst = false
  }
}
