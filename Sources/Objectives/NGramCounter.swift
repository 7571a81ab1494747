// SPDX-License-Identifier: Apache-2.0

/// Counts tokens, pairs of neighbours and triples, in bounded memory.
///
/// Pairs and triples are kept in two tables that grow to a fixed size. A table that is full drops
/// its rarest entries: those counted once, then twice, and so on until it is at most half full
/// (lossy counting after Manku and Motwani, VLDB 2002). What is kept is a lower bound of its count.
/// The result depends on the documents and their order alone.
///
///     var counter = try NGramCounter(vocabulary: vocabulary)
///     document.withUnsafeBufferPointer { counter.add($0) }
///     let counts = counter.finish()
public struct NGramCounter: ~Copyable {
  /// The most pairs and triples that are kept while counting. Memory: 12 bytes for each, doubled
  /// where a table has grown, and doubled again while it grows.
  public struct Limits: Sendable, Hashable {
    /// The most pairs.
    public let pairs: Int
    /// The most triples.
    public let triples: Int

    /// Limits; rounded up to three quarters of a power of two.
    public init(pairs: Int = 3_145_728, triples: Int = 6_291_456) {
      self.pairs = pairs
      self.triples = triples
    }
  }

  /// The largest vocabulary: three ids share 63 bits.
  public static let largestVocabulary = 1 << 21

  private let isOrdinary: [Bool]
  private var unigrams: [UInt32]
  private var pairs: CountTable
  private var triples: CountTable
  private let countsNeighbours: Bool

  /// An empty counter.
  ///
  /// - Parameters:
  ///   - vocabulary: Only its ordinary tokens are counted.
  ///   - countsNeighbours: False for frequencies of tokens alone.
  ///   - limits: How much is kept.
  /// - Throws: ``ObjectiveError`` (`tooLarge`) if the vocabulary has more than 2²¹ ids.
  public init(
    vocabulary: Vocabulary, countsNeighbours: Bool = true, limits: Limits = Limits()
  ) throws(ObjectiveError) {
    guard vocabulary.size <= Self.largestVocabulary else {
      throw ObjectiveError(
        .tooLarge, subject: "proposal",
        "an n-gram proposal counts vocabularies of at most \(Self.largestVocabulary) ids, not"
          + " \(vocabulary.size): set form=generator-inputs")
    }
    var isOrdinary = [Bool](repeating: false, count: vocabulary.size)
    for id in vocabulary.ordinary { isOrdinary[Int(id)] = true }
    self.isOrdinary = isOrdinary
    unigrams = [UInt32](repeating: 0, count: vocabulary.size)
    self.countsNeighbours = countsNeighbours
    pairs = CountTable(maximum: limits.pairs)
    triples = CountTable(maximum: limits.triples)
  }

  /// Counts a document. Tokens outside the vocabulary count for nothing; special ones can stand
  /// beside a token, not in its place.
  public mutating func add(_ document: UnsafeBufferPointer<TokenID>) {
    let size = unigrams.count
    var left = -1
    var middle = -1
    for token in document {
      let right = token < size ? Int(token) : -1
      if right >= 0, isOrdinary[right] {
        unigrams[right] &+= unigrams[right] == .max ? 0 : 1
      }
      if countsNeighbours, middle >= 0, right >= 0 {
        pairs.add(UInt64(middle) << 21 | UInt64(right))
        if left >= 0, isOrdinary[middle] {
          triples.add(UInt64(left) << 42 | UInt64(right) << 21 | UInt64(middle))
        }
      }
      left = middle
      middle = right
    }
  }

  /// What was counted.
  public consuming func finish() -> NGramCounts {
    NGramCounts(
      unigrams: unigrams, pairs: pairs.sorted(), triples: Self.useful(triples.sorted()))
  }

  /// Without surroundings that were seen once: nothing is left of them when a token's own
  /// occurrence is left out.
  private static func useful(_ entries: [NGramCounts.Entry]) -> [NGramCounts.Entry] {
    var kept: [NGramCounts.Entry] = []
    var start = 0
    while start < entries.count {
      var end = start + 1
      while end < entries.count, entries[end].key >> 21 == entries[start].key >> 21 { end += 1 }
      if end - start > 1 || entries[start].count > 1 { kept += entries[start..<end] }
      start = end
    }
    return kept
  }
}

/// A hash table from keys to counts with a largest size.
struct CountTable {
  private static let empty = UInt64.max
  private var keys: [UInt64]
  private var counts: [UInt32]
  private var used = 0
  private let largest: Int

  init(maximum: Int) {
    var largest = 1 << 10
    while largest / 4 * 3 < maximum { largest *= 2 }
    self.largest = largest
    keys = [UInt64](repeating: Self.empty, count: 1 << 10)
    counts = [UInt32](repeating: 0, count: 1 << 10)
  }

  /// Where the search for a key begins in a table of a power of two: the upper half of a product,
  /// which all bits of the key reach.
  @inline(__always)
  static func slot(of key: UInt64, in count: Int) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (count &- 1)
  }

  mutating func add(_ key: UInt64) {
    if insert(key, 1), used == keys.count / 4 * 3 { makeRoom() }
  }

  /// Whether the key is new.
  @inline(__always)
  private mutating func insert(_ key: UInt64, _ count: UInt32) -> Bool {
    let mask = keys.count &- 1
    var slot = Self.slot(of: key, in: keys.count)
    return keys.withUnsafeMutableBufferPointer { keys in
      counts.withUnsafeMutableBufferPointer { counts in
        while keys[slot] != key {
          if keys[slot] == Self.empty {
            keys[slot] = key
            counts[slot] = count
            used &+= 1
            return true
          }
          slot = (slot &+ 1) & mask
        }
        counts[slot] &+= counts[slot] > .max - count ? 0 : count
        return false
      }
    }
  }

  private mutating func makeRoom() {
    let old = (keys: keys, counts: counts)
    var level: UInt32 = 0
    if keys.count == largest {
      // Not more than half of what a full table holds.
      var kept = used
      while kept > largest / 8 * 3 {
        level += 1
        kept = old.counts.count { $0 > level }
      }
    }
    let size = min(largest, keys.count * 2)
    keys = [UInt64](repeating: Self.empty, count: size)
    counts = [UInt32](repeating: 0, count: size)
    used = 0
    for slot in old.keys.indices where old.keys[slot] != Self.empty && old.counts[slot] > level {
      _ = insert(old.keys[slot], old.counts[slot])
    }
  }

  func sorted() -> [NGramCounts.Entry] {
    var entries: [NGramCounts.Entry] = []
    entries.reserveCapacity(used)
    for slot in keys.indices where keys[slot] != Self.empty {
      entries.append(.init(key: keys[slot], count: counts[slot]))
    }
    entries.sort { $0.key < $1.key }
    return entries
  }
}
