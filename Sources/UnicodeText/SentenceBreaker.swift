// SPDX-License-Identifier: Apache-2.0

import CICU

/// Finds sentences by ICU's rules for a locale (UAX #29, with ICU's tailorings).
///
///     let breaker = try SentenceBreaker(locale: "en")
///     var starts: [Int] = []
///     try text.withUnsafeBufferPointer { try breaker.starts(in: $0, unwrap: false, into: &starts) }
///     // "Mr. Smith left. He ran." → [0, 16]
///
/// With suppressions, abbreviations that ICU knows in the locale (`Mr.`, `z. B.`, …) do not end a
/// sentence. Use one instance per thread; it keeps ICU's iterator and its buffer. The text is
/// worked on in pieces that end at line or paragraph breaks, which are sentence ends by rule SB4,
/// so memory does not grow with the text.
public final class SentenceBreaker {
  /// The canonical name of the locale; empty for the root.
  public let locale: String

  private let iterator: OpaquePointer
  private let abbreviations: Abbreviations
  private var units = UTF16Buffer()
  private var boundaries: [Int] = []

  /// Pieces of about this many bytes are worked on at a time.
  private let pieceLength: Int

  /// Opens the rules of a locale.
  ///
  /// - Parameters:
  ///   - locale: a language tag such as `de` or `pt-BR`; `root` or empty for the rules of no
  ///     language. A language without rules of its own has those of the root.
  ///   - useSuppressions: whether known abbreviations keep a sentence together.
  /// - Throws: ``TextError`` `.invalidLocale`, or what ICU reports.
  public convenience init(locale: String, useSuppressions: Bool = true) throws(TextError) {
    try self.init(locale: locale, useSuppressions: useSuppressions, pieceLength: 1 << 16)
  }

  init(locale: String, useSuppressions: Bool, pieceLength: Int) throws(TextError) {
    let name = try LocaleName.canonical(locale)
    var status = U_ZERO_ERROR
    guard let iterator = cicu_break_open(UBRK_SENTENCE, name, &status) else {
      throw .failure(status, in: "opening the sentence rules of \"\(locale)\"")
    }
    abbreviations = useSuppressions ? Abbreviations(locale: name) : Abbreviations()
    self.locale = name
    self.iterator = iterator
    self.pieceLength = max(pieceLength, 1)
  }

  deinit { cicu_break_close(iterator) }

  /// Replaces `starts` by the offsets, in bytes, at which sentences start: 0, then the first
  /// character of each further sentence that is not white space. Stretches of white space are no
  /// sentences.
  ///
  /// - Parameters:
  ///   - text: well-formed UTF-8 (ill-formed text gives some boundaries, never a trap).
  ///   - unwrap: whether a single line end counts as a blank, as in hard-wrapped text; an empty line
  ///     still ends a sentence. Otherwise every line end does.
  ///   - starts: the result.
  /// - Throws: ``TextError`` `.textTooLong` above 2,147,483,646 bytes, or what ICU reports.
  public func starts(
    in text: UnsafeBufferPointer<UInt8>, unwrap: Bool, into starts: inout [Int]
  ) throws(TextError) {
    starts.removeAll(keepingCapacity: true)
    starts.append(0)
    var isFirst = true
    try forEachPiece(of: text, unwrap: unwrap) { piece in
      var start = piece.lowerBound
      for end in boundaries {
        let first = Self.firstNonBlank(text, in: start..<end)
        start = end
        if first == end { continue }
        if !isFirst { starts.append(first) }
        isFirst = false
      }
    }
  }

  /// Every boundary after 0, those of white space too: what the rules say, for tests.
  func boundaries(
    in text: UnsafeBufferPointer<UInt8>, unwrap: Bool
  ) throws(TextError) -> [Int] {
    var all: [Int] = []
    try forEachPiece(of: text, unwrap: unwrap) { _ in all += boundaries }
    return all
  }

  /// Calls `body` for piece after piece, with the ends of the piece's sentences in `boundaries`.
  private func forEachPiece(
    of text: UnsafeBufferPointer<UInt8>, unwrap: Bool, _ body: (Range<Int>) -> Void
  ) throws(TextError) {
    guard text.count <= TextPipeline.maximumTextLength else {
      throw TextError(
        .textTooLong,
        "a text of \(text.count) bytes is too long for sentence boundaries: the limit is "
          + "\(TextPipeline.maximumTextLength); split the document")
    }
    defer { units.release(above: 4 * pieceLength) }
    var start = 0
    while start < text.count {
      let end = PieceEnd.find(in: text, from: start, length: pieceLength, unwrap: unwrap)
      try segment(text, start..<end, unwrap: unwrap)
      body(start..<end)
      start = end
    }
  }

  private func segment(
    _ text: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, unwrap: Bool
  ) throws(TextError) {
    boundaries.removeAll(keepingCapacity: true)
    units.fill(UnsafeBufferPointer(rebasing: text[piece]))
    if unwrap { units.joinSingleLines() }
    var status = U_ZERO_ERROR
    cicu_break_set_text(iterator, units.start, Int32(truncatingIfNeeded: units.count), &status)
    if cicu_failure(status) != 0 { throw .failure(status, in: "finding sentences") }
    _ = cicu_break_first(iterator)
    var unit = 0
    var offset = piece.lowerBound
    while true {
      let boundary = Int(cicu_break_next(iterator))
      if boundary < 0 { break }
      if boundary < units.count, abbreviations.holdTogether(units.content, at: boundary) {
        continue
      }
      if units.count == piece.count {
        offset = piece.lowerBound + boundary
      } else {
        while unit < boundary, offset < piece.upperBound {
          let length = UTF8Scalars.length(text[offset])
          offset += length
          unit += length == 4 ? 2 : 1
        }
      }
      boundaries.append(min(offset, piece.upperBound))
    }
    if boundaries.last != piece.upperBound { boundaries.append(piece.upperBound) }
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
