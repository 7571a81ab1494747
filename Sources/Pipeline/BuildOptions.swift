// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import Datasets
internal import JSON
public import Objectives

/// What `prep build` is told, apart from where the output goes.
public struct BuildOptions: Sendable {
  /// Directories of token datasets, or `-` for an Arrow stream on standard input.
  public var inputs: [String]
  /// The objective's name in the catalogue.
  public var objective: String
  /// `preset=NAME` and `parameter=value`, in the order given.
  public var settings: [Setting] = []
  /// The key of all randomness; nil for that of the stage before, else 0.
  public var seed: UInt64?
  /// How many epochs are drawn, each anew; nil for one, or for as many as the budget takes.
  public var epochs: Int?
  /// Draw only this epoch, counted from 0.
  public var epoch: Int?
  /// The tokenizer, where the input is a stream; a dataset brings its own.
  public var tokenizer: String?
  /// `ROLE=TOKEN` overrides.
  public var specials: [String] = []
  /// A proposal's counts from an earlier build, to be used instead of counting the tokens.
  public var proposal: String?
  /// Whether rows say where their tokens came from.
  public var provenance = true
  /// Compression of the shards.
  public var compression = ArrowCompression.zstd(level: 3)
  /// Threads to work on.
  public var threads = 1
  /// Only so many rows of each split and epoch.
  public var limit: Int?
  /// Whether the rows of a unit come in an order drawn for it, rather than in that of the framing.
  public var shuffle = false
  /// The share of the rows that is written: they are dealt out to the parts in turn.
  public var part = Part.whole
  /// How many rows of `train` (of all splits, where none has that name) are passed over, counted
  /// in the part, over all epochs.
  public var startRow = 0
  /// How much of `train` is written.
  public var budget: Budget?
  /// The directory of the stage that this one goes on from.
  public var after: String?
  /// Shares of sources or languages by temperature.
  public var sampling: SamplingOptions?

  /// Options with everything at its default.
  public init(inputs: [String], objective: String) {
    self.inputs = inputs
    self.objective = objective
  }

  var parameters: JSONValue {
    [
      "epochs": passes.map { .init($0) } ?? nil,
      "epoch": epoch.map { .init($0) } ?? nil,
      "specials": .array(specials.map { .string($0) }),
      "provenance": .bool(provenance),
      "compression": .string(compression.name),
      "limit": limit.map { .init($0) } ?? nil,
      "shuffle": .bool(shuffle),
      "part": part == .whole ? nil : .string("\(part)"),
      "start_row": .init(startRow),
      "budget": budget.map { .string("\($0)") } ?? nil,
      "sample": sampling?.json ?? nil,
    ]
  }

  /// How many epochs are drawn at most; nil for as many as it takes.
  var passes: Int? { epochs ?? (budget == nil ? 1 : nil) }
}

extension ObjectiveParameters {
  /// Every parameter with its value; the preset, if there was one, under `preset`.
  var json: JSONValue {
    var object: JSONObject = [:]
    for entry in entries { object[entry.name] = entry.value.json }
    if let preset { object["preset"] = .string(preset) }
    return .object(object)
  }
}

extension ParameterValue {
  /// The value as JSON.
  var json: JSONValue {
    switch self {
    case .integer(let value): .init(value)
    case .real(let value): .double(value)
    case .flag(let value): .bool(value)
    case .choice(let value), .text(let value): .string(value)
    }
  }
}
