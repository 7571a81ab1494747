// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// Encodes texts, one after the other. One for each thread: it owns its cache and scratch memory.
public struct Encoder: ~Copyable, @unchecked Sendable {
  // Unchecked: the memory is owned by this value alone, which cannot be copied.

  private let tokenizer: Tokenizer
  private let addedTokens: AddedTokenMode
  private let rawTokens: AddedTokenMatcher
  private let normalizedTokens: AddedTokenMatcher
  private var pieces: PieceEncoder
  private var segment: [UInt8] = []
  private var alignment = TextAlignment()

  init(_ tokenizer: Tokenizer, addedTokens mode: AddedTokenMode, cacheMegabytes: Int) {
    self.tokenizer = tokenizer
    addedTokens = mode
    switch tokenizer.model {
    case .bytePairs(let model):
      let megabytes = min(max(cacheMegabytes, 0), 1 << 20)
      pieces = PieceEncoder(model: model, cacheBytes: megabytes << 20)
    }
    let added = mode == .matched ? tokenizer.addedTokens : []
    rawTokens = AddedTokenMatcher(
      added.filter { !$0.isNormalized }.map { (Array($0.content.utf8), $0) })
    // Where normalization fails (texts of 2 GiB) the token is looked for as it is.
    let normalization = tokenizer.normalization
    normalizedTokens = AddedTokenMatcher(
      added.filter(\.isNormalized).map { token in
        let bytes = Array(token.content.utf8)
        var content: [UInt8] = []
        let done: ()? = bytes.withUnsafeBufferPointer {
          try? normalization.apply($0, to: &content)
        }
        return (done == nil ? bytes : content, token)
      })
  }

  /// Replaces `result` by the text as the tokenizer's normalization leaves it.
  /// - Throws: `.normalization` where ICU fails, as on a text of 2 GiB.
  public func normalize(
    _ text: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]
  ) throws(TokenizerError) {
    do {
      try tokenizer.normalization.apply(text, to: &result)
    } catch {
      throw TokenizerError(.normalization, error.description)
    }
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
    var at = 0
    while let match = rawTokens.next(in: bytes, from: at, floor: at) {
      try encodeSegment(
        UnsafeBufferPointer(rebasing: text[at..<match.range.lowerBound]), offset: at, &result)
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
    let base = result.normalized.count
    let normalizes = !tokenizer.normalization.isIdentity
    if !normalizes {
      result.normalized.append(contentsOf: text)
    } else {
      do {
        if wantsOriginal {
          try tokenizer.normalization.apply(text, to: &segment, alignment: &alignment)
        } else {
          try tokenizer.normalization.apply(text, to: &segment)
        }
      } catch {
        throw TokenizerError(.normalization, error.description)
      }
      if base == 0 {
        swap(&result.normalized, &segment)
      } else {
        result.normalized.append(contentsOf: segment)
      }
    }
    let firstToken = result.ids.count
    var normalized: [UInt8] = []
    swap(&normalized, &result.normalized)
    defer { swap(&normalized, &result.normalized) }
    try normalized.withUnsafeBufferPointer { all throws(TokenizerError) in
      try encodeNormalized(UnsafeBufferPointer(rebasing: all[base...]), offset: base, &result)
    }
    guard wantsOriginal else { return }
    if normalizes {
      var ends = pieces.ends
      alignment.mapEnds(&ends)
      for end in ends { result.originalEnds.append(offset + end) }
    } else {
      for end in pieces.ends { result.originalEnds.append(offset + end) }
    }
    assert(result.originalEnds.count - firstToken == result.ids.count - firstToken)
  }

  /// Encodes a stretch of normalized text; its token ends are then in `pieces.ends`.
  private mutating func encodeNormalized(
    _ text: UnsafeBufferPointer<UInt8>, offset: Int, _ result: inout Encoding
  ) throws(TokenizerError) {
    pieces.begin(parts: result.parts)
    guard let base = text.baseAddress, !text.isEmpty else { return }
    let bytes = TextBytes(base: base, count: text.count)
    var at = 0
    while let match = normalizedTokens.next(in: bytes, from: at, floor: at) {
      try pieces.encode(bytes, at..<match.range.lowerBound, rule: tokenizer.preTokenizer)
      pieces.append(match.id, end: match.range.upperBound)
      at = match.range.upperBound
    }
    try pieces.encode(bytes, at..<text.count, rule: tokenizer.preTokenizer)
    pieces.flush(into: &result, offset: offset)
  }
}
