// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// Counts the pieces of texts, the input of `BPETrainer`.
///
/// Each thread counts on its own; `merge(_:)` adds up. The sums do not depend on how the texts were
/// dealt out, and what is trained depends on the sums alone. Memory grows with the number of
/// different pieces, up to a bound.
public struct WordCounter: ~Copyable, @unchecked Sendable {
  // Unchecked: the memory is owned by this value alone, which cannot be copied.

  private struct Slot {
    /// Upper half of the hash, to compare before the bytes are looked at.
    var tag: UInt32
    /// Number of the word + 1; 0 in a free slot.
    var word: UInt32
  }

  private struct Word: BitwiseCopyable {
    var offset: Int
    var length: Int
    var count: Int64
  }

  /// How text is split.
  public let preTokenizer: PreTokenizerRule
  private let normalizer: Normalizer
  private let maximumBytes: Int
  private var slots: UnsafeMutablePointer<Slot>
  private var slotCount: Int
  private var words = RawStack<Word>()
  private var bytes = RawStack<UInt8>()
  private var normalized: [UInt8] = []

  init(normalizer: Normalizer, preTokenizer: PreTokenizerRule, maximumBytes: Int) {
    self.normalizer = normalizer
    self.preTokenizer = preTokenizer
    self.maximumBytes = maximumBytes
    slotCount = 1 << 12
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Slot(tag: 0, word: 0), count: slotCount)
  }

  deinit { slots.deallocate() }

  /// The number of different words.
  public var wordCount: Int { words.count }

  /// Memory in use, in bytes.
  public var byteCount: Int {
    slotCount * MemoryLayout<Slot>.stride + words.capacity * MemoryLayout<Word>.stride
      + bytes.capacity
  }

  /// Counts the pieces of one text, as if it stood alone.
  /// - Throws: `.memoryLimit`, `.normalization`.
  public mutating func count(_ text: UnsafeBufferPointer<UInt8>) throws(TokenizerError) {
    if normalizer.isIdentity { return try countPieces(text) }
    var buffer: [UInt8] = []
    swap(&buffer, &normalized)
    defer { swap(&buffer, &normalized) }
    var alignment: TextAlignment?
    try normalizer.apply(text, to: &buffer, alignment: &alignment)
    try buffer.withUnsafeBufferPointer { text throws(TokenizerError) in try countPieces(text) }
  }

  /// Adds the counts of another counter.
  /// - Throws: `.memoryLimit`.
  public mutating func merge(_ other: borrowing WordCounter) throws(TokenizerError) {
    for index in 0..<other.words.count {
      let word = other.words.base[index]
      add(other.bytes.base + word.offset, word.length, word.count)
    }
    try checkMemory()
  }

  /// Adds to the count of one word, as from a file of counts.
  /// - Throws: `.memoryLimit`; `.invalidOption` for a count that is negative or above 2^53.
  public mutating func add(word: [UInt8], count: Int64) throws(TokenizerError) {
    guard count >= 0, count <= 1 << 53 else {
      throw TokenizerError(.invalidOption, "\(count) cannot be the count of a word")
    }
    if count == 0 { return }
    word.withUnsafeBufferPointer { bytes in
      if let base = bytes.baseAddress { add(base, bytes.count, count) }
    }
    try checkMemory()
  }

  /// Forgets all words, and gives their memory back.
  public mutating func removeAll() {
    words = RawStack<Word>()
    bytes = RawStack<UInt8>()
    slots.deallocate()
    slotCount = 1 << 12
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Slot(tag: 0, word: 0), count: slotCount)
  }

  /// The words and their counts, in byte order of the words.
  public func entries() -> [(word: [UInt8], count: Int64)] {
    var result: [(word: [UInt8], count: Int64)] = []
    result.reserveCapacity(words.count)
    forEachSortedWord { word, count in result.append((Array(word), count)) }
    return result
  }

  /// Visits the words in order of first appearance.
  public func forEachWord<Failure: Error>(
    _ body: (UnsafeBufferPointer<UInt8>, Int64) throws(Failure) -> Void
  ) throws(Failure) {
    for index in 0..<words.count { try body(bytes(of: index), words.base[index].count) }
  }

  /// Visits the words in byte order.
  public func forEachSortedWord<Failure: Error>(
    _ body: (UnsafeBufferPointer<UInt8>, Int64) throws(Failure) -> Void
  ) throws(Failure) {
    var order = (0..<UInt32(words.count)).map { $0 }
    order.sort { ByteCompare.precedes(bytes(of: Int($0)), bytes(of: Int($1))) }
    for index in order { try body(bytes(of: Int(index)), words.base[Int(index)].count) }
  }

  private func bytes(of index: Int) -> UnsafeBufferPointer<UInt8> {
    let word = words.base[index]
    return UnsafeBufferPointer(start: bytes.base + word.offset, count: word.length)
  }

  private mutating func countPieces(_ text: UnsafeBufferPointer<UInt8>) throws(TokenizerError) {
    guard let base = text.baseAddress, !text.isEmpty else { return }
    let text = TextBytes(base: base, count: text.count)
    switch preTokenizer {
    case .gpt2: count(text, GPT2Pieces.self)
    case .cl100k, .llama3: count(text, CL100KPieces.self)
    case .whitespace: count(text, WhitespacePieces.self)
    case .o200k: count(text, O200KPieces.self)
    case .qwen2: count(text, Qwen2Pieces.self)
    case .deepseek: count(text, DeepSeekPieces.self)
    }
    try checkMemory()
  }

  private mutating func count<Rule: PieceRule>(_ text: TextBytes, _ rule: Rule.Type) {
    var at = 0
    while at < text.count {
      let end = Rule.end(text, at)
      add(text.base + at, end &- at, 1)
      at = end
    }
  }

  private func checkMemory() throws(TokenizerError) {
    guard byteCount <= maximumBytes else {
      throw TokenizerError(
        .memoryLimit,
        "\(words.count) different words take \(byteCount) bytes, and the limit is \(maximumBytes); "
          + "train on less text, or raise the limit")
    }
  }

  @inline(__always)
  private mutating func add(_ word: UnsafePointer<UInt8>, _ length: Int, _ count: Int64) {
    let hash = ByteHash.hash(UnsafeRawPointer(word), length)
    let tag = UInt32(truncatingIfNeeded: hash >> 32)
    let mask = slotCount &- 1
    var at = Int(truncatingIfNeeded: hash) & mask
    while slots[at].word != 0 {
      if slots[at].tag == tag {
        let known = words.base + (Int(slots[at].word) &- 1)
        if known.pointee.length == length,
          ByteCompare.equal(bytes.base + known.pointee.offset, word, length)
        {
          // Far below overflow: a thousand files would have to claim 2^53 each.
          known.pointee.count &+= count
          return
        }
      }
      at = (at &+ 1) & mask
    }
    insert(word, length, count, tag: tag, at: at)
  }

  @inline(never)
  private mutating func insert(
    _ word: UnsafePointer<UInt8>, _ length: Int, _ count: Int64, tag: UInt32, at: Int
  ) {
    words.append(Word(offset: bytes.append(word, length), length: length, count: count))
    slots[at] = Slot(tag: tag, word: UInt32(truncatingIfNeeded: words.count))
    if 2 * words.count > slotCount { grow() }
  }

  private mutating func grow() {
    slots.deallocate()
    slotCount *= 2
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: Slot(tag: 0, word: 0), count: slotCount)
    let mask = slotCount &- 1
    for index in 0..<words.count {
      let word = words.base[index]
      let hash = ByteHash.hash(UnsafeRawPointer(bytes.base + word.offset), word.length)
      var at = Int(truncatingIfNeeded: hash) & mask
      while slots[at].word != 0 { at = (at &+ 1) & mask }
      slots[at] = Slot(
        tag: UInt32(truncatingIfNeeded: hash >> 32), word: UInt32(truncatingIfNeeded: index + 1))
    }
  }
}

/// Equality and order of short stretches of bytes without a call.
enum ByteCompare {
  /// Whether bytes come before others, in the order in which `memcmp` has them.
  static func precedes(
    _ first: UnsafeBufferPointer<UInt8>, _ second: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    let count = min(first.count, second.count)
    var at = 0
    while at < count, first[at] == second[at] { at &+= 1 }
    return at < count ? first[at] < second[at] : first.count < second.count
  }

  @inline(__always)
  static func equal(
    _ first: UnsafePointer<UInt8>, _ second: UnsafePointer<UInt8>, _ count: Int
  ) -> Bool {
    let first = UnsafeRawPointer(first)
    let second = UnsafeRawPointer(second)
    var at = 0
    while at &+ 8 <= count {
      let left = first.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      if left != second.loadUnaligned(fromByteOffset: at, as: UInt64.self) { return false }
      at &+= 8
    }
    while at < count {
      let left = first.load(fromByteOffset: at, as: UInt8.self)
      if left != second.load(fromByteOffset: at, as: UInt8.self) { return false }
      at &+= 1
    }
    return true
  }
}
