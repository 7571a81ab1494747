// SPDX-License-Identifier: Apache-2.0
public import Digests
public import JSON

/// What a dataset is and how to make it again: the content of `manifest.json`.
///
/// It holds no clock times, host names or absolute paths, so that the same input, parameters and
/// seed give the same bytes anywhere. A directory without a manifest is not a dataset: the
/// manifest is the last file that a finished run puts in place.
public struct Manifest: Sendable, Hashable {
  /// The version of the layout that this module reads and writes.
  public static let formatVersion = 1
  /// The name of the file in the dataset's directory.
  public static let fileName = "manifest.json"

  /// What the rows of a dataset are.
  public enum Kind: String, Sendable, Hashable {
    /// Tokenized documents, raw ids.
    case tokens
    /// Examples that a model is fed.
    case examples
  }

  /// The tokenizer that the ids belong to.
  public struct Tokenizer: Sendable, Hashable {
    /// SHA-256 of the dataset's `tokenizer.json`.
    public var digest: SHA256Digest
    /// One more than the largest id, added tokens included.
    public var vocabularySize: Int
    /// Ids of the special tokens by role: `eos`, `mask`, …
    public var roles: [String: UInt32]
    /// Ids of the sentinels, the one for the first span first.
    public var sentinels: [UInt32]

    /// States the facts about a tokenizer.
    public init(
      digest: SHA256Digest, vocabularySize: Int, roles: [String: UInt32], sentinels: [UInt32]
    ) {
      self.digest = digest
      self.vocabularySize = vocabularySize
      self.roles = roles
      self.sentinels = sentinels
    }
  }

  /// The objective of a dataset of examples.
  public struct Objective: Sendable, Hashable {
    /// The name in the catalogue, such as `t5-span`.
    public var name: String
    /// Every parameter with its value, defaults included.
    public var parameters: JSONValue
    /// The columns that a model takes, the rest being provenance.
    public var modelColumns: [String]
    /// What a trainer must know and cannot see in the rows, such as `decoder_start_token_id`.
    public var facts: JSONValue

    /// States what the examples were made for.
    public init(name: String, parameters: JSONValue, modelColumns: [String], facts: JSONValue) {
      self.name = name
      self.parameters = parameters
      self.modelColumns = modelColumns
      self.facts = facts
    }
  }

  /// One file of rows.
  public struct Shard: Sendable, Hashable {
    /// The file's name in the dataset's directory.
    public var file: String
    /// `train`, `validation`, …
    public var split: String
    /// Rows in the file.
    public var rows: Int
    /// Tokens in `input_ids`, padding not counted.
    public var tokens: Int
    /// Positions that carry a loss; `nil` for token shards.
    public var lossTokens: Int?
    /// Size of the file.
    public var bytes: Int
    /// SHA-256 of the file.
    public var digest: SHA256Digest
    /// SHA-256 of the decoded content, equal for any version of zstd.
    public var contentDigest: SHA256Digest

    /// States what is in a file.
    public init(
      file: String, split: String, rows: Int, tokens: Int, lossTokens: Int?, bytes: Int,
      digest: SHA256Digest, contentDigest: SHA256Digest
    ) {
      self.file = file
      self.split = split
      self.rows = rows
      self.tokens = tokens
      self.lossTokens = lossTokens
      self.bytes = bytes
      self.digest = digest
      self.contentDigest = contentDigest
    }
  }

  /// One unit of work and what became of it.
  public struct Unit: Sendable, Hashable {
    /// The unit's name, `GROUP-CUT` of its input.
    public var name: String
    /// The epoch for which the unit was drawn; `nil` where there is only one.
    public var epoch: Int?
    /// What the unit was cut from: names, decoded ranges and digests of its input.
    public var input: JSONValue
    /// The files that hold its rows; none when it has no rows.
    public var shards: [Shard]
    /// Counts that nothing may lose: documents, replacements, drops by reason.
    public var counts: [String: Int]

