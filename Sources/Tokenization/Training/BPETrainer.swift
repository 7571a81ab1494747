// SPDX-License-Identifier: Apache-2.0

public import UnicodeText

/// Trains a byte-level byte-pair encoding.
///
///     let trainer = try BPETrainer(vocabularySize: 32_000)
///     var counter = try trainer.counter()
///     for text in texts { try text.withUnsafeBufferPointer { try counter.count($0) } }
///     let tokenizer = try trainer.train(counter)
///
/// The merges are those of Hugging Face `tokenizers` (`BpeTrainer` with `ByteLevel` and its whole
/// alphabet): the most frequent pair first; of equal counts that with the smaller left id, then the
/// smaller right id, where bytes are numbered in the order of their printable characters and merges
/// in the order in which they are made. Tokens before the bytes shift all ids alike and so change
/// no tie, and sentinels after the merges take part in none. A token of a given list that spells a
/// byte or a merge lends it its own, smaller id, as it does there; a merge that would spell one of
/// the standard special tokens is not made. Counts are 64 bits.
public struct BPETrainer: Sendable {
  /// Tokens altogether: specials, bytes, merges. Fewer if the text does not have so many pairs.
  public let vocabularySize: Int
  /// The smallest count of a pair that is merged.
  public let minimumFrequency: Int
  /// How text is split.
  public let preTokenizer: PreTokenizerRule
  /// How text is normalized, in training and ever after.
  public let form: NormalForm
  /// The special tokens.
  public let specials: SpecialTokens
  /// The bytes that are tokens from the start.
  public let alphabet: Alphabet
  /// Tokens that merges make are shorter than this, as `max_token_length` of `tokenizers` has it;
  /// nil for no limit.
  public let tokenLengthBound: Int?

  private let normalizer: Normalizer

  /// Bytes that are tokens whether or not merges need them.
  public enum Alphabet: String, Sendable, Hashable, CaseIterable {
    /// All 256: any text can be encoded, characters that were never seen byte by byte.
    case bytes
    /// Those that occur in training: other texts are refused.
    case seen
  }

  /// How well the tokenizer fits what it was trained on.
  public struct Measure: Sendable, Hashable {
    /// Bytes of all words, normalized, as often as they occur.
    public let bytes: Int64
    /// The words.
    public let words: Int64
    /// The tokens that they are.
    public let tokens: Int64
  }

  /// How far training is.
  public struct Progress: Sendable, Hashable {
    /// Merges made.
    public let merges: Int
    /// Merges to be made at most.
    public let limit: Int
  }

  /// Makes a trainer.
  /// - Throws: `.invalidOption`.
  public init(
    vocabularySize: Int = 32_000, minimumFrequency: Int = 2, preTokenizer: PreTokenizerRule = .gpt2,
    form: NormalForm = .nfc, specials: SpecialTokens = .standard, alphabet: Alphabet = .bytes,
    tokenLengthBound: Int? = nil
  ) throws(TokenizerError) {
    let leading = specials.leading
    var seen = ByteStringIndex(expecting: leading.count)
    for (index, token) in leading.enumerated() {
      guard !token.isEmpty, seen.insert(Array(token.utf8), UInt32(index)) == nil else {
        throw TokenizerError(
          .invalidOption,
          token.isEmpty ? "a special token is empty" : "the special token \(token) is given twice")
      }
    }
    let smallest = leading.count + 256 + specials.trailingSentinels
    guard vocabularySize >= smallest, vocabularySize <= 1 << 24 else {
      throw TokenizerError(
        .invalidOption,
        "a vocabulary of \(vocabularySize) tokens cannot be made: the 256 bytes and "
          + "\(smallest - 256) special tokens need at least \(smallest), and \(1 << 24) is the most"
      )
    }
    if let tokenLengthBound, tokenLengthBound < 1 {
      throw TokenizerError(.invalidOption, "the longest token has at least one byte")
    }
    guard minimumFrequency >= 0 else {
      throw TokenizerError(.invalidOption, "the minimum frequency cannot be negative")
    }
    self.vocabularySize = vocabularySize
    self.minimumFrequency = minimumFrequency
    self.preTokenizer = preTokenizer
    self.form = form
    self.specials = specials
    self.alphabet = alphabet
    self.tokenLengthBound = tokenLengthBound
    // A form that cannot be written is refused now, and not after an hour of counting.
    normalizer = try NormalizerReader.normalizer(form)
  }

  /// A counter of words for one thread.
  /// - Parameter maximumBytes: the bound of its memory.
  public func counter(maximumBytes: Int = 8 << 30) -> WordCounter {
    WordCounter(
      normalizer: normalizer, preTokenizer: preTokenizer, maximumBytes: maximumBytes)
  }

  /// Makes the tokenizer.
  /// - Parameters:
  ///   - counts: the words of the whole corpus.
  ///   - progress: called now and then.
  /// - Throws: `.memoryLimit` if the different words together have 2^32 bytes or more.
  public func train(
    _ counts: borrowing WordCounter, progress: ((Progress) -> Void)? = nil
  ) throws(TokenizerError) -> Tokenizer {
    try trainAndMeasure(counts, progress: progress).tokenizer
  }

