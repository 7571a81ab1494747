// SPDX-License-Identifier: Apache-2.0
public import Corpus
internal import Datasets
public import Tokenization

/// `prep tokenizer train`: a corpus in, a tokenizer out.
public struct TokenizerTraining {
  /// What to train.
  public let trainer: BPETrainer
  private let scan: CorpusScan

  /// Checks the inputs and the parameters.
  ///
  /// - Throws: `CorpusError` or `TokenizerError` naming what cannot be used.
  public init(
    inputs: [String], corpus: CorpusOptions, trainer: BPETrainer, threads: Int, limit: Int?
  ) throws {
    self.trainer = trainer
    scan = try CorpusScan(inputs: inputs, options: corpus, threads: threads, limit: limit)
  }

  /// What training looked at.
  public struct Result: Sendable {
    /// The tokenizer.
    public let tokenizer: Tokenizer
    /// Documents counted.
    public let documents: Int
    /// Bytes of their text.
    public let textBytes: Int
    /// Different words.
    public let words: Int
  }

  /// Counts words on all threads, then merges.
  ///
  /// - Throws: the first error in the order of the input.
  public func run(progress: ProgressHandler) throws -> Result {
    var counters: [CountingWorker] = []
    var documents = 0
    var textBytes = 0
    try scan.run(
      worker: {
        let worker = CountingWorker(trainer.counter())
        counters.append(worker)
        return { batch, parser in try worker.count(batch, &parser) }
      },
      consume: { counted, storedBytes in
        documents += counted.documents
        textBytes += counted.bytes
        progress(
          Progress(
            stage: "count words", done: storedBytes, total: scan.totalBytes, measure: "bytes",
            rows: documents))
      })
    // Sums do not depend on which thread counted what.
    let sum = CountingWorker(trainer.counter())
    for counter in counters { try sum.counter.merge(counter.counter) }
    let tokenizer = try withoutActuallyEscaping(progress) { progress in
      try trainer.train(sum.counter) { state in
        progress(
          Progress(stage: "merge pairs", done: state.merges, total: state.limit, measure: "merges"))
      }
    }
    return Result(
      tokenizer: tokenizer, documents: documents, textBytes: textBytes,
      words: sum.counter.wordCount)
  }

  /// Refuses to replace a file unasked, before any work is done for it.
  ///
  /// - Throws: `PipelineError` with `.outputRefused`.
  public static func checkOutput(_ path: String, overwrite: Bool) throws {
    guard overwrite || !FileSystem.exists(path) else {
      throw PipelineError(.outputRefused, "\(path): exists already; --overwrite replaces it")
    }
  }

  /// Writes the tokenizer; under its name the file is complete or absent.
  ///
  /// - Throws: `DatasetError` when it cannot be written.
  public static func write(_ tokenizer: Tokenizer, to path: String) throws {
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try FileSystem.createDirectory(String(path[..<slash]))
    }
    try FileSystem.replace(path, with: tokenizer.serialized())
  }

  /// The special tokens that `default`, `none` or a file with one token a line stand for.
  ///
  /// - Throws: `DatasetError` when the file cannot be read.
  public static func specials(_ name: String) throws -> SpecialTokens {
    switch name {
    case "default": return .standard
    case "none": return .none
    default:
      let lines = try FileSystem.read(name).split(separator: UInt8(ascii: "\n"))
      return .list(lines.map { String(decoding: $0, as: UTF8.self) }.filter { !$0.isEmpty })
    }
  }
}

/// The counter of one thread.
private final class CountingWorker {
  var counter: WordCounter

  init(_ counter: consuming WordCounter) {
    self.counter = counter
  }

  func count(
    _ batch: RawBatch, _ parser: inout DocumentParser
  ) throws -> (documents: Int, bytes: Int) {
    var documents = 0
    var bytes = 0
    try parser.forEachDocument(in: batch) { document in
      try counter.count(document.text)
      documents += 1
      bytes += document.text.count
    }
    return (documents, bytes)
  }
}
