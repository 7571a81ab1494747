// SPDX-License-Identifier: Apache-2.0

/// Byte-pair encoding over characters, as Llama, Mistral and Gemma use it: characters without a token
/// are spelled by bytes, or are unknown.
///
/// It merges *symbols*. Those below the size of the vocabulary are ids. Further ones stand for
/// characters without a token and for tokens that nothing may join; no merge gives them.
final class CharacterBPEModel: Sendable {
  /// The id of a symbol that is unknown text.
  static let unknownID = UInt32.max

  /// What symbols are made of, and the merges.
  struct Symbols {
    /// The symbol of each scalar, or `unknownID`.
    var characters: [UInt32]
    /// The id of each symbol, or `unknownID`.
    var ids: [UInt32]
    /// The bytes of text that each symbol covers.
    var lengths: [UInt32]
    /// Tokens that are taken whole wherever they stand, before merging.
    var whole: PieceTrie?
  }

  let table: PairTable
  /// The pairs in order of rank, for writing.
  let merges: [(left: UInt32, right: UInt32)]
  /// The symbol of each scalar, or `unknownID`.
  let characters: [UInt32]
  let ids: [UInt32]
  let lengths: [UInt32]
  /// Of tokens that are taken whole, the symbols.
  let wholeSymbols: PieceTrie?
  /// Tokens that a piece is, whatever merging would give (`ignore_merges`).
  let wholePieces: PieceTrie?
  let unknown: UnknownText
  /// The first of four symbols that stand for unknown characters of one to four bytes.
  let unknownSymbol: UInt32
  /// Whether no token reaches over the beginning of a blank, so that words are merged one by one.
  let splitsAtBlanks: Bool

  init(
    symbols: Symbols, table: PairTable, merges: [(left: UInt32, right: UInt32)],
    wholePieces: PieceTrie?, unknown: UnknownText, splitsAtBlanks: Bool
  ) {
    self.table = table
    self.merges = merges
    characters = symbols.characters
    unknownSymbol = UInt32(truncatingIfNeeded: symbols.ids.count)
    ids = symbols.ids + [UInt32](repeating: Self.unknownID, count: 4)
    lengths = symbols.lengths + [1, 2, 3, 4]
    wholeSymbols = symbols.whole
    self.wholePieces = wholePieces
    self.unknown = unknown
    let mark = Int(BlankMark.scalar)
    let isKnown = mark < characters.count && characters[mark] != Self.unknownID
    self.splitsAtBlanks = splitsAtBlanks && isKnown
  }

  /// A table of scalars for the one-character strings among tokens.
  static func characters(
    _ strings: some Sequence<(bytes: ArraySlice<UInt8>, symbol: UInt32)>
  ) -> [UInt32] {
    var result: [UInt32] = []
    for (bytes, symbol) in strings {
      guard let scalar = scalar(bytes) else { continue }
      if Int(scalar) >= result.count {
        result.append(
          contentsOf: repeatElement(unknownID, count: Int(scalar) + 1 - result.count))
      }
      result[Int(scalar)] = symbol
    }
    return result
  }

  /// The scalar that a string consists of, if it is one.
  static func scalar(_ bytes: ArraySlice<UInt8>) -> UInt32? {
    guard (1...4).contains(bytes.count) else { return nil }
    return Array(bytes).withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      let (scalar, length) = TextBytes(base: base, count: buffer.count).scalar(0)
      return length == buffer.count && scalar != .max ? scalar : nil
    }
  }
}

/// Encodes pieces by a `CharacterBPEModel`.
final class CharacterBPEEncoder: PieceModel {
  private let model: CharacterBPEModel
  /// Ids that text must not become, whatever its letters.
  private let isExcluded: [Bool]
  private var cache: PieceCache
  private var merger = BPEMerger()
  private var found = [UInt32](repeating: 0, count: PieceCache.longestPiece)

  init(_ model: CharacterBPEModel, isExcluded: [Bool], cacheBytes: Int) {
    self.model = model
    self.isExcluded = isExcluded
    cache = PieceCache(maximumBytes: cacheBytes)
  }

