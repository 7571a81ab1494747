// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Digests
import JSON
import Objectives
import Randomness
import Testing
import Validation

@testable import Datasets

/// Datasets made by hand, without a tokenizer or a corpus.
enum Sample {
  static let tokenizerFile = Array("{\"model\": {}}\n".utf8)
  static let vocabularySize = 1000

  static var tokenizer: Manifest.Tokenizer {
    Manifest.Tokenizer(
      digest: SHA256.digest(of: tokenizerFile), vocabularySize: vocabularySize,
      roles: [
        "pad": 0, "eos": 1, "unk": 2, "bos": 3, "cls": 4, "sep": 5, "mask": 6,
      ],
      sentinels: (0..<60).map { UInt32(vocabularySize - 1 - $0) })
  }

  static let tokenColumns = TokenColumns(
    vocabularySize: vocabularySize, wordStarts: true, sentenceStarts: true, text: false,
    keptFields: [])
  static let tokenSchema = tokenColumns.schema(metadata: [ArrowKeyValue("prep:kind", "tokens")])

  private static func seal(
    _ staged: StagedDataset, _ kind: Manifest.Kind, _ objective: Manifest.Objective? = nil,
    _ units: [Manifest.Unit]
  ) throws {
    let manifest = Manifest(
      kind: kind, parameters: [:], objective: objective, seed: objective == nil ? nil : 1,
      tokenizer: tokenizer, inputs: [["name": "a"], ["name": "b"]], units: units,
      versions: ["zstd": "1"])
    try staged.seal(manifest, companions: [("tokenizer.json", tokenizerFile)])
  }

  /// Two shards of tokenized documents, ten and eight of them in two batches each.
  static func tokens(in directory: String) throws -> EditableDataset {
    let staged = try StagedDataset(directory: directory, policy: .refuse, plan: ["a": 1])
    var units: [Manifest.Unit] = []
    for (unit, counts) in [(0, [6, 4]), (1, [7, 1])] {
      let shard = try staged.shard(
        file: "train-0000\(unit)-000.arrow", split: "train", schema: tokenSchema)
      var encoder = try BatchEncoder(schema: tokenSchema, compression: .zstd(level: 3))
      var number = unit * 100
      for count in counts {
        var rows = TokenRows(keptFields: 0)
        for document in number..<(number + count) {
          let length = 9 + document % 7
          rows.ids.append("doc-\(document)".utf8)
          for position in 0..<length {
            rows.tokens.append(UInt32(10 + (document * 31 + position * 17) % 900))
            rows.wordStarts.append(position % 3 == 0)
          }
          rows.sentenceStarts += [0, 4]
          rows.sources.append(UInt16(document % 2))
          rows.languages.append("en".utf8)
          rows.endRow()
        }
        number += count
        try shard.append(
          ShardBatch(
            rows.recordBatch(tokenColumns, schema: tokenSchema), tokens: rows.tokens.count,
            lossTokens: nil, encoder: &encoder))
      }
      units.append(
        .init(
          name: "0000\(unit)-000", epoch: nil, input: nil, shards: [try shard.finish()],
          counts: [:]))
    }
    try seal(staged, .tokens, nil, units)
    return EditableDataset(directory: directory) { dataset in
      TokenRules(schema: tokenSchema, manifest: dataset.manifest)
    }
  }

  /// One shard of examples for an objective.
  static func examples(
    _ name: String, _ settings: [String: String], in directory: String
  ) throws -> EditableDataset {
    let tokenizer = tokenizer
    let vocabulary = try Vocabulary(
      size: vocabularySize, roles: tokenizer.roles, sentinels: tokenizer.sentinels)
    let objective = try ObjectiveRegistry.standard.make(
      name, settings: settings.sorted { $0.key < $1.key }.map { Setting($0.key, $0.value) },
      vocabulary: vocabulary)
    let columns = ExampleColumns(
      columns: objective.columns, vocabularySize: vocabularySize, provenance: true)
    let schema = columns.schema(metadata: [ArrowKeyValue("prep:kind", "examples")])
    let unit = try unit(documents: 12)
    let random = try RandomStreams(key: StreamKey(seed: 1), unit: 0)
    let frames = try objective.framing.frames(of: unit, random: random)
    var builder = ExampleBuilder(columns: objective.columns)
    var provenance = ProvenanceRows()
    for index in 0..<frames.count {
      var frame = Frame()
      frames.load(index, into: &frame)
      try objective.build(frame, random, Services(), into: &builder)
      provenance.append(frame.pieces, documentIDs: unit.documentIDs)
    }
    let examples = builder.takeBatch()
    let staged = try StagedDataset(directory: directory, policy: .refuse, plan: ["b": 1])
    let shard = try staged.shard(file: "train-00000-000.arrow", split: "train", schema: schema)
    var encoder = try BatchEncoder(schema: schema, compression: .none)
    try shard.append(
      ShardBatch(
        columns.recordBatch(examples, provenance: provenance, schema: schema),
        tokens: examples.tally.inputTokens, lossTokens: examples.tally.lossTokens,
        encoder: &encoder))
    let record = Manifest.Objective(
      name: name, parameters: [:], modelColumns: objective.modelColumns, facts: [:])
    try seal(
      staged, .examples, record,
      [
        .init(
          name: "train-00000-000", epoch: nil, input: nil, shards: [try shard.finish()],
          counts: [
            "input_tokens": examples.tally.inputTokens,
            "input_padding": examples.tally.inputPadding,
            "loss_tokens": examples.tally.lossTokens,
            "target_padding": examples.tally.targetPadding,
          ])
      ])
    return EditableDataset(directory: directory) { _ in
      ExampleRules(schema: schema, objective: objective, vocabulary: vocabulary)
    }
  }

  /// Documents of five sentences of nine tokens.
  private static func unit(documents: Int) throws -> TokenizedUnit {
    let tokens = (0..<(documents * 45)).map { TokenID(10 + $0 % 900) }
    return try TokenizedUnit(
      ordinal: 0, documentIDs: (0..<documents).map { "d\($0)" }, tokens: tokens,
      documentOffsets: (0...documents).map { $0 * 45 },
      wordStarts: tokens.indices.map { $0 % 3 == 0 },
      sentenceStarts: .init(
        starts: (0..<documents).flatMap { _ in [0, 9, 18, 27, 36] },
        offsets: (0...documents).map { $0 * 5 }))
  }
}
