// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Datasets
import JSON
import Objectives
import Pipeline
import TestSupport
import Testing
import Tokenization

@testable import Datasets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Testing has an `ExitStatus` of its own.
typealias Status = Pipeline.ExitStatus

/// A scratch directory with a tokenizer and small corpora.
final class Workshop {
  let scratch: ScratchDirectory
  /// The path of a `tokenizer.json` of 700 entries, standard specials among them.
  let tokenizer: String

  init() throws {
    scratch = try ScratchDirectory()
    tokenizer = scratch("tokenizer.json")
    try FileSystem.replace(tokenizer, with: Self.tokenizerFile.get())
  }

  func callAsFunction(_ name: String) -> String { scratch(name) }

  private static let tokenizerFile = Result { try trained(size: 700).serialized() }

  static func trained(size: Int) throws -> Tokenizer {
    let trainer = try BPETrainer(vocabularySize: size)
    var counter = trainer.counter()
    for number in 0..<30 {
      try Array(document(number).utf8).withUnsafeBufferPointer { try counter.count($0) }
    }
    return try trainer.train(counter)
  }

  /// Some sentences, the same ones for the same number.
  static func document(_ number: Int) -> String {
    let words = [
      "the", "fox", "river", "stone", "quietly", "runs", "over", "a", "small", "hill", "and",
      "sees", "morning", "light", "through", "old", "trees", "while", "nobody", "listens",
    ]
    var state = UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15
    func draw(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let sentences = (0..<(2 + draw(6))).map { _ in
      let text = (0..<(4 + draw(8))).map { _ in words[draw(words.count)] }.joined(separator: " ")
      return text.prefix(1).uppercased() + text.dropFirst() + "."
    }
    return sentences.joined(separator: " ")
  }

  static func line(_ number: Int) -> String {
    let object: JSONValue = [
      "id": .string("doc-\(number)"), "text": .string(document(number)),
      "lang": number % 3 == 0 ? "de" : "en", "url": .string("https://example.org/\(number)"),
    ]
    return String(decoding: object.serialized(), as: UTF8.self) + "\n"
  }

  /// Writes files of JSON Lines and gives their directory.
  @discardableResult
  func corpus(_ name: String = "corpus", files: Int = 7, each: Int = 6) throws -> String {
    for file in 0..<files {
      let lines = (0..<each).map { Self.line(file * each + $0) }
      try scratch.write("\(name)/part-\(file).jsonl", lines.joined())
    }
    return scratch(name)
  }

  /// A file of at least 64 MiB, which makes a unit of its own: a zstd frame with a few documents
  /// and a skippable frame of nothing, which takes no room on the disk.
  func unit(_ name: String, documents: Range<Int>) throws {
    let lines = Array(documents.map(Self.line).joined().utf8)
    var compressor = try ZstdCompressor(level: 3)
    var bytes = try lines.withUnsafeBytes { input throws(ArrowError) in
      try compressor.compress(input) { Array($0) }
    }
    let skipped = UInt32(64 << 20)
    for word in [0x184D_2A50, skipped] {
      withUnsafeBytes(of: word.littleEndian) { bytes += Array($0) }
    }
    if let slash = name.lastIndex(of: "/") {
      try FileSystem.createDirectory(scratch(String(name[..<slash])))
    }
    try FileSystem.replace(scratch(name), with: bytes)
    try #require(truncate(scratch(name), bytes.count + Int(skipped)) == 0)
  }

  /// Tokenizes into a directory below the scratch directory.
  @discardableResult
  func tokenize(
    _ inputs: [String], to output: String, _ policy: StagedDataset.Policy = .refuse,
    _ change: (inout TokenizeOptions) throws -> Void = { _ in }
  ) throws -> Manifest {
    var options = TokenizeOptions(
      sources: TokenizeOptions.sources(of: inputs), tokenizer: tokenizer)
    options.sentences = true
    options.cacheMegabytes = 1
    try change(&options)
    return try TokenizeRun(options).write(to: .directory(scratch(output), policy)) { _ in }
  }

  /// Builds from token datasets below the scratch directory.
  @discardableResult
  func build(
    _ objective: String, _ settings: [String: String] = [:], from inputs: [String] = ["tokens"],
    to output: String, _ policy: StagedDataset.Policy = .refuse,
    _ change: (inout BuildOptions) throws -> Void = { _ in }
  ) throws -> Manifest {
    var options = BuildOptions(inputs: inputs.map { scratch($0) }, objective: objective)
    options.settings = settings.sorted { $0.key < $1.key }.map { Setting($0.key, $0.value) }
    options.seed = 11
    try change(&options)
    return try BuildRun(options).write(to: .directory(scratch(output), policy)) { _ in }
  }

  /// Every file of a dataset with its bytes.
  func contents(_ name: String) throws -> [String: [UInt8]] {
    try FileSystem.names(in: scratch(name)).reduce(into: [:]) {
      $0[$1] = try FileSystem.read("\(scratch(name))/\($1)")
    }
  }

  /// Every row of a dataset as JSON, in order.
  func rows(_ name: String, split: String? = nil) throws -> [JSONValue] {
    let dataset = try Dataset(scratch(name))
    var rows: [JSONValue] = []
    for shard in dataset.manifest.shards where split == nil || shard.split == split {
      let reader = try dataset.reader(of: shard)
      for index in 0..<reader.batchCount {
        let batch = try reader.batch(index)
        rows += (0..<batch.rowCount).map { batch.json(row: $0) }
      }
    }
    return rows
  }

  /// Makes a finished dataset look as if its run had been killed before it was sealed, with only
  /// the named units recorded.
  func unseal(_ name: String, plan: [UInt8], keeping units: [String]) throws {
    let manifest = try Dataset(scratch(name)).manifest
    let partial = scratch("\(name)/.partial")
    try FileSystem.createDirectory(partial)
    try FileSystem.replace("\(partial)/plan.json", with: plan)
    let keys = manifest.units.map { StagedDataset.key(name: $0.name, epoch: $0.epoch) }
    try #require(Set(units).isSubset(of: keys))
    for (key, unit) in zip(keys, manifest.units) where units.contains(key) {
      try FileSystem.replace(
        "\(partial)/unit-\(key).json", with: unit.json.serialized(pretty: true))
      for shard in unit.shards {
        try FileSystem.rename(scratch("\(name)/\(shard.file)"), to: "\(partial)/\(shard.file)")
      }
    }
    for file in try FileSystem.names(in: scratch(name)) where file != ".partial" {
      try FileSystem.remove(scratch("\(name)/\(file)"))
    }
  }

  /// The plan that a run writes: seen while it works.
  func plan(of output: String, _ run: (_ see: @escaping () -> Void) throws -> Void) throws
    -> [UInt8]
  {
    var plan: [UInt8] = []
    try run {
      plan = (try? FileSystem.read(self.scratch("\(output)/.partial/plan.json"))) ?? plan
    }
    return plan
  }
}
