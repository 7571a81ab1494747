// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// Encodes texts, one after the other. One for each thread: it owns its cache and scratch memory.
public struct Encoder: ~Copyable, @unchecked Sendable {
  // Unchecked: the memory is owned by this value alone, which cannot be copied.

  private let tokenizer: Tokenizer
  private let addedTokens: AddedTokenMode
  private let rawTokens: AddedTokenMatcher
  private let normalizedTokens: AddedTokenMatcher
  private let model: any ModelEncoder
  /// The quick way: bytes, split by one rule.
  private let quick: ByteEncoder?
  /// Whether it matters that the normalizer drops what a text begins with.
  private let looksAtBeginning: Bool
  /// Whether nothing is done to text before it is split.
  private let isDirect: Bool
  private var list = PieceList()

  init(_ tokenizer: Tokenizer, addedTokens mode: AddedTokenMode, cacheMegabytes: Int) {
    self.tokenizer = tokenizer
    addedTokens = mode
    let cacheBytes = min(max(cacheMegabytes, 0), 1 << 20) << 20
    // No letters of a text may become a special token, unless it is to be matched.
    let isExcluded = tokenizer.vocabulary.isSpecial.map { $0 && mode == .never }
    switch tokenizer.model {
    case .bytePairs(let model):
      let rule = tokenizer.preTokenizer.rule
      let encoder = ByteEncoder(model: model, rule: rule, cacheBytes: cacheBytes)
      self.model = encoder
      quick = rule == nil ? nil : encoder
    case .wordPiece(let model):
      self.model = CharacterEncoder(WordPieceEncoder(model))
      quick = nil
    case .characterPairs(let model):
      self.model = CharacterEncoder(
        CharacterBPEEncoder(model, isExcluded: isExcluded, cacheBytes: cacheBytes))
      quick = nil
    case .unigram(let model):
      self.model = CharacterEncoder(
        UnigramEncoder(model, isExcluded: isExcluded, cacheBytes: cacheBytes))
      quick = nil
    }
    looksAtBeginning =
      !tokenizer.normalizer.isIdentity && tokenizer.preTokenizer.looksAtBeginning
    let added = mode == .matched ? tokenizer.addedTokens : []
    rawTokens = AddedTokenMatcher(
      added.filter { !$0.isNormalized }.map { (Array($0.content.utf8), $0) })
    // Where normalization fails (texts of 2 GiB) the token is looked for as it is.
    let normalizer = tokenizer.normalizer
    normalizedTokens = AddedTokenMatcher(
      added.filter(\.isNormalized).map { token in
        let bytes = Array(token.content.utf8)
        var content: [UInt8] = []
        var alignment: TextAlignment?
        let done: ()? = bytes.withUnsafeBufferPointer {
          try? normalizer.apply($0, to: &content, alignment: &alignment)
        }
        return (done == nil ? bytes : content, token)
      })
    isDirect = added.isEmpty && normalizer.isIdentity
  }