    /// States what a unit was made from and what it became.
    public init(
      name: String, epoch: Int?, input: JSONValue, shards: [Shard], counts: [String: Int]
    ) {
      self.name = name
      self.epoch = epoch
      self.input = input
      self.shards = shards
      self.counts = counts
    }

    /// The count of rows that went to other parts of the same whole.
    public static let otherPartsKey = "rows_of_other_parts"
    /// The count of rows that were passed over because the run began behind them.
    public static let beforeStartKey = "rows_before_start"

    private var rowsElsewhere: Int {
      (counts[Self.otherPartsKey] ?? 0) + (counts[Self.beforeStartKey] ?? 0)
    }

    /// The count of frames that did not become rows because the budget of the stage was reached.
    public static let afterBudgetKey = "rows_after_budget"
    /// The count of source tokens that earlier stages served.
    public static let earlierStagesKey = "tokens_of_earlier_stages"
    /// The count of tokens of the documents as often as they were sampled.
    public static let sampledKey = "sampled_tokens"
    /// How often a document was sampled at most.
    public static let copiesKey = "most_copies"

    /// Whether rows of the unit were left to others.
    public var isPart: Bool {
      rowsElsewhere > 0
        || [Self.afterBudgetKey, Self.earlierStagesKey].contains { counts[$0] ?? 0 > 0 }
    }

    /// The rows of the unit, whoever writes them.
    public var rowsOfAllParts: Int { shards.reduce(rowsElsewhere) { $0 + $1.rows } }
  }

  /// What the rows are.
  public var kind: Kind
  /// Everything that decides the bytes, apart from what stands in the other members.
  public var parameters: JSONValue
  /// The objective, for examples.
  public var objective: Objective?
  /// The seed, for examples.
  public var seed: UInt64?
  /// The tokenizer.
  public var tokenizer: Tokenizer
  /// What went in: sources by index for tokens, datasets for examples.
  public var inputs: JSONValue
  /// The units in order.
  public var units: [Unit]
  /// Versions of the libraries on which bytes depend: `zstd`, `icu`, `unicode`.
  public var versions: [String: String]
  /// SHA-256 of the plan of the run; the same plan need not be carried out again.
  public var planDigest: SHA256Digest?

  /// States what a dataset is.
  public init(
    kind: Kind, parameters: JSONValue, objective: Objective? = nil, seed: UInt64? = nil,
    tokenizer: Tokenizer, inputs: JSONValue, units: [Unit], versions: [String: String]
  ) {
    self.kind = kind
    self.parameters = parameters
    self.objective = objective
    self.seed = seed
    self.tokenizer = tokenizer
    self.inputs = inputs
    self.units = units
    self.versions = versions
  }

  /// Every shard, in the order of the units.
  public var shards: [Shard] { units.flatMap(\.shards) }

  /// The splits that have rows, `train` first, then by name.
  public var splits: [String] {
    let names = Set(shards.map(\.split)).sorted()
    return names.filter { $0 == "train" } + names.filter { $0 != "train" }
  }

  /// Rows, tokens, bytes and counts of a split, or of everything.
  public func totals(split: String? = nil) -> JSONValue {
    let shards = shards.filter { split == nil || $0.split == split }
    var totals: JSONObject = [
      "rows": .init(shards.reduce(0) { $0 + $1.rows }),
      "shards": .init(shards.count),
      "tokens": .init(shards.reduce(0) { $0 + $1.tokens }),
      "bytes": .init(shards.reduce(0) { $0 + $1.bytes }),
    ]
    if kind == .examples {
      totals["loss_tokens"] = .init(shards.reduce(0) { $0 + ($1.lossTokens ?? 0) })
    }
    return .object(totals)
  }

  /// The counts of all units added up, by name.
  public var counts: [String: Int] {
    units.reduce(into: [:]) { sums, unit in
      for (name, count) in unit.counts { sums[name, default: 0] += count }
    }
  }
}
