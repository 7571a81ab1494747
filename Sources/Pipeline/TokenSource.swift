// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import JSON
internal import Objectives

/// One token shard: what `build` takes for one unit.
struct TokenUnitReference: Sendable {
  /// `GROUP-CUT`, groups of further datasets counted on.
  let name: String
  let split: String
  /// The unit's ordinal in the counter of the random streams.
  let ordinal: UInt32
  /// How many tokens it holds; 0 where that is not known before it is read.
  let tokens: Int
  /// What the manifest says of it.
  let input: JSONValue
  fileprivate let dataset: Int
  fileprivate let shard: Manifest.Shard?

  /// A unit that arrives on a pipe.
  init(streamed name: String, split: String, ordinal: UInt32) {
    self.init(
      name: name, split: split, ordinal: ordinal, tokens: 0,
      input: ["stream": "stdin", "ordinal": .init(Int(ordinal))], dataset: 0, shard: nil)
  }

  fileprivate init(
    name: String, split: String, ordinal: UInt32, tokens: Int, input: JSONValue, dataset: Int,
    shard: Manifest.Shard?
  ) {
    self.name = name
    self.split = split
    self.ordinal = ordinal
    self.tokens = tokens
    self.input = input
    self.dataset = dataset
    self.shard = shard
  }
}

/// The token datasets of a build, shard by shard.
struct TokenDatasets: Sendable {
  let datasets: [Dataset]
  let units: [TokenUnitReference]

  /// Opens the datasets and checks that they fit together.
  init(_ directories: [String]) throws {
    var datasets: [Dataset] = []
    var units: [TokenUnitReference] = []
    var nextGroup = 0
    for (index, directory) in directories.enumerated() {
      let dataset = try Dataset(directory)
      guard dataset.manifest.kind == .tokens else {
        throw PipelineError(
          .usage, "\(directory): holds examples; build takes the token dataset they were made from")
      }
      if let first = datasets.first,
        first.manifest.tokenizer.digest != dataset.manifest.tokenizer.digest
      {
        throw PipelineError(
          .usage,
          "\(directory): made with another tokenizer than \(first.directory); tokenize both with one"
        )
      }
      let firstGroup = nextGroup
      for unit in dataset.manifest.units {
        let parts = unit.name.split(separator: "-")
        guard parts.count == 2, let group = Int(parts[0]), (0..<1 << 32).contains(group) else {
          throw PipelineError(.malformed, "\(directory): unit '\(unit.name)' has no GROUP-CUT name")
        }
        nextGroup = max(nextGroup, firstGroup + group + 1)
        for shard in unit.shards {
          let ordinal = UInt32(truncatingIfNeeded: units.count)
          units.append(
            TokenUnitReference(
              name: "\(padded(firstGroup + group, 5))-\(parts[1])", split: shard.split,
              ordinal: ordinal, tokens: shard.tokens,
              input: [
                "dataset": .init(index), "shard": .string(shard.file),
                "content_sha256": .string("\(shard.contentDigest)"),
                "ordinal": .init(Int(ordinal)),
              ],
              dataset: index, shard: shard))
        }
      }
      datasets.append(dataset)
    }
    self.datasets = datasets
    self.units = units
  }

  /// The splits in the order of the first dataset that has them.
  var splits: [String] {
    datasets.flatMap(\.manifest.splits).reduce(into: []) { names, name in
      if !names.contains(name) { names.append(name) }
    }
  }

  var documentCount: Int { units.reduce(0) { $0 + ($1.shard?.rows ?? 0) } }

  func hasColumn(_ name: String) throws -> Bool {
    for unit in units {
      guard let shard = unit.shard else { continue }
      let schema = try datasets[unit.dataset].reader(of: shard).schema
      if schema.index(of: name) == nil { return false }
    }
    return true
  }

  /// The batches of a unit, with some columns alone.
  func batches(
    of reference: TokenUnitReference, columns: [String]
  ) throws -> [(batch: RecordBatch, dataset: Dataset)] {
    guard let shard = reference.shard else {
      throw PipelineError(.usage, "a unit of a pipe can be read only once")
    }
    let dataset = datasets[reference.dataset]
    let path = dataset.path(of: shard.file)
    let reader = try dataset.reader(of: shard)
    let present = columns.filter { reader.schema.index(of: $0) != nil }
    return try (0..<reader.batchCount).map { index in
      do {
        return (try reader.batch(index, columns: present), dataset)
      } catch let error as ArrowError {
        throw PipelineError(.malformed, "\(path): \(error)")
      }
    }
  }

  /// Reads a shard whole.
  func load(_ reference: TokenUnitReference) throws -> TokenizedUnit {
    guard let shard = reference.shard else {
      throw PipelineError(.usage, "a unit of a pipe can be read only once")
    }
    let dataset = datasets[reference.dataset]
    let path = dataset.path(of: shard.file)
    let reader = try dataset.reader(of: shard)
    var loader = try TokenUnitLoader(schema: reader.schema, path: path)
    let columns = TokenUnitLoader.columnNames.filter { reader.schema.index(of: $0) != nil }
    for batch in 0..<reader.batchCount {
      do {
        try loader.append(try reader.batch(batch, columns: columns))
      } catch let error as ArrowError {
        throw PipelineError(.malformed, "\(path): \(error)")
      }
    }
    return try loader.unit(ordinal: reference.ordinal)
  }
}
