// SPDX-License-Identifier: Apache-2.0

import Testing
import UnicodeText

@testable import Tokenization

@Suite struct PieceCacheTests {
  private func key(_ piece: [UInt8]) -> PieceCache.Key {
    piece.count <= PieceCache.longestInline
      ? PieceCache.Key(short: piece, piece.count) : PieceCache.Key(long: piece, piece.count)
  }

  private func tokens(of piece: [UInt8], in cache: borrowing PieceCache) -> [UInt32] {
    var result = [UInt32](repeating: 0, count: 300)
    return Array(result[..<cache.tokens(of: key(piece), piece, piece.count, to: &result)])
  }

  @Test func `The cache gives what was put in and stays within its bound`() {
    var cache = PieceCache(maximumBytes: 1 << 18)
    var random = SeededGenerator(state: 3)
    var known: [[UInt8]: [UInt32]] = [:]
    var hits = 0
    for _ in 0..<60_000 {
      let length = 1 + random.below(random.below(9) == 0 ? 255 : 24)
      let piece = (0..<length).map { _ in UInt8(random.below(3)) }
      let found = tokens(of: piece, in: cache)
      if found.isEmpty {
        // Tokens that fit into an entry, and such as do not.
        let limit = random.below(5) == 0 ? 1 << 31 : 1 << 24
        let ids = (0..<(1 + random.below(min(length, 9)))).map { _ in UInt32(random.below(limit)) }
        cache.insert(key(piece), piece, length, ids, ids.count)
        known[piece] = ids
      } else {
        hits += 1
        #expect(found == known[piece])
      }
      #expect(cache.byteCount <= 1 << 18)
    }
    #expect(hits > 5_000)
  }

  @Test func `Where the table cannot grow it fills up to three quarters`() {
    // Room for 2,048 lines of two entries, but not for twice as many beside them.
    var cache = PieceCache(maximumBytes: 1 << 18)
    let pieces = (0..<3_000).map { Array("piece\($0)".utf8) }
    for (id, piece) in pieces.enumerated() {
      cache.insert(key(piece), piece, piece.count, [UInt32(id)], 1)
    }
    let forgotten = pieces.indices.filter { tokens(of: pieces[$0], in: cache) != [UInt32($0)] }
    #expect(forgotten.isEmpty)
    #expect(cache.byteCount <= 1 << 18)
  }

  @Test(arguments: [false, true])
  func `A large table grows only where pieces come again`(comeAgain: Bool) {
    var cache = PieceCache(maximumBytes: 1 << 28)
    for id in 0..<400_000 {
      let piece = Array("\(id)".utf8)
      cache.note(lookups: comeAgain ? 3 : 1)
      cache.insert(key(piece), piece, piece.count, [UInt32(id)], 1)
      if id < 100_000 { #expect(tokens(of: piece, in: cache) == [UInt32(id)]) }
    }
    let last = Array("399999".utf8)
    #expect(tokens(of: last, in: cache) == [399_999])
    #expect(tokens(of: Array("7".utf8), in: cache) == (comeAgain ? [7] : []))
    #expect(cache.byteCount < 9 << 20 || comeAgain)
  }

  @Test func `A key is the same whether memory after the piece can be read or not`() {
    let text = Array("abcdefghijklmnopqrstuvwxyz".utf8)
    for count in 1...25 {
      let near = PieceCache.Key(text, count, readable: count)
      let far = PieceCache.Key(text, count, readable: 26)
      #expect(near.low == far.low && near.high == far.high && near.hash == far.hash)
    }
  }

  @Test func `What is too long is not remembered`() {
    let cache = PieceCache(maximumBytes: 1 << 18)
    let piece = [UInt8](repeating: 1, count: 256)
    #expect(key(piece).high == PieceCache.Key.uncachedMark)
    #expect(tokens(of: piece, in: cache) == [])
  }

  @Test func `A full cache goes back to its seed`() throws {
    let trainer = try BPETrainer(
      vocabularySize: 300, minimumFrequency: 0, form: .none, specials: .none)
    let tokenizer = try Tokenizer.trained(trainer, on: ["the cat sat on the mat, that cat"])
    guard case .bytePairs(let model) = tokenizer.model else { return }
    var cache = PieceCache(maximumBytes: 1 << 17, seed: model.seed)
    let cat = try #require(tokenizer.id(of: "cat"))
    #expect(tokens(of: Array("cat".utf8), in: cache) == [cat])
    var random = SeededGenerator(state: 4)
    let first = (0..<9).map { _ in UInt8(random.below(256)) }
    cache.insert(key(first), first, 9, [7], 1)
    #expect(tokens(of: first, in: cache) == [7])
    for _ in 0..<50_000 {
      let piece = (0..<9).map { _ in UInt8(random.below(256)) }
      if tokens(of: piece, in: cache).isEmpty { cache.insert(key(piece), piece, 9, [7], 1) }
    }
    #expect(tokens(of: first, in: cache) == [])
    #expect(tokens(of: Array("cat".utf8), in: cache) == [cat])
  }

  @Test func `Pieces are cut only where no token reaches over`() {
    var random = SeededGenerator(state: 5)
    let characters = "жиляß日本語の한국¢é".map { Array(String($0).utf8) }
    let text = { (random: inout SeededGenerator, count: Int) -> [UInt8] in
      (0..<count).flatMap { _ in random.element(of: characters) }
    }
    for _ in 0..<60 {
      var tokens = ByteStrings()
      var spelled: [[UInt8]] = []
      for _ in 0..<12 {
        // Tokens may begin and end within characters.
        let whole = text(&random, 1 + random.below(3))
        let start = random.below(whole.count)
        let token = Array(whole[start..<(start + 1 + random.below(whole.count - start))])
        tokens.append(token)
        spelled.append(token)
      }
      let table = CutTable(tokens: tokens)
      let piece = text(&random, 40)
      var at = 0
      var cuts = 0
      while at < piece.count {
        let end = table.nextCut(piece, at, piece.count)
        if end < piece.count {
          cuts += 1
          for token in spelled where token.count > 1 {
            for inside in 1..<token.count
            where end >= inside && end - inside + token.count <= piece.count {
              #expect(Array(piece[(end - inside)..<(end - inside + token.count)]) != token)
            }
          }
        }
        at = end
      }
      #expect(cuts > 0)
    }
  }
}
