// SPDX-License-Identifier: Apache-2.0

/// A unigram language model (Kudo 2018): the tokens of a text are the sequence whose scores, log
/// probabilities, have the greatest sum.
final class UnigramModel: Sendable {
  /// What a character without a token costs beside the least likely token.
  static let unknownPenalty = 10.0

  /// The arithmetic that decides between sequences of nearly the same score.
  enum Arithmetic: Sendable {
    /// Sums are doubles, as in `tokenizers`.
    case double
    /// Sums are kept as floats, as in sentencepiece.
    case float
  }

  let trie: PieceTrie
  /// The score of each id; what a token adds to the sum.
  let scores: [Double]
  let unknownScore: Double
  let unknown: UnknownText
  let arithmetic: Arithmetic
  /// The bytes of text that each id covers.
  let lengths: [UInt32]

  /// - Parameter tokens: what may be found in text; the ids are those of `scores`.
  init(
    tokens: [(bytes: ArraySlice<UInt8>, id: UInt32)], scores: [Double], minimum: Double,
    unknown: UnknownText, arithmetic: Arithmetic, lengths: [UInt32]
  ) {
    trie = PieceTrie(tokens)
    self.scores = scores
    unknownScore =
      arithmetic == .double
      ? minimum - Self.unknownPenalty : Double(Float(minimum) - Float(Self.unknownPenalty))
    self.unknown = unknown
    self.arithmetic = arithmetic
    self.lengths = lengths
  }
}

/// Encodes pieces by a unigram model: the best path to each position, from left to right (Viterbi),
/// in time proportional to the text and the length of the longest token.
final class UnigramEncoder: PieceModel {
  /// The longest piece: 24 bytes of memory for each of its bytes.
  static let pieceLimit = 1 << 28
  private static let keptPositions = 1 << 20
  /// Where sums of floats start again at 0, as in sentencepiece.
  private static let sumLimit = 100_000.0

  /// The best way to a position.
  private struct Step {
    var score: Double
    var start: UInt32
    var id: UInt32
  }

  private static let unreached = UInt32.max

  private let model: UnigramModel
  /// Ids that text must not become, whatever its letters.
  private let isExcluded: [Bool]
  private var cache: PieceCache
  private var steps: UnsafeMutablePointer<Step>
  private var capacity: Int
  private var path: [(start: Int, end: Int, id: UInt32)] = []
  private var found = [UInt32](repeating: 0, count: PieceCache.longestPiece)

  init(_ model: UnigramModel, isExcluded: [Bool], cacheBytes: Int) {
    self.model = model
    self.isExcluded = isExcluded
    cache = PieceCache(maximumBytes: cacheBytes)
    capacity = 1 << 12
    steps = .allocate(capacity: capacity)
  }

  deinit { steps.deallocate() }

  func encode(
    _ text: TextBytes, _ piece: Range<Int>, into tokens: inout TokenBuffer
  ) throws(TokenizerError) {
    if piece.isEmpty { return }
    guard piece.count <= PieceCache.longestPiece else {
      try find(text, piece)
      try append(text, piece, into: &tokens)
      return
    }
    let key = CachedPiece(text, piece)
    let count = found.withUnsafeMutableBufferPointer { found in
      found.baseAddress.map { cache.tokens(of: key, to: $0) } ?? 0
    }
    if count > 0 {
      var at = piece.lowerBound
      for index in 0..<count {
        let id = found[index]
        let isStart = WordStart.isAt(at, in: text, pieceStart: piece.lowerBound)
        at &+= Int(model.lengths[Int(id)])
        tokens.append(id, end: at, startsWord: isStart)
      }
      return
    }
    try find(text, piece)
    try append(text, piece, into: &tokens)
    // The cache tells where tokens end by their ids, which those of unknown text do not say.
    let isPlain = path.allSatisfy { step in
      step.id != model.unknown.id && Int(model.lengths[Int(step.id)]) == step.end - step.start
    }
    if isPlain { cache.remember(key, path.reversed().map(\.id)) }
  }

