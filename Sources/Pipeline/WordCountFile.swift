// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
public import Tokenization
public import UnicodeText

/// How the words of a file of counts were found; counts made otherwise cannot be added to them.
public struct WordCountSettings: Sendable, Hashable {
  /// How text was split.
  public let preTokenizer: PreTokenizerRule
  /// How text was normalized before.
  public let form: NormalForm

  /// Settings for counting.
  public init(preTokenizer: PreTokenizerRule, form: NormalForm) {
    self.preTokenizer = preTokenizer
    self.form = form
  }
}

/// A file of counts: an Arrow file with the columns `word` (binary, ascending by bytes, each once)
/// and `count` (uint64).
enum WordCountFile {
  static let rowsPerBatch = 131_072
  static let bytesPerBatch = 1 << 26
  static let kind = "word-counts"

  static var fields: [ArrowField] { [ArrowField("word", .binary), ArrowField("count", .uint64)] }

  /// Writes a file; under its name it is complete or absent. Returns the number of words.
  static func write(
    _ words: CountedWords, to path: String, _ settings: WordCountSettings, documents: Int = 0,
    textBytes: Int = 0
  ) throws -> Int {
    var total = 0
    let schema = ArrowSchema(
      fields: fields,
      metadata: [
        ArrowKeyValue("prep:documents", String(documents)),
        ArrowKeyValue("prep:form", settings.form.rawValue),
        ArrowKeyValue("prep:format_version", String(Manifest.formatVersion)),
        ArrowKeyValue("prep:kind", kind),
        ArrowKeyValue("prep:pre_tokenizer", settings.preTokenizer.rawValue),
        ArrowKeyValue("prep:text_bytes", String(textBytes)),
        ArrowKeyValue("prep:unicode_version", ScalarProperties.unicodeVersion),
      ])
    try FileSystem.replace(path) { write in
      var assembler = try ArrowFileAssembler(schema: schema)
      var encoder = try BatchEncoder(schema: schema, compression: .zstd(level: 3))
      try write(assembler.head())
      var bytes: [UInt8] = []
      var offsets: [Int32] = [0]
      var counts: [UInt64] = []
      func flush() throws {
        if counts.isEmpty { return }
        total += counts.count
        let batch = RecordBatch(
          schema: schema, rowCount: counts.count,
          columns: [.binary(bytes: bytes, offsets: offsets), .uint64(counts)])
        let encoded = try encoder.encode(batch)
        assembler.append(encoded)
        try write(encoded.bytes)
        bytes.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        offsets.append(0)
        counts.removeAll(keepingCapacity: true)
      }
      try words.forEachSorted { word, count in
        if counts.count == rowsPerBatch || bytes.count + word.count > bytesPerBatch { try flush() }
        bytes.append(contentsOf: word)
        offsets.append(Int32(truncatingIfNeeded: bytes.count))
        counts.append(UInt64(count))
      }
      try flush()
      try write(assembler.tail())
    }
    return total
  }

  /// Whether a file is one of counts, whatever its state; other Arrow files may be a corpus.
  static func isCounts(_ path: String) -> Bool {
    guard let file = try? ArrowFileReader(path: path) else { return false }
    return file.schema.metadataValue("prep:kind") == kind
  }
}

/// Reads a file of counts word by word.
final class WordCountReader {
  let path: String
  let settings: WordCountSettings
  let documents: Int
  let textBytes: Int
  private let file: ArrowFileReader
  private var nextBatch = 0
  private var row = 0
  private var counts: [UInt64] = []
  private var words: ArrowArray?

  /// The word that was read last.
  private(set) var word: [UInt8] = []
  /// Its count.
  private(set) var count: Int64 = 0

  /// - Throws: `PipelineError` with `.malformed` when it is no file of counts.
  init(path: String) throws {
    self.path = path
    do {
      file = try ArrowFileReader(path: path)
    } catch {
      throw PipelineError(.malformed, "\(error)")
    }
    let schema = file.schema
    func value(_ key: String) -> String { schema.metadataValue("prep:\(key)") ?? "" }
    guard value("kind") == WordCountFile.kind, schema.fields == WordCountFile.fields,
      let rule = PreTokenizerRule(rawValue: value("pre_tokenizer")),
      let form = NormalForm(rawValue: value("form"))
    else {
      throw PipelineError(.malformed, "\(path): not a file of `prep tokenizer count`")
    }
    settings = WordCountSettings(preTokenizer: rule, form: form)
    documents = Int(value("documents")) ?? 0
    textBytes = Int(value("text_bytes")) ?? 0
  }

  /// Reads the next word. Returns false at the end.
  func next() throws -> Bool {
    while row == counts.count {
      guard nextBatch < file.batchCount else { return false }
      do {
        let batch = try file.batch(nextBatch)
        words = batch["word"]
        counts = batch["count"]?.values(as: UInt64.self) ?? []
      } catch {
        throw PipelineError(.malformed, "\(path): \(error)")
      }
      nextBatch += 1
      row = 0
    }
    guard let found = words?.bytes(at: row), let count = Int64(exactly: counts[row]),
      (1...1 << 53).contains(count), !found.isEmpty,
      word.isEmpty || word.lexicographicallyPrecedes(found)
    else {
      throw PipelineError(
        .malformed,
        "\(path), batch \(nextBatch - 1), row \(row): words ascend by bytes, with counts from 1 to "
          + "2^53")
    }
    word = Array(found)
    self.count = count
    row += 1
    return true
  }
}

/// Adds up files of counts, in memory for one batch of each.
enum WordCountMerge {
  /// Calls `body` with each word and the sum of its counts, ascending by bytes.
  static func forEach(
    in readers: [WordCountReader], _ body: (UnsafeBufferPointer<UInt8>, Int64) throws -> Void
  ) throws {
    // A heap of readers, the one with the first word on top.
    var heap: [WordCountReader] = []
    func sink(_ start: Int) {
      var at = start
      while true {
        var least = at
        for child in [2 * at + 1, 2 * at + 2] where child < heap.count {
          if heap[child].word.lexicographicallyPrecedes(heap[least].word) { least = child }
        }
        if least == at { return }
        heap.swapAt(at, least)
        at = least
      }
    }
    for reader in readers where try reader.next() { heap.append(reader) }
    for at in (0..<heap.count / 2).reversed() { sink(at) }
    while let first = heap.first {
      let word = first.word
      var sum: Int64 = 0
      while let top = heap.first, top.word == word {
        // Far below overflow: a thousand files would have to claim 2^53 each.
        sum &+= top.count
        if try !top.next() {
          heap[0] = heap[heap.count - 1]
          heap.removeLast()
        }
        if !heap.isEmpty { sink(0) }
      }
      try word.withUnsafeBufferPointer { try body($0, min(max(sum, 1), 1 << 53)) }
    }
  }
}