  /// Makes the tokenizer, and tells how many tokens the corpus has with it.
  /// - Throws: as `train`.
  public func trainAndMeasure(
    _ counts: borrowing WordCounter, progress: ((Progress) -> Void)? = nil
  ) throws(TokenizerError) -> (tokenizer: Tokenizer, measure: Measure) {
    var names = TrainingVocabulary(
      leading: specials.leading, reserved: specials.reserved, bytes: bytes(in: counts))
    let sentinels = specials.trailingSentinels
    let limit = vocabularySize - sentinels
    var loop = try MergeLoop(
      counts, byteIDs: names.byteIDs, lengthBound: tokenLengthBound.map { UInt32(clamping: $0) })
    var merges: [(left: UInt32, right: UInt32)] = []
    let target = limit - names.count
    while names.count < limit, let pair = loop.nextPair(minimum: Int64(minimumFrequency)) {
      if names.spellsReserved(pair.left, pair.right) {
        loop.discard(pair.left, pair.right)
        continue
      }
      let id = names.join(pair.left, pair.right)
      merges.append(pair)
      loop.merge(pair.left, pair.right, into: id, length: names.length(id))
      if merges.count % 256 == 0 { progress?(Progress(merges: merges.count, limit: target)) }
    }
    progress?(Progress(merges: merges.count, limit: target))
    return (try tokenizer(names, merges, sentinels: sentinels), loop.measure())
  }

  /// The bytes that are tokens, in the order of their printable characters.
  private func bytes(in counts: borrowing WordCounter) -> [UInt8] {
    if alphabet == .bytes { return PrintableBytes.alphabet }
    var isSeen = [Bool](repeating: false, count: 256)
    counts.forEachWord { word, _ in
      for byte in word { isSeen[Int(byte)] = true }
    }
    return PrintableBytes.alphabet.filter { isSeen[Int($0)] }
  }

  private func tokenizer(
    _ names: TrainingVocabulary, _ merges: [(left: UInt32, right: UInt32)], sentinels: Int
  ) throws(TokenizerError) -> Tokenizer {
    var entries = names.tokens.enumerated().map { (token: $1, id: $0) }
    var added = specials.leading.enumerated().map {
      AddedToken(id: UInt32($0), content: $1)
    }
    let size = entries.count + sentinels
    for id in entries.count..<size {
      let content = SpecialTokens.sentinel(size - 1 - id)
      entries.append((content, id))
      added.append(AddedToken(id: UInt32(id), content: content))
    }
    let vocabulary = try Vocabulary(model: entries, added: added) { names.isMade($0) }
    let table = PairTable(expecting: merges.count)
    var kept: [(left: UInt32, right: UInt32)] = []
    for pair in merges {
      let whole = names.tokens[Int(pair.left)] + names.tokens[Int(pair.right)]
      guard let id = vocabulary.id(of: whole) else { continue }
      if table.insert(
        pair.left, pair.right, rank: UInt32(truncatingIfNeeded: kept.count), id: id)
      {
        kept.append(pair)
      }
    }
    let model = BPEModel(
      byteIDs: names.byteIDs, table: table, merges: kept, wholePieces: nil, vocabulary: vocabulary)
    var tokenizer = Tokenizer(
      model: .bytePairs(model), vocabulary: vocabulary, addedTokens: added,
      normalizer: normalizer, preTokenizer: PreTokenizer(preTokenizer), decoder: .byteLevel,
      framing: .none, roles: SpecialRoles(), source: nil, sourceConfiguration: nil)
    tokenizer.findRoles(configuration: nil, specialTokensMap: nil)
    return tokenizer
  }
}

/// The tokens while they are made: specials, bytes, merges.
struct TrainingVocabulary {
  private(set) var tokens: [String] = []
  private(set) var byteIDs = [UInt32](repeating: BPEModel.noToken, count: 256)
  private var lengths: [UInt32] = []
  private var index = ByteStringIndex()
  private var reserved = ByteStringIndex()

  var count: Int { tokens.count }

  init(leading: [String], reserved: [String], bytes: [UInt8]) {
    for token in reserved { _ = self.reserved.insert(Array(token.utf8), 0) }
    for token in leading { _ = add(token, length: 0) }
    for byte in bytes {
      let id = add(PrintableBytes.string(of: [byte]), length: 1)
      lengths[Int(id)] = 1
      byteIDs[Int(byte)] = id
    }
  }

  /// Whether a merge would spell a token that text must never become.
  func spellsReserved(_ left: UInt32, _ right: UInt32) -> Bool {
    reserved.value(of: Array(tokens[Int(left)].utf8) + Array(tokens[Int(right)].utf8)) != nil
  }

  /// Whether a token is a byte or a merge.
  func isMade(_ token: String) -> Bool {
    index.value(of: Array(token.utf8)).map { lengths[Int($0)] > 0 } ?? false
  }

  func length(_ id: UInt32) -> UInt32 { lengths[Int(id)] }

  /// The id of two tokens in one: a new one, or that of a special token that is spelled so.
  mutating func join(_ left: UInt32, _ right: UInt32) -> UInt32 {
    let length = lengths[Int(left)] + lengths[Int(right)]
    let id = add(tokens[Int(left)] + tokens[Int(right)], length: length)
    lengths[Int(id)] = length
    return id
  }

  private mutating func add(_ token: String, length: UInt32) -> UInt32 {
    let id = UInt32(truncatingIfNeeded: tokens.count)
    if let known = index.insert(Array(token.utf8), id) { return known }
    tokens.append(token)
    lengths.append(length)
    return id
  }
}
