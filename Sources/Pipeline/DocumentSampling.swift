// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import JSON
internal import Objectives
internal import Randomness

/// What `--sample` asks for: shares of sources or languages by temperature.
public struct SamplingOptions: Sendable, Hashable {
  /// What documents are grouped by.
  public enum Group: String, Sendable, Hashable, CaseIterable {
    /// The source of the token dataset.
    case source
    /// The language.
    case lang
  }

  /// The α of mT5.
  public static let defaultAlpha = 0.3
  /// What repetition costs little (Muennighoff et al. 2023, arXiv 2305.16264).
  public static let defaultMaxEpochs = 4.0

  /// What documents are grouped by.
  public let group: Group
  /// The exponent α: shares are in proportion to tokens^α.
  public let alpha: Double
  /// How often a document is served at most, over all epochs where their number is known.
  public let maxEpochs: Double

  /// - Throws: `PipelineError` with `.usage` when a number is out of range.
  public init(group: Group, alpha: Double, maxEpochs: Double) throws(PipelineError) {
    guard TemperatureSampling.exponents.contains(alpha) else {
      throw PipelineError(.usage, "--alpha takes a number from 0 to 1, not \(alpha)")
    }
    guard maxEpochs > 0, maxEpochs <= TemperatureSampling.largestRepeats else {
      throw PipelineError(
        .usage,
        "--max-epochs takes a number above 0 and up to \(Int(TemperatureSampling.largestRepeats)), "
          + "not \(maxEpochs)")
    }
    self.group = group
    self.alpha = alpha
    self.maxEpochs = maxEpochs
  }

  var json: JSONValue {
    [
      "by": .string(group.rawValue), "alpha": .double(alpha), "max_epochs": .double(maxEpochs),
    ]
  }
}

/// How often each document of `train` is served in an epoch, by its source or language.
struct DocumentSampling: Sendable {
  private let options: SamplingOptions
  private let names: [String]
  private let tokens: [Int]
  private let plan: TemperatureSampling

  /// Counts the tokens of each group.
  ///
  /// - Parameter passes: epochs over which repetition is capped.
  /// - Throws: `DatasetError` and `PipelineError` when a shard cannot be read.
  init(_ options: SamplingOptions, _ datasets: TokenDatasets, passes: (Int) -> Double) throws {
    self.options = options
    var counts: [String: Int] = [:]
    for reference in datasets.units where reference.split == "train" {
      let labels = try datasets.labels(of: reference, options.group)
      for (label, length) in zip(labels, try datasets.documentLengths(of: reference)) {
        counts[label, default: 0] += length
      }
    }
    names = counts.keys.sorted()
    tokens = names.map { counts[$0] ?? 0 }
    let total = tokens.reduce(0, +)
    plan = TemperatureSampling(
      tokens: tokens, exponent: options.alpha,
      cap: options.maxEpochs / max(1, passes(total)))
  }

  /// The documents of a unit as often as they are served in an epoch, in corpus order.
  func stretches(
    of unit: TokenizedUnit, _ reference: TokenUnitReference, _ datasets: TokenDatasets, epoch: Int,
    seed: UInt64
  ) throws -> [Stretch] {
    let indices = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    let groups = try datasets.labels(of: reference, options.group).map { indices[$0] ?? 0 }
    guard groups.count == unit.documentCount else {
      throw PipelineError(.malformed, "a token shard has documents without \(options.group)")
    }
    let copies = plan.copies(
      groups: groups, epoch: epoch,
      random: try RandomStreams(key: StreamKey(seed: seed), unit: Int(unit.ordinal)))
    var stretches: [Stretch] = []
    for (document, count) in copies.enumerated() {
      let length = unit.documentOffsets[document + 1] - unit.documentOffsets[document]
      guard length > 0 else { continue }
      let whole = Stretch(
        document: UInt32(truncatingIfNeeded: document), offset: 0, length: length)
      stretches += Array(repeating: whole, count: count)
    }
    return stretches
  }

  /// What the manifest says: of each group its tokens, its share of an epoch, and how often its
  /// documents are served in one.
  var facts: JSONValue {
    // Six decimals say what is meant, and look the same everywhere.
    func rounded(_ value: Double) -> JSONValue {
      .double((value * 1e6).rounded(.toNearestOrEven) / 1e6)
    }
    var groups: JSONObject = [:]
    for (index, name) in names.enumerated() {
      groups[name] = [
        "tokens": .init(tokens[index]), "share": rounded(plan.shares[index]),
        "repeats": rounded(plan.repeats(of: index)),
      ]
    }
    return .object(groups)
  }
}

extension TokenDatasets {
  /// The source's name or the language of each document of a unit.
  func labels(
    of reference: TokenUnitReference, _ group: SamplingOptions.Group
  ) throws -> [String] {
    try batches(of: reference, columns: [group.rawValue]).flatMap { batch, dataset -> [String] in
      guard let column = batch[group.rawValue] else {
        throw PipelineError(
          .usage, "the token dataset \(dataset.directory) has no column '\(group.rawValue)'")
      }
      switch group {
      case .lang: return (0..<batch.rowCount).map { column.string(at: $0) ?? "" }
      case .source:
        let inputs = dataset.manifest.inputs.arrayValue ?? []
        return try column.integers(as: UInt16.self).map { index in
          Int(index) < inputs.count
            ? inputs[Int(index)]["name"]?.stringValue ?? "\(index)" : "\(index)"
        }
      }
    }
  }

  fileprivate func documentLengths(of reference: TokenUnitReference) throws -> [Int] {
    try batches(of: reference, columns: ["input_ids"]).flatMap { batch, _ -> [Int] in
      let offsets = batch["input_ids"]?.listOffsets ?? []
      return zip(offsets, offsets.dropFirst()).map { $1 - $0 }
    }
  }
}
