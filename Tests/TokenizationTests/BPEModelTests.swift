// SPDX-License-Identifier: Apache-2.0

import Testing
import UnicodeText

@testable import Tokenization

/// The kernels against naive twins.
@Suite struct BPEModelTests {
  /// A model with random merges over four letters.
  private struct Random {
    let model: PairTable
    var byteIDs = [UInt32](repeating: 0, count: 256)
    var pairs: [UInt64: (rank: Int, id: UInt32)] = [:]

    init(seed: UInt64, merges: Int) {
      var random = SeededGenerator(state: seed)
      for byte in 0..<256 { byteIDs[byte] = UInt32(byte) }
      var tokens: [UInt32] = [97, 98, 99, 100]
      model = PairTable(expecting: 0)
      while pairs.count < merges {
        let left = random.element(of: tokens)
        let right = random.element(of: tokens)
        let key = PairTable.key(left, right)
        guard pairs[key] == nil else { continue }
        let id = UInt32(256 + pairs.count)
        let rank = pairs.count
        pairs[key] = (rank, id)
        #expect(model.insert(left, right, rank: UInt32(rank), id: id))
        tokens.append(id)
      }
    }

    /// Lowest rank first, leftmost of equals, by looking at everything each time.
    func naive(_ piece: [UInt8]) -> [UInt32] {
      var ids = piece.map { byteIDs[Int($0)] }
      while true {
        var best: (rank: Int, at: Int, id: UInt32)?
        for at in ids.indices.dropLast() {
          if let pair = pairs[PairTable.key(ids[at], ids[at + 1])], pair.rank < best?.rank ?? .max {
            best = (pair.rank, at, pair.id)
          }
        }
        guard let best else { return ids }
        ids.replaceSubrange(best.at...best.at + 1, with: [best.id])
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `Pieces of every length are merged as naively`(seed: UInt64) {
    let random = Random(seed: seed, merges: 60)
    var generator = SeededGenerator(state: seed &* 77)
    var merger = BPEMerger()
    var wrong = 0
    for length in Array(1...160) + [256, 257, 500, 900] {
      for letters in [1, 2, 4] {
        let piece = (0..<length).map { _ in UInt8(97 + generator.below(letters)) }
        let count = piece.withUnsafeBufferPointer {
          merger.merge($0, random.byteIDs, random.model)
        }
        let ids = Array(UnsafeBufferPointer(start: merger.ids, count: count))
        if ids != random.naive(piece) { wrong += 1 }
      }
    }
    #expect(wrong == 0)
  }

  @Test(arguments: [65_537, 131_073, 300_000])
  func `Nothing of a long piece is lost`(length: Int) {
    let random = Random(seed: 9, merges: 60)
    var generator = SeededGenerator(state: UInt64(length))
    let piece = (0..<length).map { _ in UInt8(97 + generator.below(4)) }
    var merger = BPEMerger()
    // The second one meets the scratch memory of the first.
    for _ in 0..<2 {
      let count = piece.withUnsafeBufferPointer {
        merger.merge($0, random.byteIDs, random.model)
      }
      let symbols = piece.map { random.byteIDs[Int($0)] }
      var whole = LongPiece(capacity: length)
      let expected = [UInt32](unsafeUninitializedCapacity: length) { tokens, number in
        guard let tokens = tokens.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: length) { spans in
          guard let spans = spans.baseAddress else { return }
          number = whole.merge(symbols, length, random.model, to: tokens, spans: spans)
        }
      }
      #expect(count > length / 4)
      #expect(Array(UnsafeBufferPointer(start: merger.ids, count: count)) == expected)
    }
  }

  @Test func `A piece of a million letters takes no quadratic time`() throws {
    let trainer = try BPETrainer(
      vocabularySize: 300, minimumFrequency: 0, form: .none, specials: .none)
    let tokenizer = try Tokenizer.trained(trainer, on: [String(repeating: "a", count: 5000)])
    let text = [UInt8](repeating: 0x61, count: 1_000_000)
    let encoding = try tokenizer.encoding(text, parts: [])
    #expect(tokenizer.decode(encoding.ids) == text)
    #expect(encoding.ids.count < 1000)
  }

  @Test func `The printable form of bytes is GPT-2's`() {
    #expect(PrintableBytes.string(of: Array(" the\n".utf8)) == "ĠtheĊ")
    #expect(PrintableBytes.string(of: [0xE6, 0x97, 0xA5]) == "æĹ¥")
    #expect(PrintableBytes.string(of: [0x00, 0x7F, 0xAD]) == "ĀġŃ")
    for byte in 0...UInt8.max {
      #expect(PrintableBytes.bytes(of: PrintableBytes.string(of: [byte])) == [byte])
    }
    #expect(PrintableBytes.bytes(of: "a b") == nil && PrintableBytes.bytes(of: "▁the") == nil)
    #expect(PrintableBytes.alphabet.prefix(2) == [0x21, 0x22])
    #expect(PrintableBytes.alphabet[188] == 0 && PrintableBytes.alphabet.last == 0xAD)
  }

  @Test func `Base64 is read strictly`() {
    #expect(Base64.decode("YQ==".utf8) == [0x61])
    #expect(Base64.decode("YWI=".utf8) == [0x61, 0x62])
    #expect(Base64.decode("YWJj".utf8) == [0x61, 0x62, 0x63])
    #expect(Base64.decode("".utf8) == [])
    for text in ["Y", "YQ", "YQ=", "!!", "YR==", "YWJ=", "=YQ=", "====", "YQ=a", "Y Q="] {
      #expect(Base64.decode(text.utf8) == nil, "\(text)")
    }
  }
}
