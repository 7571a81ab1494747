// SPDX-License-Identifier: Apache-2.0
public import Corpus
internal import Datasets
public import Tokenization
internal import UnicodeText

/// `prep tokenizer count` and `prep tokenizer train`: a corpus in, counts or a tokenizer out.
public struct TokenizerTraining {
  /// What to train.
  public let trainer: BPETrainer
  private let resources: Resources

  /// What a run may use.
  public struct Resources: Sendable {
    /// 8 GiB.
    public static let usualMemory = 8 << 30

    /// Threads to count on.
    public let threads: Int
    /// Bytes for words and their counts.
    public let memory: Int
    /// How the names of temporary files begin, with counts that do not fit.
    public let temporary: String

    /// Resources of a run.
    public init(threads: Int, memory: Int, temporary: String) {
      self.threads = threads
      self.memory = memory
      self.temporary = temporary
    }
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
    /// Words that were left out for want of memory: all that occur less often than `leastCount`.
    public let wordsLeftOut: Int
    /// The smallest count of a word that was trained on.
    public let leastCount: Int64
    /// Bytes of the words, as normalized, and the tokens that they are now.
    public let measure: BPETrainer.Measure
  }

  /// What was counted.
  public struct Counted: Sendable {
    /// Documents counted.
    public let documents: Int
    /// Bytes of their text.
    public let textBytes: Int
    /// Different words.
    public let words: Int
  }

  /// Training or counting with these parameters.
  public init(trainer: BPETrainer, resources: Resources) {
    self.trainer = trainer
    self.resources = resources
  }

  /// Counts the words of a corpus into a file.
  ///
  /// - Throws: the first error in the order of the input; `DatasetError` when the file cannot be
  ///   written.
  public func count(
    inputs: [String], corpus: CorpusOptions, limit: Int?, to path: String,
    progress: ProgressHandler
  ) throws -> Counted {
    let counting = try counted(inputs, corpus, limit, progress)
    try Self.createParent(of: path)
    let words = try WordCountFile.write(
      counting.words(), to: path, counting.settings, documents: counting.documents,
      textBytes: counting.textBytes)
    return Counted(documents: counting.documents, textBytes: counting.textBytes, words: words)
  }

  /// Counts the words of a corpus, then merges.
  ///
  /// - Throws: the first error in the order of the input.
  public func run(
    inputs: [String], corpus: CorpusOptions, limit: Int?, progress: ProgressHandler
  ) throws -> Result {
    let counting = try counted(inputs, corpus, limit, progress)
    // The counting owns its temporary files.
    return try withExtendedLifetime(counting) {
      try train(
        counting.words(), documents: counting.documents, textBytes: counting.textBytes,
        progress: progress)
    }
  }

  /// Merges what files of counts have counted.
  ///
  /// - Throws: `PipelineError` with `.malformed` for a file that is none.
  public func run(counts paths: [String], progress: ProgressHandler) throws -> Result {
    let readers = try paths.map { try WordCountReader(path: $0) }
    return try train(
      .files(paths), documents: readers.reduce(0) { $0 + $1.documents },
      textBytes: readers.reduce(0) { $0 + $1.textBytes }, progress: progress)
  }

  /// The files among inputs, if they hold counts, and how these were made; nil for a corpus.
  ///
  /// - Throws: `PipelineError` where files of counts do not go together, or with a corpus.
  public static func counts(
    among inputs: [String]
  ) throws -> (paths: [String], settings: WordCountSettings)? {
    if inputs.contains("-") { return nil }
    let paths = try InputListing.files(for: inputs).map(\.path)
    let counts = paths.filter(WordCountFile.isCounts)
    guard let first = counts.first else { return nil }
    if let other = paths.first(where: { !counts.contains($0) }) {
      throw PipelineError(
        .usage, "\(first) holds counts and \(other) does not; count the corpus first")
    }
    let settings = try WordCountReader(path: first).settings
    for path in counts.dropFirst() {
      let others = try WordCountReader(path: path).settings
      guard others == settings else {
        throw PipelineError(
          .usage,
          "\(path): counted with --pre-tokenizer \(others.preTokenizer.rawValue) --form "
            + "\(others.form.rawValue), but \(first) with \(settings.preTokenizer.rawValue) and "
            + "\(settings.form.rawValue)")
      }
    }
    return (counts, settings)
  }

  private func counted(
    _ inputs: [String], _ corpus: CorpusOptions, _ limit: Int?, _ progress: ProgressHandler
  ) throws -> WordCounting {
    let scan = try CorpusScan(
      inputs: inputs, options: corpus, threads: resources.threads, limit: limit)
    let counting = WordCounting(
      trainer: trainer, threads: resources.threads, memory: resources.memory,
      temporary: resources.temporary)
    try counting.run(scan, progress: progress)
    return counting
  }

  private func train(
    _ words: CountedWords, documents: Int, textBytes: Int, progress: ProgressHandler
  ) throws -> Result {
    var shares = WordShares()
    try words.forEachWord { word, count in shares.add(word.count, count) }
    let least = shares.leastCount(within: resources.memory)
    let kept: CountingWorker
    if case .memory(let worker) = words, least == 1 {
      kept = worker
    } else {
      kept = CountingWorker(trainer.counter(maximumBytes: .max))
      try words.forEachWord { word, count in
        if count >= least { try kept.counter.add(word: Array(word), count: count) }
      }
    }
    let (tokenizer, measure) = try withoutActuallyEscaping(progress) { progress in
      try trainer.trainAndMeasure(kept.counter) { state in
        progress(
          Progress(stage: "merge pairs", done: state.merges, total: state.limit, measure: "merges"))
      }
    }
    return Result(
      tokenizer: tokenizer, documents: documents, textBytes: textBytes, words: shares.words,
      wordsLeftOut: shares.words - kept.counter.wordCount, leastCount: least, measure: measure)
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
    try createParent(of: path)
    try FileSystem.replace(path, with: tokenizer.serialized())
  }

  private static func createParent(of path: String) throws {
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try FileSystem.createDirectory(String(path[..<slash]))
    }
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

/// How much memory training takes for words that occur at least so often.
private struct WordShares {
  private static let limit = 4096
  /// By count; the last one stands for all that is higher.
  private var bytes = [Int](repeating: 0, count: limit)
  private(set) var words = 0

  mutating func add(_ length: Int, _ count: Int64) {
    words += 1
    // A word has an entry, and each of its bytes a cell, its word, and a place for its pair.
    bytes[Int(min(count, Int64(Self.limit))) - 1] += 48 + 24 * length
  }

  /// The smallest count that words may have for all of them to fit.
  func leastCount(within memory: Int) -> Int64 {
    var sum = 0
    for index in bytes.indices.reversed() {
      sum += bytes[index]
      if sum > memory { return Int64(min(index + 2, Self.limit)) }
    }
    return 1
  }
}
