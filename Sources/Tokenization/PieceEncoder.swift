// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// Byte-level byte-pair encoding of the pieces of texts.
final class ByteEncoder: ModelEncoder {
  private var pieces: PieceEncoder

  init(model: BPEModel, cacheBytes: Int) {
    pieces = PieceEncoder(model: model, cacheBytes: cacheBytes)
  }

  var ends: [Int] { pieces.ends }

  func begin(parts: Encoding.Parts) { pieces.begin(parts: parts) }

  func encode(_ text: TextBytes, _ list: [Piece]) throws(TokenizerError) {
    for piece in list {
      if piece.isText {
        try pieces.encode(text, piece.range, rule: nil)
      } else {
        pieces.append(piece.token, end: piece.end)
      }
    }
  }

  /// Encodes a range of a text; pieces do not look beyond it.
  func encode(
    _ text: TextBytes, _ range: Range<Int>, rule: PreTokenizerRule
  ) throws(TokenizerError) {
    try pieces.encode(text, range, rule: rule)
  }

  func flush(into result: inout Encoding, offset: Int) {
    pieces.flush(into: &result, offset: offset)
  }
}

/// Splits normalized text into pieces and merges each, through the cache.
private struct PieceEncoder: ~Copyable {
  private let model: BPEModel
  private let byteIDs: UnsafeMutablePointer<UInt32>
  /// Whether symbols carry no affixes.
  private let isPlain: Bool
  private var cache: PreTokenCache
  private var merger = BPEMerger()
  private var ids = RawStack<UInt32>(capacity: 1 << 12)
  /// 1 where a piece begins.
  private var starts = RawStack<UInt8>(capacity: 1 << 12)
  private var parts: Encoding.Parts = []
  private var wantsEnds = false
  /// The ends of the tokens of the last text, where ends are wanted.
  private(set) var ends: [Int] = []
  private var wordStarts: [Bool] = []
  /// The length of a piece that is too long to be merged, or 0.
  private var longestRefused = 0

  init(model: BPEModel, cacheBytes: Int) {
    self.model = model
    isPlain = model.affixes.isEmpty
    byteIDs = .allocate(capacity: 256)
    byteIDs.initialize(from: model.byteIDs, count: 256)
    cache = PreTokenCache(maximumBytes: cacheBytes)
  }

  deinit { byteIDs.deallocate() }

  mutating func begin(parts: Encoding.Parts) {
    self.parts = parts
    wantsEnds = !parts.isEmpty
    longestRefused = 0
    ids.removeAll()
    starts.removeAll()
    ends.removeAll(keepingCapacity: true)
    wordStarts.removeAll(keepingCapacity: true)
  }

  /// Encodes a range of a text by the pieces of a rule, or as one piece.
  mutating func encode(
    _ text: TextBytes, _ range: Range<Int>, rule: PreTokenizerRule?
  ) throws(TokenizerError) {
    if range.isEmpty { return }
    let bytes = TextBytes(base: text.base + range.lowerBound, count: range.count)
    if model.missingByte != nil, model.unknown == nil { try checkAlphabet(bytes) }
    let first = ids.count
    switch rule {
    case .gpt2: encode(bytes, GPT2Pieces.self)
    case .cl100k, .llama3: encode(bytes, CL100KPieces.self)
    case .whitespace: encode(bytes, WhitespacePieces.self)
    case .o200k: encode(bytes, O200KPieces.self)
    case .qwen2: encode(bytes, Qwen2Pieces.self)
    case .deepseek: encode(bytes, DeepSeekPieces.self)
    case nil: encode(bytes, WholePieces.self)
    }
    if longestRefused > 0 {
      throw TokenizerError(
        .textTooLong,
        "a stretch of \(longestRefused) bytes without a place to split it: the limit is "
          + "\(BPEMerger.pieceLimit); split the document")
    }
    if wantsEnds { locate(from: first, in: text, at: range.lowerBound) }
  }

  /// Adds a token that was matched as a whole.
  mutating func append(_ id: UInt32, end: Int) {
    ids.reserve(1)
    ids.end[0] = id
    ids.advance(1)
    starts.reserve(1)
    starts.end[0] = 1
    starts.advance(1)
    if wantsEnds {
      ends.append(end)
      wordStarts.append(true)
    }
  }

