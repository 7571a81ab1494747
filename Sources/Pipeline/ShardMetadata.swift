// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import JSON

/// The metadata of a shard's schema: only what is the same in every shard, and enough for the
/// next stage of a pipe.
enum ShardMetadata {
  /// Parameters of a run that say which rows are drawn, not what a row is: a shard is the same
  /// whether its epoch is drawn alone or with others.
  private static let runParameters: Set<String> = [
    "epochs", "epoch", "shuffle", "part", "start_row", "limit", "budget", "sample", "stage",
  ]

  /// Sorted `prep:` keys.
  static func entries(
    kind: Manifest.Kind, tokenizer: Manifest.Tokenizer, parameters: JSONValue,
    objective: Manifest.Objective? = nil
  ) -> [ArrowKeyValue] {
    let roles = tokenizer.roles.sorted { $0.key < $1.key }
    var values: [String: JSONValue] = [
      "format_version": .init(Manifest.formatVersion),
      "kind": .string(kind.rawValue),
      "parameters": .object(
        (parameters.objectValue?.entries ?? []).reduce(into: [:]) { kept, entry in
          if !runParameters.contains(entry.key) { kept[entry.key] = entry.value }
        }),
      "roles": .object(roles.reduce(into: [:]) { $0[$1.key] = .init(Int($1.value)) }),
      "sentinels": .array(tokenizer.sentinels.map { .init(Int($0)) }),
      "tokenizer_sha256": .string("\(tokenizer.digest)"),
      "vocabulary_size": .init(tokenizer.vocabularySize),
    ]
    if let objective {
      values["objective"] = .string(objective.name)
      values["objective_parameters"] = objective.parameters
      values["facts"] = objective.facts
      values["model_columns"] = .array(objective.modelColumns.map { .string($0) })
    }
    return values.sorted { $0.key < $1.key }.map { key, value in
      let text = value.stringValue ?? String(decoding: value.serialized(), as: UTF8.self)
      return ArrowKeyValue("prep:\(key)", text)
    }
  }
}
