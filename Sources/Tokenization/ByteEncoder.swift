// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// Byte-level byte-pair encoding of the pieces of texts.
final class ByteEncoder: ModelEncoder {
  private let model: BPEModel
  private var pieces: PieceEncoder
  private var scanner: PieceScanner
  private var wholeScanner = PieceScanner(nil)
  private var parts: Encoding.Parts = []
  private var tokenEnds = RawStack<Int>()

  /// - Parameter rule: the rule of `encode(_:_:)` for ranges.
  init(model: BPEModel, rule: PreTokenizerRule?, cacheBytes: Int) {
    self.model = model
    scanner = PieceScanner(rule)
    pieces = PieceEncoder(model: model, cacheBytes: cacheBytes)
  }

  var ends: [Int] { Array(locatedEnds) }

  /// The ends of the tokens of the last text, where ends are wanted.
  var locatedEnds: UnsafeBufferPointer<Int> {
    UnsafeBufferPointer(start: tokenEnds.base, count: tokenEnds.count)
  }

  private var wantsEnds: Bool { parts.contains(.ends) || parts.contains(.originalEnds) }

  func begin(parts: Encoding.Parts) {
    self.parts = parts
    pieces.begin(marksPieces: !parts.isEmpty)
    tokenEnds.removeAll()
  }

  func encode(_ text: TextBytes, _ list: [Piece]) throws(TokenizerError) {
    for piece in list {
      if piece.isText {
        try encode(text, piece.range, &wholeScanner)
      } else {
        pieces.append(piece.token)
        if wantsEnds { tokenEnds.append(piece.end) }
      }
    }
  }

  /// Encodes a range of a text by the pieces of the rule, which do not look beyond it.
  func encode(_ text: TextBytes, _ range: Range<Int>) throws(TokenizerError) {
    try encode(text, range, &scanner)
  }

  private func encode(
    _ text: TextBytes, _ range: Range<Int>, _ scanner: inout PieceScanner
  ) throws(TokenizerError) {
    if range.isEmpty { return }
    let bytes = TextBytes(base: text.base + range.lowerBound, count: range.count)
    if model.missingByte != nil, model.unknown == nil { try checkAlphabet(bytes) }
    let first = pieces.count
    let hasWide = pieces.encode(bytes, &scanner)
    if let length = pieces.refusedLength {
      throw TokenizerError(
        .textTooLong,
        "a stretch of \(length) bytes without a place to split it: the limit is "
          + "\(BPEMerger.pieceLimit); split the document")
    }
    if parts.isEmpty { return }
    if hasWide {
      locate(from: first, in: text, at: range.lowerBound)
    } else if wantsEnds {
      addEnds(from: first, at: range.lowerBound)
    }
  }

  /// Appends the tokens of the text to an encoding, in which the text begins at `offset`.
  func flush(into result: inout Encoding, offset: Int) {
    result.ids.append(contentsOf: pieces.ids)
    if parts.contains(.ends) {
      if offset == 0 {
        result.ends.append(contentsOf: locatedEnds)
      } else {
        for end in locatedEnds { result.ends.append(offset + end) }
      }
    }
    if parts.contains(.wordStarts) { result.wordStarts.append(contentsOf: pieces.marks) }
  }

  private func checkAlphabet(_ text: TextBytes) throws(TokenizerError) {
    // Where symbols have affixes, each byte must have all of its forms.
    func isMissing(_ byte: Int) -> Bool {
      let forms = [model.byteIDs, model.innerIDs, model.lastIDs, model.onlyIDs]
      return forms.contains { !$0.isEmpty && $0[byte] == BPEModel.noToken }
    }
    let missing = (0..<256).map(isMissing)
    for at in 0..<text.count where missing[Int(text[at])] {
      throw TokenizerError(
        .unencodableByte,
        "the vocabulary has no token for byte \(text[at]) at offset \(at) of the text; use a "
          + "tokenizer with all 256 bytes")
    }
  }

  /// Whether the bytes that a token covers are told by its id alone.
  private var hasPlainLengths: Bool {
    model.affixes.isEmpty && (model.unknown == nil || model.missingByte == nil)
  }

  /// Ends by the lengths of the tokens, where all marks are in place.
  private func addEnds(from first: Int, at start: Int) {
    guard hasPlainLengths else { return addAffixedEnds(from: first, at: start) }
    let ids = pieces.ids
    let count = ids.count &- first
    tokenEnds.reserve(count)
    let ends = tokenEnds.end
    model.lengths.withUnsafeBufferPointer { lengths in
      var end = start
      for at in 0..<count {
        end &+= Int(lengths[Int(ids[first &+ at])])
        ends[at] = end
      }
    }
    tokenEnds.advance(count)
  }

  private func addAffixedEnds(from first: Int, at start: Int) {
    let ids = pieces.ids
    let marks = pieces.mutableMarks
    tokenEnds.reserve(ids.count &- first)
    let ends = tokenEnds.end
    var end = start
    for at in first..<ids.count {
      end &+= affixedLength(ids, marks, at, marks[at])
      ends[at &- first] = end
    }
    tokenEnds.advance(ids.count &- first)
  }

  /// Word starts in place of the marks, where characters start words, and ends, if they are wanted.
  private func locate(from first: Int, in text: TextBytes, at start: Int) {
    let isPlain = hasPlainLengths
    let wantsEnds = wantsEnds
    let ids = pieces.ids
    let marks = pieces.mutableMarks
    if wantsEnds { tokenEnds.reserve(ids.count &- first) }
    let ends = tokenEnds.end
    var end = start
    model.lengths.withUnsafeBufferPointer { lengths in
      var at = first
      while at < ids.count {
        let startsPiece = marks[at]
        if !startsPiece, end < text.count, text[end] >= 0xE0 {
          let (scalar, _) = text.scalar(end)
          marks[at] = scalar != .max && CharacterClasses.startsWordEach(scalar)
        }
        end &+=
          isPlain ? Int(lengths[Int(ids[at])]) : affixedLength(ids, marks, at, startsPiece)
        if wantsEnds { ends[at &- first] = end }
        at &+= 1
      }
    }
    if wantsEnds { tokenEnds.advance(ids.count &- first) }
  }

  /// The bytes that a token covers where it may be unknown or carry affixes.
  private func affixedLength(
    _ ids: UnsafeBufferPointer<UInt32>, _ marks: UnsafeMutableBufferPointer<Bool>, _ at: Int,
    _ startsPiece: Bool
  ) -> Int {
    let id = ids[at]
    if id == model.unknown { return 1 }
    let isLast = at &+ 1 == ids.count || marks[at &+ 1]
    return Int(model.lengths[Int(id)]) - (startsPiece ? 0 : model.affixes.prefix.utf8.count)
      - (isLast ? model.affixes.suffix.utf8.count : 0)
  }
}
