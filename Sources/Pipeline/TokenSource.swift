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
  let dataset: Int
  let shard: Manifest.Shard
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
        guard parts.count == 2, let group = Int(parts[0]) else {
          throw PipelineError(.malformed, "\(directory): unit '\(unit.name)' has no GROUP-CUT name")
        }
        nextGroup = max(nextGroup, firstGroup + group + 1)
        for shard in unit.shards {
          units.append(
            TokenUnitReference(
              name: "\(padded(firstGroup + group, 5))-\(parts[1])", split: shard.split,
              ordinal: UInt32(truncatingIfNeeded: units.count), dataset: index, shard: shard))
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

  var documentCount: Int { units.reduce(0) { $0 + $1.shard.rows } }

  func hasColumn(_ name: String) throws -> Bool {
    for unit in units {
      let schema = try datasets[unit.dataset].reader(of: unit.shard).schema
      if schema.index(of: name) == nil { return false }
    }
    return true
  }

  /// Reads a shard whole.
  func load(_ reference: TokenUnitReference) throws -> TokenizedUnit {
    let dataset = datasets[reference.dataset]
    let path = dataset.path(of: reference.shard.file)
    let reader = try dataset.reader(of: reference.shard)
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