  /// Replaces `result` by the text as the tokenizer's normalization leaves it.
  /// - Throws: `.normalization` where ICU fails, as on a text of 2 GiB.
  public func normalize(
    _ text: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]
  ) throws(TokenizerError) {
    var alignment: TextAlignment?
    try tokenizer.normalizer.apply(text, to: &result, alignment: &alignment)
  }

  /// Replaces `result` by the encoding of a text. No framing tokens are added.
  ///
  /// Text that is not UTF-8 is encoded as well, provided that the tokenizer does not normalize:
  /// each byte that does not belong to a character counts as a symbol.
  /// - Throws: `.unencodableByte` where the vocabulary lacks a byte, `.textTooLong`,
  ///   `.normalization`.
  public mutating func encode(
    _ text: UnsafeBufferPointer<UInt8>, into result: inout Encoding
  ) throws(TokenizerError) {
    result.removeAll()
    guard let base = text.baseAddress, !text.isEmpty else { return }
    let bytes = TextBytes(base: base, count: text.count)
    if isDirect, let quick {
      quick.begin(parts: result.parts)
      try quick.encode(bytes, 0..<text.count)
      quick.flush(into: &result, offset: 0)
      if result.parts.contains(.originalEnds) {
        result.originalEnds.append(contentsOf: quick.locatedEnds)
      }
      result.normalized.append(contentsOf: text)
      return
    }
    var at = 0
    var searched = 0
    while let match = rawTokens.next(in: bytes, from: searched, floor: at) {
      searched = match.searchEnd
      if at < match.range.lowerBound {
        try encodeSegment(
          UnsafeBufferPointer(rebasing: text[at..<match.range.lowerBound]), offset: at, &result)
      }
      result.normalized.append(contentsOf: UnsafeBufferPointer(rebasing: text[match.range]))
      append(match.id, originalEnd: match.range.upperBound, &result)
      at = match.range.upperBound
    }
    try encodeSegment(UnsafeBufferPointer(rebasing: text[at...]), offset: at, &result)
  }

  private func append(_ id: UInt32, originalEnd: Int, _ result: inout Encoding) {
    result.ids.append(id)
    if result.parts.contains(.ends) { result.ends.append(result.normalized.count) }
    if result.parts.contains(.wordStarts) { result.wordStarts.append(true) }
    if result.parts.contains(.originalEnds) { result.originalEnds.append(originalEnd) }
  }

  /// Normalizes a stretch without raw added tokens and encodes it.
  private mutating func encodeSegment(
    _ text: UnsafeBufferPointer<UInt8>, offset: Int, _ result: inout Encoding
  ) throws(TokenizerError) {
    if text.isEmpty { return }
    let wantsOriginal = result.parts.contains(.originalEnds)
    list.alignment = wantsOriginal || looksAtBeginning ? TextAlignment() : nil
    try tokenizer.normalizer.apply(text, to: &list.text, alignment: &list.alignment)
    list.isBeginning = offset == 0 && list.alignment?.dropsBeginning != true
    if !wantsOriginal { list.alignment = nil }
    findNormalizedTokens()
    model.begin(parts: result.parts)
    if let model = quick {
      try encodePieces { bytes, piece throws(TokenizerError) in
        try model.encode(bytes, piece.range)
      } added: { bytes, piece throws(TokenizerError) in
        try model.encode(bytes, [piece])
      }
    } else {
      try tokenizer.preTokenizer.apply(&list)
      let model = model
      let pieces = list.pieces
      try list.text.withUnsafeBufferPointer { all throws(TokenizerError) in
        guard let base = all.baseAddress else { return }
        try model.encode(TextBytes(base: base, count: all.count), pieces)
      }
    }
    model.flush(into: &result, offset: result.normalized.count)
    if wantsOriginal {
      var ends = model.ends
      if let alignment = list.alignment, !alignment.isIdentity { alignment.mapEnds(&ends) }
      for end in ends { result.originalEnds.append(offset + end) }
    }
    if result.normalized.isEmpty {
      swap(&result.normalized, &list.text)
    } else {
      result.normalized.append(contentsOf: list.text)
    }
  }

  /// What the pre-tokenizer makes of normalized text.
  mutating func pieces(of text: [UInt8]) throws(TokenizerError) -> [Piece] {
    list.text = text
    list.pieces = [Piece(start: 0, end: text.count)]
    list.alignment = nil
    try tokenizer.preTokenizer.apply(&list)
    return list.pieces
  }

  private func encodePieces(
    text: (TextBytes, Piece) throws(TokenizerError) -> Void,
    added: (TextBytes, Piece) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    try list.text.withUnsafeBufferPointer { all throws(TokenizerError) in
      guard let base = all.baseAddress else { return }
      let bytes = TextBytes(base: base, count: all.count)
      for piece in list.pieces {
        if piece.isText { try text(bytes, piece) } else { try added(bytes, piece) }
      }
    }
  }

  /// Divides the normalized text at the added tokens that are looked for there.
  private mutating func findNormalizedTokens() {
    list.pieces.removeAll(keepingCapacity: true)
    let count = list.text.count
    guard !normalizedTokens.isEmpty else {
      if count > 0 { list.pieces.append(Piece(start: 0, end: count)) }
      return
    }
    var pieces: [Piece] = []
    list.text.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { return }
      let bytes = TextBytes(base: base, count: count)
      var at = 0
      var searched = 0
      while let match = normalizedTokens.next(in: bytes, from: searched, floor: at) {
        searched = match.searchEnd
        let start = max(match.range.lowerBound, at)
        if at < start { pieces.append(Piece(start: at, end: start)) }
        at = max(match.range.upperBound, at)
        pieces.append(Piece(start: start, end: at, token: match.id))
      }
      if at < count { pieces.append(Piece(start: at, end: count)) }
    }
    list.pieces = pieces
  }
}