  /// Leaves the best sequence in `path`, last token first.
  private func find(_ text: TextBytes, _ piece: Range<Int>) throws(TokenizerError) {
    let count = piece.count
    guard count <= Self.pieceLimit else {
      throw TokenizerError(
        .textTooLong,
        "a stretch of \(count) bytes without a place to split it: the limit is "
          + "\(Self.pieceLimit); split the document")
    }
    makeRoom(count + 1)
    let inner = TextBytes(base: text.base + piece.lowerBound, count: count)
    switch model.arithmetic {
    case .double: search(inner, limit: .infinity) { $0 }
    case .float: search(inner, limit: Self.sumLimit) { Double(Float($0)) }
    }
    path.removeAll(keepingCapacity: true)
    var end = count
    while end > 0 {
      let step = steps[end]
      let start = Int(step.start)
      path.append((piece.lowerBound + start, piece.lowerBound + end, step.id))
      end = start
    }
  }

  private func makeRoom(_ count: Int) {
    guard capacity < count || capacity > Self.keptPositions else { return }
    steps.deallocate()
    capacity = max(count, 1 << 12)
    steps = .allocate(capacity: capacity)
  }

  /// Every character of the text is reached: by a token, or as unknown.
  @inline(__always)
  private func search(_ text: TextBytes, limit: Double, _ rounded: (Double) -> Double) {
    let steps = steps
    let trie = model.trie
    let unknownScore = model.unknownScore
    let unknownID = model.unknown.id ?? Self.unreached - 1
    steps.initialize(
      repeating: Step(score: 0, start: Self.unreached, id: 0), count: text.count &+ 1)
    model.scores.withUnsafeBufferPointer { scores in
      isExcluded.withUnsafeBufferPointer { isExcluded in
        var start = 0
        var furthest = 0
        while start < text.count {
          var soFar = steps[start].score
          if soFar.magnitude > limit {
            for at in start...max(furthest, start) where steps[at].start != Self.unreached {
              steps[at].score = rounded(steps[at].score - soFar)
            }
            soFar = 0
          }
          let from = UInt32(truncatingIfNeeded: start)
          let length = text.scalar(start).length
          var hasSingle = false
          var unit = PieceTrie.root
          var at = start
          while at < text.count {
            unit = trie.child(unit, text[at])
            if unit == PieceTrie.none { break }
            at &+= 1
            let id = trie.id(unit)
            if id == PieceTrie.none || isExcluded[Int(id)] { continue }
            if at > furthest { furthest = at }
            let score = rounded(scores[Int(id)] + soFar)
            if steps[at].start == Self.unreached || score > steps[at].score {
              steps[at] = Step(score: score, start: from, id: id)
            }
            if at &- start == length { hasSingle = true }
          }
          if !hasSingle {
            at = start &+ length
            if at > furthest { furthest = at }
            let score = rounded(unknownScore + soFar)
            if steps[at].start == Self.unreached || score > steps[at].score {
              steps[at] = Step(score: score, start: from, id: unknownID)
            }
          }
          start &+= length
        }
      }
    }
  }

  private func append(
    _ text: TextBytes, _ piece: Range<Int>, into tokens: inout TokenBuffer
  ) throws(TokenizerError) {
    let unknownID = model.unknown.id ?? Self.unreached - 1
    var index = path.count
    while index > 0 {
      index -= 1
      let (start, end, id) = path[index]
      let isStart = WordStart.isAt(start, in: text, pieceStart: piece.lowerBound)
      if id != unknownID {
        tokens.append(id, end: end, startsWord: isStart)
        continue
      }
      var last = end
      while model.unknown.isFused, index > 0, path[index - 1].id == unknownID {
        index -= 1
        last = path[index].end
      }
      // As in the original, neighbours that together spell a token are that token.
      let joined = UnsafeBufferPointer(start: text.base + start, count: last - start)
      if model.arithmetic == .double, let known = model.trie.id(of: joined),
        !isExcluded[Int(known)]
      {
        tokens.append(known, end: last, startsWord: isStart)
      } else {
        try model.unknown.append(text, start..<last, into: &tokens, startsWord: isStart)
      }
    }
  }
}
