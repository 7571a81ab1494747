// SPDX-License-Identifier: Apache-2.0
internal import Corpus
internal import Datasets
internal import Tokenization
internal import UnicodeText

/// Counts the words of a corpus on all threads, within a bound of memory.
///
/// A thread whose words take its share of the memory writes them to a temporary file, sorted, and
/// begins anew; such files are added up at the end. The sums are exact and do not depend on threads
/// or memory.
final class WordCounting {
  let trainer: BPETrainer
  private let threads: Int
  private let workerBytes: Int
  private let temporary: String
  private var workers: [CountingWorker] = []
  private(set) var documents = 0
  private(set) var textBytes = 0

  /// - Parameters:
  ///   - memory: bytes for the words of all threads together.
  ///   - temporary: how the names of files with what does not fit begin.
  init(trainer: BPETrainer, threads: Int, memory: Int, temporary: String) {
    self.trainer = trainer
    self.threads = threads
    self.temporary = temporary
    // Half for the threads; what they counted is added up in the other half.
    workerBytes = max(memory / (2 * threads), 1 << 20)
  }

  deinit { for worker in workers { worker.removeFiles() } }

  var settings: WordCountSettings {
    WordCountSettings(preTokenizer: trainer.preTokenizer, form: trainer.form)
  }

  func run(_ scan: CorpusScan, progress: ProgressHandler) throws {
    var calls = 0
    try scan.run(
      worker: {
        // One cut of the corpus after the other asks for a worker for each thread.
        let index = calls % threads
        calls += 1
        if index == workers.count { workers.append(worker(index)) }
        let worker = workers[index]
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
  }

  /// What was counted, all threads together.
  func words() throws -> CountedWords {
    if workers.allSatisfy(\.files.isEmpty) {
      // Sums do not depend on which thread counted what.
      let first = workers.first ?? worker(0)
      while workers.count > 1 {
        try first.counter.merge(workers[workers.count - 1].counter)
        workers.removeLast()
      }
      return .memory(first)
    }
    for worker in workers { try worker.spill() }
    return .files(workers.flatMap(\.files))
  }

  private func worker(_ index: Int) -> CountingWorker {
    CountingWorker(
      trainer.counter(maximumBytes: .max), limit: workerBytes, settings: settings,
      prefix: "\(temporary)-counts-\(index)")
  }
}

/// Words and their counts, wherever they are.
enum CountedWords {
  case memory(CountingWorker)
  case files([String])

  /// Calls `body` with each word and its count.
  func forEachWord(_ body: (UnsafeBufferPointer<UInt8>, Int64) throws -> Void) throws {
    switch self {
    case .memory(let worker): try worker.counter.forEachWord(body)
    case .files: try forEachSorted(body)
    }
  }

  /// Calls `body` with each word and its count, ascending by bytes.
  func forEachSorted(_ body: (UnsafeBufferPointer<UInt8>, Int64) throws -> Void) throws {
    switch self {
    case .memory(let worker): try worker.counter.forEachSortedWord(body)
    case .files(let paths):
      try WordCountMerge.forEach(in: paths.map { try WordCountReader(path: $0) }, body)
    }
  }
}

/// The counter of one thread, and the files with what did not fit.
final class CountingWorker {
  var counter: WordCounter
  private(set) var files: [String] = []
  private let limit: Int
  private let settings: WordCountSettings
  private let prefix: String

  /// A counter whose words stay in memory.
  convenience init(_ counter: consuming WordCounter) {
    self.init(
      counter, limit: .max, settings: WordCountSettings(preTokenizer: .gpt2, form: .none),
      prefix: "")
  }

  init(_ counter: consuming WordCounter, limit: Int, settings: WordCountSettings, prefix: String) {
    self.counter = counter
    self.limit = limit
    self.settings = settings
    self.prefix = prefix
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
      if counter.byteCount > limit { try spill() }
    }
    return (documents, bytes)
  }

  func spill() throws {
    if counter.wordCount == 0 { return }
    let path = "\(prefix)-\(files.count).arrow"
    files.append(path)
    _ = try WordCountFile.write(.memory(self), to: path, settings)
    counter.removeAll()
  }

  func removeFiles() {
    for path in files { try? FileSystem.remove(path) }
  }
}
