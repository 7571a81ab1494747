// SPDX-License-Identifier: Apache-2.0

/// Finds sentences by the rules for a locale (UAX #29, with ICU's tailorings and data).
///
///     let breaker = try SentenceBreaker(locale: "en")
///     var starts: [Int] = []
///     text.withUnsafeBufferPointer { breaker.starts(in: $0, unwrap: false, into: &starts) }
///     // "Mr. Smith left. He ran." → [0, 16]
///
/// With suppressions, abbreviations that ICU knows in the locale (`Mr.`, `z. B.`, …) do not end a
/// sentence. The boundaries are those of ICU's iterator, found without it, in linear time and without
/// memory of their own. A value may be used from many threads at once.
public struct SentenceBreaker: Sendable {
  /// The canonical name of the locale; empty for the root.
  public let locale: String

  private let classes: SentenceClasses
  private let abbreviations: Abbreviations

  /// Loads the rules of a locale.
  ///
  /// - Parameters:
  ///   - locale: a language tag such as `de` or `pt-BR`; `root` or empty for the rules of no
  ///     language. A language without rules of its own has those of the root.
  ///   - useSuppressions: whether known abbreviations keep a sentence together.
  /// - Throws: ``TextError`` `.invalidLocale`, or what ICU reports.
  public init(locale: String, useSuppressions: Bool = true) throws(TextError) {
    let name = try LocaleName.canonical(locale)
    let isGreek = name == "el" || name.hasPrefix("el_")
    classes = try (isGreek ? SentenceClasses.greek : SentenceClasses.root).get()
    abbreviations = useSuppressions ? Abbreviations(locale: name) : Abbreviations()
    self.locale = name
  }

  /// Replaces `starts` by the offsets, in bytes, at which sentences start: 0, then the first
  /// character of each further sentence that is not white space. Stretches of white space are no
  /// sentences.
  ///
  /// - Parameters:
  ///   - text: well-formed UTF-8 (ill-formed text gives some boundaries, never a trap).
  ///   - unwrap: whether a single line end counts as a blank, as in hard-wrapped text; an empty line
  ///     still ends a sentence. Otherwise every line end does.
  ///   - starts: the result.
  /// - Complexity: O(n).
  public func starts(
    in text: UnsafeBufferPointer<UInt8>, unwrap: Bool, into starts: inout [Int]
  ) {
    starts.removeAll(keepingCapacity: true)
    starts.append(0)
    var isFirst = true
    var start = 0
    forEachBoundary(in: text, unwrap: unwrap) { end in
      let first = Self.firstNonBlank(text, in: start..<end)
      start = end
      if first == end { return }
      if !isFirst { starts.append(first) }
      isFirst = false
    }
  }

  /// Every boundary after 0, those of white space too: what the rules say, for tests.
  func boundaries(in text: UnsafeBufferPointer<UInt8>, unwrap: Bool) -> [Int] {
    var all: [Int] = []
    forEachBoundary(in: text, unwrap: unwrap) { all.append($0) }
    return all
  }

  @inline(__always)
  private func forEachBoundary(
    in text: UnsafeBufferPointer<UInt8>, unwrap: Bool, _ body: (Int) -> Void
  ) {
    var rules = SentenceRules(text, classes: classes, joinsLines: unwrap)
    var boundary = 0
    while boundary < text.count {
      boundary = rules.end(from: boundary)
      if boundary < text.count, abbreviations.holdTogether(text, at: boundary, &rules) { continue }
      body(boundary)
    }
  }

  private static func firstNonBlank(
    _ text: UnsafeBufferPointer<UInt8>, in range: Range<Int>
  ) -> Int {
    var i = range.lowerBound
    while i < range.upperBound {
      let (scalar, length) = UTF8Scalars.decode(text, at: i)
      guard CharacterClasses.isWhitespace(scalar) else { return i }
      i += length
    }
    return range.upperBound
  }
}