  func encode(
    _ text: TextBytes, _ piece: Range<Int>, into tokens: inout TokenBuffer
  ) throws(TokenizerError) {
    if piece.isEmpty { return }
    if let whole = model.wholePieces, piece.count <= whole.longest {
      let bytes = UnsafeBufferPointer(start: text.base + piece.lowerBound, count: piece.count)
      if let id = whole.id(of: bytes), !isExcluded[Int(id)] {
        tokens.append(id, end: piece.upperBound, startsWord: true)
        return
      }
    }
    var start = piece.lowerBound
    while start < piece.upperBound {
      let end = model.splitsAtBlanks ? wordEnd(text, start, piece.upperBound) : piece.upperBound
      try encodeWord(text, start..<end, piece.lowerBound, into: &tokens)
      start = end
    }
  }

  /// The next position at which blanks begin.
  @inline(__always)
  private func wordEnd(_ text: TextBytes, _ start: Int, _ limit: Int) -> Int {
    var at = start
    while at < limit, BlankMark.stands(in: text, at: at) { at &+= 3 }
    while at < limit {
      if text[at] == 0xE2, BlankMark.stands(in: text, at: at), at &+ 3 <= limit { return at }
      at &+= 1
    }
    return min(at, limit)
  }

  private func encodeWord(
    _ text: TextBytes, _ word: Range<Int>, _ pieceStart: Int, into tokens: inout TokenBuffer
  ) throws(TokenizerError) {
    guard word.count <= PieceCache.longestPiece else {
      _ = try merge(text, word, pieceStart, into: &tokens)
      return
    }
    let key = CachedPiece(text, word)
    let count = found.withUnsafeMutableBufferPointer { found in
      found.baseAddress.map { cache.tokens(of: key, to: $0) } ?? 0
    }
    if count > 0 {
      var at = word.lowerBound
      for index in 0..<count {
        let symbol = Int(found[index])
        let isStart = WordStart.isAt(at, in: text, pieceStart: pieceStart)
        at &+= Int(model.lengths[symbol])
        tokens.append(model.ids[symbol], end: at, startsWord: isStart)
      }
      return
    }
    if let symbols = try merge(text, word, pieceStart, into: &tokens) {
      cache.remember(key, symbols)
    }
  }

  /// Appends the tokens of a word. Returns its symbols if all have an id.
  private func merge(
    _ text: TextBytes, _ word: Range<Int>, _ pieceStart: Int, into tokens: inout TokenBuffer
  ) throws(TokenizerError) -> [UInt32]? {
    guard word.count <= BPEMerger.pieceLimit else {
      throw TokenizerError(
        .textTooLong,
        "a stretch of \(word.count) bytes without a place to split it: the limit is "
          + "\(BPEMerger.pieceLimit); split the document")
    }
    let count = merger.merge(symbols(text, word), model.table)
    let ids = merger.ids
    var at = word.lowerBound
    var isPlain = true
    var index = 0
    while index < count {
      let symbol = Int(ids[index])
      let start = at
      let isStart = WordStart.isAt(start, in: text, pieceStart: pieceStart)
      at &+= Int(model.lengths[symbol])
      index &+= 1
      if model.ids[symbol] != CharacterBPEModel.unknownID {
        tokens.append(model.ids[symbol], end: at, startsWord: isStart)
        continue
      }
      isPlain = false
      while model.unknown.isFused, index < count,
        model.ids[Int(ids[index])] == CharacterBPEModel.unknownID
      {
        at &+= Int(model.lengths[Int(ids[index])])
        index &+= 1
      }
      try model.unknown.append(text, start..<at, into: &tokens, startsWord: isStart)
    }
    guard isPlain, word.count <= PieceCache.longestPiece else { return nil }
    return Array(UnsafeBufferPointer(start: ids, count: count))
  }

  /// Writes the symbols of a word where they are merged. Returns how many there are.
  private func symbols(_ text: TextBytes, _ word: Range<Int>) -> Int {
    let symbols = merger.symbols(word.count)
    let inner = TextBytes(base: text.base, count: word.upperBound)
    var count = 0
    var at = word.lowerBound
    model.characters.withUnsafeBufferPointer { characters in
      while at < word.upperBound {
        if let whole = model.wholeSymbols?.longestPrefix(inner, at) {
          symbols[count] = whole.id
          at &+= whole.length
        } else {
          let (scalar, length) = inner.scalar(at)
          let isListed = scalar < UInt32(characters.count)
          let symbol = isListed ? characters[Int(scalar)] : CharacterBPEModel.unknownID
          symbols[count] =
            symbol != CharacterBPEModel.unknownID
            ? symbol : model.unknownSymbol &+ UInt32(truncatingIfNeeded: length &- 1)
          at &+= length
        }
        count &+= 1
      }
    }
    return count
  }
}
