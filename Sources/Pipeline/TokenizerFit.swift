// SPDX-License-Identifier: Apache-2.0
public import Corpus
public import Tokenization

/// How well a tokenizer fits a source of text: a sample from its beginning.
public struct TokenizerFit: Sendable, Hashable {
  /// Bytes of text after which a sample ends.
  public static let sampleBytes = 1 << 20

  /// The input as it was named.
  public let source: String
  /// Bytes of the sample.
  public private(set) var bytes = 0
  /// Its words, as white space divides them.
  public private(set) var words = 0
  /// Its tokens.
  public private(set) var tokens = 0

  /// How many bytes a token stands for.
  public var bytesPerToken: Double { tokens == 0 ? 0 : Double(bytes) / Double(tokens) }
  /// How many tokens a word takes: the fertility.
  public var tokensPerWord: Double { words == 0 ? 0 : Double(tokens) / Double(words) }

  private struct Enough: Error {}

  /// Measures a tokenizer on a source.
  ///
  /// - Throws: `CorpusError` where the source cannot be read, `TokenizerError`.
  public init(_ tokenizer: Tokenizer, source: String, corpus: CorpusOptions) throws {
    self.source = source
    var encoder = tokenizer.encoder()
    var encoding = Encoding(parts: [])
    let scan = try CorpusScan(inputs: [source], options: corpus, threads: 1, limit: nil)
    var bytes = 0
    var words = 0
    var tokens = 0
    do {
      try scan.run(
        worker: {
          { batch, parser in
            var texts: [[UInt8]] = []
            try parser.forEachDocument(in: batch) { texts.append(Array($0.text)) }
            return texts
          }
        },
        consume: { texts, _ in
          for text in texts {
            try text.withUnsafeBufferPointer { try encoder.encode($0, into: &encoding) }
            bytes += text.count
            words += TokenizerFacts.words(in: text)
            tokens += encoding.ids.count
            if bytes >= Self.sampleBytes { throw Enough() }
          }
        })
    } catch is Enough {}
    self.bytes = bytes
    self.words = words
    self.tokens = tokens
  }
}
