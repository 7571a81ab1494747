// SPDX-License-Identifier: Apache-2.0
internal import Concurrency
public import Corpus
internal import Datasets
internal import Digests
public import JSON
public import Tokenization

/// `prep bench encode`: how fast a tokenizer encodes your own text, in memory.
///
/// *First sight* is the first pass of fresh encoders over the text, after one tiny call; *warm* is
/// the median of later rounds, when each of the same encoders has seen all of the text. A warm round
/// takes the text as often as it needs for 128 MiB a thread, so that starting and joining threads
/// does not count. Reading and parsing are not timed.
public struct EncodingBenchmark {
  private let path: String
  private let specials: [String]
  private let preTokenizer: PreTokenizerRule?
  private let scan: CorpusScan
  private let threads: Int
  private let rounds: Int
  private let cacheMegabytes: Int

  /// A benchmark of a tokenizer on files.
  ///
  /// - Parameter rounds: warm passes.
  /// - Throws: `CorpusError` naming an input that cannot be used.
  public init(
    tokenizer: String, specials: [String], preTokenizer: PreTokenizerRule?, inputs: [String],
    corpus: CorpusOptions, threads: Int,
    rounds: Int, cacheMegabytes: Int, limit: Int?
  ) throws {
    path = tokenizer
    self.specials = specials
    self.preTokenizer = preTokenizer
    self.threads = threads
    self.rounds = rounds
    self.cacheMegabytes = cacheMegabytes
    scan = try CorpusScan(inputs: inputs, options: corpus, threads: threads, limit: limit)
  }

  /// Runs it.
  ///
  /// - Returns: `load_seconds`, `first_sight_mb_s`, `warm_mb_s`, the same by time on the processor
  ///   (`…_mb_core_s`), `ids_sha256` (SHA-256 over all ids as little-endian uint32, documents in
  ///   order), and what was encoded.
  /// - Throws: what reading or encoding throws.
  public func run() throws -> JSONObject {
    let texts = try readTexts()
    let bytes = texts.reduce(0) { $0 + $1.count }
    let clock = ContinuousClock()
    var loaded: TokenizerFile?
    var workers: [EncodingWorker] = []
    let load = try clock.measure {
      let file = try TokenizerFile(
        path: path, specials: specials, preTokenizer: preTokenizer)
      workers = (0..<threads).map { _ in
        EncodingWorker(file.tokenizer, cacheMegabytes: cacheMegabytes)
      }
      for worker in workers { try worker.encode([Array("a".utf8)], 0..<1) }
      loaded = file
    }
    /// Seconds for one time over the text.
    func timedPass(times: Int) throws -> (wall: Double, work: Double) {
      let start = StageSeconds.processSeconds()
      let wall = try clock.measure {
        _ = try pass(texts, workers, times: times, keepsIDs: false)
      }
      let work = StageSeconds.processSeconds() - start
      return (wall / .seconds(1) / Double(times), work / Double(times))
    }
    let first = try timedPass(times: 1)
    try showAll(texts, to: workers)
    let times = max(1, (threads << 27) / max(bytes, 1))
    let warm = try (0..<max(1, rounds)).map { _ in try timedPass(times: times) }
    let median = { (values: [Double]) in values.sorted()[values.count / 2] }
    let (tokens, digest) = try pass(texts, workers, times: 1, keepsIDs: true)
    let megabytes = Double(bytes) / 1e6
    return [
      "tokenizer": .string("\(loaded?.record.digest.description ?? "")"),
      "threads": .init(threads), "documents": .init(texts.count), "bytes": .init(bytes),
      "tokens": .init(tokens), "load_seconds": .double(load / .seconds(1)),
      "first_sight_mb_s": .double(megabytes / first.wall),
      "warm_mb_s": .double(megabytes / median(warm.map(\.wall))),
      "first_sight_mb_core_s": .double(megabytes / first.work),
      "warm_mb_core_s": .double(megabytes / median(warm.map(\.work))),
      "ids_sha256": .string("\(digest)"),
    ]
  }

  private func readTexts() throws -> [[UInt8]] {
    var texts: [[UInt8]] = []
    try scan.run(
      worker: {
        { batch, parser in
          var batchTexts: [[UInt8]] = []
          try parser.forEachDocument(in: batch) { batchTexts.append(Array($0.text)) }
          return batchTexts
        }
      },
      consume: { batchTexts, _ in texts += batchTexts })
    return texts
  }

  /// Lets each encoder see what others had in the first pass, where there are others.
  private func showAll(_ texts: [[UInt8]], to workers: [EncodingWorker]) throws {
    guard workers.count > 1 else { return }
    var next = 0
    try OrderedPipeline<Int, Void, Void, Void>(threads: threads).run(
      source: {
        defer { next += 1 }
        return next < workers.count ? next : nil
      },
      worker: {
        .init(
          map: { index in
            for text in texts.indices { try workers[index].encode(texts, text..<text + 1) }
          }, finish: { $0 })
      },
      fold: { _, _ in }, flush: { _ in }, sink: { _ in })
  }

  /// Encodes everything so many times, in ranges of about 256 KiB.
  private func pass(
    _ texts: [[UInt8]], _ workers: [EncodingWorker], times: Int, keepsIDs: Bool
  ) throws -> (tokens: Int, digest: SHA256Digest) {
    var next = 0
    var left = texts.isEmpty ? 0 : times
    var tokens = 0
    var hash = SHA256()
    var waiting = workers
    try OrderedPipeline<Range<Int>, (count: Int, ids: [UInt32]), Void, Void>(threads: threads).run(
      source: {
        guard left > 0 else { return nil }
        let start = next
        var size = 0
        while next < texts.count, size < 1 << 18 {
          size += texts[next].count
          next += 1
        }
        defer {
          if next == texts.count {
            left -= 1
            next = 0
          }
        }
        return start..<next
      },
      worker: {
        let worker = waiting.removeLast()
        worker.keepsIDs = keepsIDs
        return .init(map: { try worker.encode(texts, $0) }, finish: { $0 })
      },
      fold: { result, _ in
        tokens += result.count
        if keepsIDs { result.ids.withUnsafeBytes { hash.update($0) } }
      },
      flush: { _ in }, sink: { _ in })
    return (tokens, hash.finalize())
  }
}

/// The encoder of one thread, kept from pass to pass so that its cache is.
private final class EncodingWorker {
  var keepsIDs = false
  private var encoder: Encoder
  private var encoding = Encoding(parts: [])

  init(_ tokenizer: Tokenizer, cacheMegabytes: Int) {
    encoder = tokenizer.encoder(cacheMegabytes: cacheMegabytes)
  }

  @discardableResult
  func encode(_ texts: [[UInt8]], _ range: Range<Int>) throws -> (count: Int, ids: [UInt32]) {
    var count = 0
    var ids: [UInt32] = []
    for index in range {
      try texts[index].withUnsafeBufferPointer { try encoder.encode($0, into: &encoding) }
      count += encoding.ids.count
      if keepsIDs { ids += encoding.ids }
    }
    return (count, ids)
  }
}