  /// Appends the tokens of the text to an encoding, in which the text begins at `offset`.
  func flush(into result: inout Encoding, offset: Int) {
    result.ids.append(contentsOf: UnsafeBufferPointer(start: ids.base, count: ids.count))
    if parts.contains(.ends) {
      if offset == 0 {
        result.ends.append(contentsOf: ends)
      } else {
        for end in ends { result.ends.append(offset + end) }
      }
    }
    if parts.contains(.wordStarts) { result.wordStarts.append(contentsOf: wordStarts) }
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

  /// Ends by the lengths of the tokens, and word starts.
  private mutating func locate(from first: Int, in text: TextBytes, at start: Int) {
    var end = start
    let ids = ids.base
    let starts = starts.base
    let count = self.ids.count
    let isPlain = model.affixes.isEmpty && (model.unknown == nil || model.missingByte == nil)
    model.lengths.withUnsafeBufferPointer { lengths in
      for at in first..<count {
        var isStart = starts[at] != 0
        if !isStart, end < text.count, text[end] >= 0xE0 {
          let (scalar, _) = text.scalar(end)
          isStart = scalar != .max && CharacterClasses.startsWordEach(scalar)
        }
        wordStarts.append(isStart)
        end &+= isPlain ? Int(lengths[Int(ids[at])]) : affixedLength(at, starts[at] != 0)
        ends.append(end)
      }
    }
  }

  /// The bytes that a token covers where it may be unknown or carry affixes.
  private func affixedLength(_ at: Int, _ isFirst: Bool) -> Int {
    let id = ids.base[at]
    if id == model.unknown { return 1 }
    let isLast = at &+ 1 == ids.count || starts.base[at &+ 1] != 0
    return Int(model.lengths[Int(id)]) - (isFirst ? 0 : model.affixes.prefix.utf8.count)
      - (isLast ? model.affixes.suffix.utf8.count : 0)
  }

  private mutating func encode<Rule: PieceRule>(_ text: TextBytes, _ rule: Rule.Type) {
    var at = 0
    while at < text.count {
      let end = Rule.end(text, at)
      let length = end &- at
      ids.reserve(length)
      starts.reserve(length)
      let count = encodePiece(text.base + at, length, readable: text.count &- at)
      starts.end[0] = 1
      var token = 1
      while token < count {
        starts.end[token] = 0
        token &+= 1
      }
      starts.advance(count)
      ids.advance(count)
      at = end
    }
  }

  /// Writes the tokens of a piece at the end of `ids`, where there is room.
  @inline(__always)
  private mutating func encodePiece(
    _ piece: UnsafePointer<UInt8>, _ length: Int, readable: Int
  ) -> Int {
    let target = ids.end
    if length == 1, isPlain {
      target[0] = byteIDs[Int(piece[0])]
      return 1
    }
    if length <= PreTokenCache.longestInline {
      let key = PreTokenCache.inlineKey(piece, length, readable: readable)
      if let entry = cache.find(key) { return cache.copyTokens(entry, to: target) }
      let count = merge(piece, length, to: target)
      cache.insert(key, target, count)
      return count
    }
    return encodeLongPiece(piece, length, to: target)
  }

  @inline(never)
  private mutating func encodeLongPiece(
    _ piece: UnsafePointer<UInt8>, _ length: Int, to target: UnsafeMutablePointer<UInt32>
  ) -> Int {
    if length > BPEMerger.pieceLimit {
      longestRefused = max(longestRefused, length)
      return 0
    }
    if length > PreTokenCache.longestPiece { return merge(piece, length, to: target) }
    let hash = ByteHash.hash(UnsafeRawPointer(piece), length)
    if let entry = cache.findLong(piece, length, hash: hash) {
      return cache.copyTokens(entry, to: target)
    }
    let count = merge(piece, length, to: target)
    cache.insertLong(piece, length, hash: hash, target, count)
    return count
  }

  @inline(never)
  private mutating func merge(
    _ piece: UnsafePointer<UInt8>, _ length: Int, to target: UnsafeMutablePointer<UInt32>
  ) -> Int {
    if let wholePieces = model.wholePieces,
      let id = wholePieces.value(of: UnsafeBufferPointer(start: piece, count: length))
    {
      target[0] = id
      return 1
    }
    let count =
      isPlain
      ? merger.merge(piece, length, byteIDs, model.table) : mergeAffixed(piece, length)
    target.update(from: merger.ids, count: count)
    return count
  }

  /// Merges symbols of which the last carries a suffix, and all but the first a prefix.
  private mutating func mergeAffixed(_ piece: UnsafePointer<UInt8>, _ length: Int) -> Int {
    let symbols = merger.symbols(length)
    if length == 1 {
      symbols[0] = model.onlyIDs[Int(piece[0])]
      return 1
    }
    symbols[0] = byteIDs[Int(piece[0])]
    for at in 1..<(length - 1) { symbols[at] = model.innerIDs[Int(piece[at])] }
    symbols[length - 1] = model.lastIDs[Int(piece[length - 1])]
    return merger.merge(length, model.table)
  }
}
