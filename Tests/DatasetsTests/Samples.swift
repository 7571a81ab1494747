// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Digests
import JSON

@testable import Datasets

/// A small dataset of two units, made by hand.
enum Sample {
  static let plan: JSONValue = ["command": "tokenize", "seed": 1]

  static let tokenizerFile = Array("{}\n".utf8)

  static var tokenizer: Manifest.Tokenizer {
    Manifest.Tokenizer(
      digest: SHA256.digest(of: tokenizerFile), vocabularySize: 1000,
      roles: ["eos": 1, "mask": 6], sentinels: [999, 998])
  }

  static func manifest(_ units: [Manifest.Unit] = []) -> Manifest {
    Manifest(
      kind: .tokens, parameters: ["text_field": "text"], tokenizer: tokenizer,
      inputs: [["name": "tales"]], units: units, versions: ["zstd": "1.5.4", "icu": "72.1"])
  }

  static var columns: TokenColumns {
    TokenColumns(
      vocabularySize: 1000, wordStarts: true, sentenceStarts: true, text: false,
      keptFields: ["url"])
  }

  static var schema: ArrowSchema {
    columns.schema(metadata: [ArrowKeyValue("prep:kind", "tokens")])
  }

  /// Rows `first` to `first + count - 1` of an endless corpus.
  static func rows(_ first: Int, count: Int) -> TokenRows {
    var rows = TokenRows(keptFields: 1)
    for number in first..<(first + count) {
      let length = 1 + number * 7 % 13
      rows.ids.append("doc-\(number)".utf8)
      for position in 0..<length {
        rows.tokens.append(UInt32((number * 31 + position * 17) % 1000))
        rows.wordStarts.append(position % 3 == 0)
      }
      rows.sentenceStarts.append(0)
      if length > 4 { rows.sentenceStarts.append(4) }
      rows.sources.append(UInt16(number % 2))
      rows.languages.append("en".utf8)
      rows.kept[0].append("https://example.org/\(number)".utf8)
      rows.endRow()
    }
    return rows
  }

  static func shardBatch(
    _ rows: TokenRows, compression: ArrowCompression = .zstd(level: 3)
  ) throws -> ShardBatch {
    var encoder = try BatchEncoder(schema: schema, compression: compression)
    return try ShardBatch(
      rows.recordBatch(columns, schema: schema), tokens: rows.tokens.count, lossTokens: nil,
      encoder: &encoder)
  }

  /// Writes and records one unit of two batches.
  @discardableResult
  static func writeUnit(_ number: Int, to staged: StagedDataset) throws -> Manifest.Unit {
    let shard = try staged.shard(
      file: "train-0000\(number)-000.arrow", split: "train", schema: schema)
    try shard.append(shardBatch(rows(number * 100, count: 5)))
    try shard.append(shardBatch(rows(number * 100 + 5, count: 3)))
    let unit = Manifest.Unit(
      name: "0000\(number)-000", epoch: nil, input: ["ends_group": true],
      shards: [try shard.finish()], counts: ["documents": 8])
    try staged.record(unit)
    return unit
  }

  static func seal(_ staged: StagedDataset, _ units: [Manifest.Unit]) throws {
    try staged.seal(manifest(units), companions: [("tokenizer.json", tokenizerFile)])
  }

  /// Writes the whole dataset.
  static func write(to directory: String, _ policy: StagedDataset.Policy = .refuse) throws {
    let staged = try StagedDataset(directory: directory, policy: policy, plan: plan)
    try seal(staged, try [0, 1].map { try writeUnit($0, to: staged) })
  }
}
