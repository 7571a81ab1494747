// SPDX-License-Identifier: Apache-2.0

/// Counts of tokens, of pairs of neighbours, and of tokens between two neighbours: the artefact
/// that a proposal of replacements is made from.
public struct NGramCounts: Sendable, Hashable {
  /// A pair or a triple with its count.
  struct Entry: Sendable, Hashable {
    /// Left ‖ right of a pair, left ‖ right ‖ middle of a triple, 21 bits each.
    var key: UInt64
    var count: UInt32

    var last: TokenID { TokenID(truncatingIfNeeded: key & 0x1F_FFFF) }
    var secondLast: TokenID { TokenID(truncatingIfNeeded: key >> 21 & 0x1F_FFFF) }
    var thirdLast: TokenID { TokenID(truncatingIfNeeded: key >> 42) }
  }

  /// How often each token occurs, by id; 0 for special ones.
  public let unigrams: [UInt32]
  let pairs: [Entry]
  let triples: [Entry]

  init(unigrams: [UInt32], pairs: [Entry], triples: [Entry]) {
    self.unigrams = unigrams
    self.pairs = pairs
    self.triples = triples
  }

  /// One row of the counts as they are stored: a token, what stands on its sides where that
  /// matters, and how often.
  public struct Row: Sendable, Hashable {
    /// The token before, or nil.
    public var left: TokenID?
    /// The token.
    public var token: TokenID
    /// The token after, or nil. A pair has a left side only.
    public var right: TokenID?
    /// How often.
    public var count: UInt32

    /// A row.
    public init(left: TokenID? = nil, token: TokenID, right: TokenID? = nil, count: UInt32) {
      self.left = left
      self.token = token
      self.right = right
      self.count = count
    }
  }

  /// How many rows there are.
  public var rowCount: Int { unigrams.count + pairs.count + triples.count }

  /// How many pairs there are.
  public var pairCount: Int { pairs.count }

  /// How many triples there are.
  public var tripleCount: Int { triples.count }

  /// A row: first all tokens by id, then pairs, then triples, each by ascending ids.
  ///
  /// - Precondition: `index` is in `0..<rowCount`.
  public func row(_ index: Int) -> Row {
    if index < unigrams.count {
      return Row(token: TokenID(truncatingIfNeeded: index), count: unigrams[index])
    }
    let index = index - unigrams.count
    if index < pairs.count {
      let pair = pairs[index]
      return Row(left: pair.secondLast, token: pair.last, count: pair.count)
    }
    let triple = triples[index - pairs.count]
    return Row(
      left: triple.thirdLast, token: triple.last, right: triple.secondLast, count: triple.count)
  }

  /// Counts from rows in the order of ``row(_:)``.
  ///
  /// - Throws: ``ObjectiveError`` (`inconsistentInput`) if they are out of order, of another
  ///   vocabulary, or not all there.
  public init(vocabularySize: Int, rows: [Row]) throws(ObjectiveError) {
    func fault(_ row: Int, _ what: String) -> ObjectiveError {
      ObjectiveError(.inconsistentInput, subject: "proposal", "row \(row) of the counts \(what)")
    }
    guard (1...NGramCounter.largestVocabulary).contains(vocabularySize) else {
      throw fault(0, "is of a vocabulary of \(vocabularySize) ids")
    }
    var unigrams: [UInt32] = []
    var pairs: [Entry] = []
    var triples: [Entry] = []
    var number = 0
    for row in rows {
      guard row.token < vocabularySize, row.left ?? 0 < vocabularySize,
        row.right ?? 0 < vocabularySize
      else { throw fault(number, "has an id outside the vocabulary of \(vocabularySize)") }
      if unigrams.count < vocabularySize {
        guard row.left == nil, row.right == nil, row.token == unigrams.count else {
          throw fault(number, "is not the count of token \(unigrams.count)")
        }
        unigrams.append(row.count)
      } else {
        guard let left = row.left, row.count > 0 else { throw fault(number, "counts nothing") }
        var key = UInt64(left)
        if let right = row.right { key = key << 21 | UInt64(right) }
        let entry = Entry(key: key << 21 | UInt64(row.token), count: row.count)
        if row.right == nil {
          guard triples.isEmpty, pairs.last.map({ $0.key < entry.key }) ?? true else {
            throw fault(number, "is out of order")
          }
          pairs.append(entry)
        } else {
          guard triples.last.map({ $0.key < entry.key }) ?? true else {
            throw fault(number, "is out of order")
          }
          triples.append(entry)
        }
      }
      number += 1
    }
    guard unigrams.count == vocabularySize else { throw fault(number, "is missing") }
    self.init(unigrams: unigrams, pairs: pairs, triples: triples)
  }
}
