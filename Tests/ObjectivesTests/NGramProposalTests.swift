// SPDX-License-Identifier: Apache-2.0

import Foundation
import Randomness
import Testing

@testable import Objectives

@Suite struct NGramProposalTests {
  /// Documents over few tokens, so that surroundings recur.
  private func corpus(documents: Int = 200, kinds: Int = 12) throws -> [[TokenID]] {
    var stream = try streams(seed: 301).stream(.frame)
    return (0..<documents).map { _ in
      (0..<(1 + stream.uniform(below: 40))).map { _ in
        // Low ids are frequent.
        TokenID(10 + min(stream.uniform(below: kinds), stream.uniform(below: kinds)))
      }
    }
  }

  private struct Context: Hashable {
    var left: TokenID?
    var right: TokenID?
  }

  /// Counts by surroundings, kept in dictionaries.
  private struct Twin {
    var tables: [Context: [TokenID: Int]] = [:]

    init(_ documents: [[TokenID]], _ vocabulary: Vocabulary) {
      for document in documents {
        for (index, token) in document.enumerated()
        where token < vocabulary.size && !vocabulary.isSpecial(token) {
          let left = index > 0 ? document[index - 1] : nil
          let right = index + 1 < document.count ? document[index + 1] : nil
          tables[Context(), default: [:]][token, default: 0] += 1
          if left != nil { tables[Context(left: left), default: [:]][token, default: 0] += 1 }
          if right != nil { tables[Context(right: right), default: [:]][token, default: 0] += 1 }
          if left != nil, right != nil {
            tables[Context(left: left, right: right), default: [:]][token, default: 0] += 1
          }
        }
      }
    }

    /// The law of a draw, by its definition.
    func law(
      _ left: TokenID?, _ right: TokenID?, own: TokenID?, temperature: Double,
      _ vocabulary: Vocabulary
    ) -> [TokenID: Double] {
      func mixed(_ context: Context, _ next: [TokenID: Double]) -> [TokenID: Double] {
        var table = tables[context] ?? [:]
        if context.left != nil, context.right != nil, table.values.reduce(0, +) < 2 { table = [:] }
        if let own, let count = table[own] { table[own] = count == 1 ? nil : count - 1 }
        let occurrences = Double(table.values.reduce(0, +))
        guard occurrences > 0 else { return next }
        let kinds = Double(table.count)
        var law = next.mapValues { $0 * kinds / (occurrences + kinds) }
        let weights = table.mapValues { pow(Double($0), 1 / temperature) }
        let total = weights.values.reduce(0, +)
        for (token, weight) in weights {
          law[token, default: 0] += weight / total * occurrences / (occurrences + kinds)
        }
        return law
      }
      var law: [TokenID: Double] = [:]
      for token in vocabulary.ordinary { law[token] = 1 / Double(vocabulary.ordinary.count) }
      law = mixed(Context(), law)
      let sides = [left.map { Context(left: $0) }, right.map { Context(right: $0) }].compactMap(
        \.self)
      if !sides.isEmpty {
        let laws = sides.map { mixed($0, law) }
        var mean: [TokenID: Double] = [:]
        for side in laws {
          for (token, p) in side { mean[token, default: 0] += p / Double(laws.count) }
        }
        law = mean
      }
      guard left != nil, right != nil else { return law }
      return mixed(Context(left: left, right: right), law)
    }
  }

  @Test func countsAreThoseOfDictionaries() throws {
    let vocabulary = try smallVocabulary()
    var documents = try corpus()
    documents.append([10, 4, 11, 5000, 12, 13])
    let counts = try counts(of: documents, vocabulary)
    let twin = Twin(documents, vocabulary)
    #expect(counts.unigrams[10] == UInt32(twin.tables[Context()]?[10] ?? 0))
    #expect(counts.unigrams[4] == 0)
    var triples = 0
    for index in 0..<counts.rowCount {
      let row = counts.row(index)
      if row.right != nil {
        triples += 1
        let expected = twin.tables[Context(left: row.left, right: row.right)]?[row.token]
        #expect(expected == Int(row.count))
      } else if row.left != nil, row.left != 5000, !vocabulary.isSpecial(row.token) {
        #expect(twin.tables[Context(left: row.left)]?[row.token] == Int(row.count))
      }
    }
    #expect(triples == counts.tripleCount && triples > 1000)
    // Only surroundings seen once are missing.
    let kept = twin.tables.filter { $0.key.left != nil && $0.key.right != nil }
      .filter { $0.key.left != 5000 && $0.key.right != 5000 }
      .filter { $0.value.values.reduce(0, +) > 1 }
    #expect(kept.values.reduce(0) { $0 + $1.count } == triples)
  }

  @Test func rowsMakeTheSameCountsAgainAndAreChecked() throws {
    let vocabulary = try smallVocabulary()
    let counts = try counts(of: corpus(documents: 20), vocabulary)
    var rows = (0..<counts.rowCount).map { counts.row($0) }
    #expect(try NGramCounts(vocabularySize: 1000, rows: rows) == counts)
    #expect(throws: ObjectiveError.self) { try NGramCounts(vocabularySize: 999, rows: rows) }
    #expect(throws: ObjectiveError.self) {
      try NGramCounts(vocabularySize: 1000, rows: Array(rows.prefix(500)))
    }
    rows.swapAt(1000, 1001)
    #expect(throws: ObjectiveError.self) { try NGramCounts(vocabularySize: 1000, rows: rows) }
    rows.swapAt(1000, 1001)
    rows[1000].token = 4000
    #expect(throws: ObjectiveError.self) { try NGramCounts(vocabularySize: 1000, rows: rows) }
  }

  /// Each draw differs from its law by less than 4.5 standard errors in every token: missed by
  /// chance less than once in 10⁵ a comparison.
  ///
  /// With many kinds of tokens lists are long enough for a guide.
  @Test(arguments: [1.0, 0.5, 2.0], [(12, true), (12, false), (300, true), (300, false)])
  func drawsFollowTheirLawWithoutTheTokensOwnOccurrence(
    temperature: Double, corpus settings: (kinds: Int, usesNeighbours: Bool)
  ) throws {
    let usesNeighbours = settings.usesNeighbours
    let vocabulary = try smallVocabulary()
    let documents = try corpus(documents: 60 * settings.kinds / 12, kinds: settings.kinds)
    let twin = Twin(documents, vocabulary)
    let proposal = try NGramProposal(
      try counts(of: documents, vocabulary), vocabulary: vocabulary, temperature: temperature,
      usesNeighbours: usesNeighbours)
    var stream = try streams(seed: 302).stream(.replacement)
    let document = try #require(documents.first { $0.count > 10 })
    for position in [0, 1, 5, document.count - 1] {
      let left = position > 0 && usesNeighbours ? document[position - 1] : nil
      let right = position + 1 < document.count && usesNeighbours ? document[position + 1] : nil
      var law = twin.law(
        left, right, own: document[position], temperature: temperature, vocabulary)
      if temperature != 1 {
        // What is left out is an occurrence's share of the weight, not what the weight loses.
        law = law.filter { $0.key != document[position] }
      }
      let draws = 40_000
      var drawn: [TokenID: Int] = [:]
      let places = [UInt32](repeating: UInt32(position), count: draws)
      var samples = [TokenID](repeating: 0, count: draws)
      document.withUnsafeBufferPointer { tokens in
        places.withUnsafeBufferPointer { places in
          samples.withUnsafeMutableBufferPointer {
            proposal.propose(for: places, in: tokens, random: &stream, into: $0)
          }
        }
      }
      for sample in samples { drawn[sample, default: 0] += 1 }
      if temperature == 1 {
        for (token, share) in law where share * Double(draws) > 20 {
          expectShare(drawn[token] ?? 0, of: draws, share)
        }
      } else if !usesNeighbours {
        // Relative frequencies of the others are exact up to the smoothing of the last level.
        let others = law.filter { $0.value > 0.01 }
        let total = others.values.reduce(0, +)
        let count = others.keys.reduce(0) { $0 + (drawn[$1] ?? 0) }
        for (token, share) in others {
          let observed = Double(drawn[token] ?? 0) / Double(count)
          #expect(abs(observed - share / total) < 0.02)
        }
      }
    }
  }

  @Test func probabilitiesAreThoseOfTheLawAndSumToOne() throws {
    let vocabulary = try smallVocabulary()
    let documents = try corpus(documents: 60)
    let twin = Twin(documents, vocabulary)
    let proposal = try NGramProposal(
      try counts(of: documents, vocabulary), vocabulary: vocabulary)
    let text: [TokenID] = [12, 10, 11, 500, 13]
    for position in text.indices {
      let law = twin.law(
        position > 0 ? text[position - 1] : nil,
        position + 1 < text.count ? text[position + 1] : nil, own: nil, temperature: 1, vocabulary)
      var sum = 0.0
      text.withUnsafeBufferPointer { tokens in
        for token in vocabulary.ordinary {
          let probability = proposal.probability(of: token, at: position, in: tokens)
          #expect(abs(probability - (law[token] ?? 0)) < 1e-12)
          sum += probability
        }
      }
      #expect(abs(sum - 1) < 1e-9)
    }
  }

  @Test func aTokenThatStandsNowhereElseNeverProposesItselfByItsSurroundings() throws {
    let vocabulary = try smallVocabulary()
    // Between 20 and 21 there was once 30 and once 31.
    let documents: [[TokenID]] = [[20, 30, 21], [20, 31, 21]]
    let proposal = try NGramProposal(
      try counts(of: documents, vocabulary), vocabulary: vocabulary)
    var stream = try streams(seed: 303).stream(.replacement)
    let places = [UInt32](repeating: 1, count: 20_000)
    var samples = [TokenID](repeating: 0, count: places.count)
    documents[0].withUnsafeBufferPointer { tokens in
      places.withUnsafeBufferPointer { places in
        samples.withUnsafeMutableBufferPointer {
          proposal.propose(for: places, in: tokens, random: &stream, into: $0)
        }
      }
    }
    // 31 by the surroundings (1/2), by a side (1/4), by frequency: (1/8 · 3/8) of 5 counted;
    // 30 only as any of the ordinary tokens.
    #expect(samples.count { $0 == 31 } > 14_000)
    #expect(samples.count { $0 == 30 } < 20)
  }

  @Test func aFullTableDropsWhatIsRarest() throws {
    let vocabulary = try smallVocabulary()
    var documents = try corpus(documents: 40)
    var stream = try streams(seed: 304).stream(.frame)
    for _ in 0..<200 {
      documents.append((0..<100).map { _ in TokenID(10 + stream.uniform(below: 900)) })
      documents.append([10, 11, 12, 13, 14, 15])
    }
    let limits = NGramCounter.Limits(pairs: 1500, triples: 1500)
    let bounded = try counts(of: documents, vocabulary, limits: limits)
    let exact = try counts(of: documents, vocabulary)
    #expect(bounded.pairCount <= 1536 && bounded.tripleCount <= 1536)
    #expect(exact.pairCount > 15_000)
    #expect(bounded.unigrams == exact.unigrams)
    func count(_ counts: NGramCounts, _ left: TokenID, _ token: TokenID) -> UInt32 {
      (0..<counts.rowCount).lazy.map { counts.row($0) }
        .first { $0.left == left && $0.token == token && $0.right == nil }?.count ?? 0
    }
    let kept = count(bounded, 12, 13)
    #expect(kept >= 150 && kept <= count(exact, 12, 13))
    #expect(try counts(of: documents, vocabulary, limits: limits) == bounded)
  }

  @Test func theReportTellsPlausibleFromImplausible() throws {
    let vocabulary = try smallVocabulary()
    // A language with an order: each token is followed by one of two.
    var stream = try streams(seed: 305).stream(.frame)
    let documents: [[TokenID]] = (0..<400).map { _ in
      var token = stream.uniform(below: 100)
      return (0..<50).map { _ in
        token = (token * 3 + 1 + stream.uniform(below: 2)) % 100
        return TokenID(10 + token)
      }
    }
    let held = Array(documents[300...])
    let counts = try counts(of: Array(documents[..<300]), vocabulary)
    func report(_ proposal: any ReplacementProposal) throws -> ProposalReport {
      ProposalReport(
        proposal, counts: counts, vocabulary: vocabulary, documents: held,
        random: try streams(seed: 306))
    }
    let neighbours = try report(NGramProposal(counts, vocabulary: vocabulary))
    let frequency = try report(
      NGramProposal(counts, vocabulary: vocabulary, usesNeighbours: false))
    let uniform = try report(UniformProposal(vocabulary: vocabulary))
    #expect(neighbours.positions == 5000 && frequency.positions == 5000)
    let nats = try #require(neighbours.nats)
    let unigramNats = try #require(frequency.nats)
    #expect(nats < 1 && unigramNats > 4 && unigramNats < 5 && uniform.nats == nil)
    #expect(neighbours.equalToOriginal > 2000 && uniform.equalToOriginal < 30)
    // Most uniform replacements never occur; those by neighbours are as frequent as the text.
    #expect(try #require(uniform.frequencyDetection) > 0.9)
    #expect(abs(try #require(frequency.frequencyDetection) - 0.5) < 0.05)
  }

  @Test func exactMathAgreesWithTheMathematicalLibrary() {
    for value in [1e-9, 0.3, 0.999, 1, 1.5, 2, 3.7, 1000, 123_456_789] {
      #expect(abs(ExactMath.logarithm(value) - log(value)) <= 1e-13 * max(1, abs(log(value))))
      for exponent in [0.25, 0.5, 0.7, 1, 1.3, 2, 3.999, 4] {
        let expected = pow(value, exponent)
        #expect(abs(ExactMath.power(value, exponent) - expected) <= 2e-6 * expected)
      }
    }
  }

  @Test func vocabulariesThatDoNotFitAreRefused() throws {
    let large = try Vocabulary(size: 1 << 22, roles: [:])
    #expect(throws: ObjectiveError.self) { _ = try NGramCounter(vocabulary: large) }
    let counts = try counts(of: [[10, 11]], smallVocabulary())
    #expect(throws: ObjectiveError.self) {
      try NGramProposal(counts, vocabulary: try Vocabulary(size: 20, roles: [:]))
    }
  }

  @Test func tokensOutsideTheVocabularyDoNotTrap() throws {
    let vocabulary = try smallVocabulary()
    let proposal = try NGramProposal(
      try counts(of: [[.max, 10, .max, 11, 12]], vocabulary), vocabulary: vocabulary)
    var stream = try streams().stream(.replacement)
    let tokens: [TokenID] = [.max, .max, 10, .max]
    let places: [UInt32] = [0, 1, 2, 3]
    var samples = [TokenID](repeating: 0, count: 4)
    tokens.withUnsafeBufferPointer { tokens in
      places.withUnsafeBufferPointer { places in
        samples.withUnsafeMutableBufferPointer {
          proposal.propose(for: places, in: tokens, random: &stream, into: $0)
        }
      }
    }
    #expect(samples.allSatisfy { $0 < 1000 && !vocabulary.isSpecial($0) })
  }
}
