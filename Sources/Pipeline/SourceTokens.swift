// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import JSON
internal import Validation

/// The token datasets that examples were made from, for holding their rows against them.
struct SourceTokens {
  private let datasets: TokenDatasets

  /// Opens the datasets, in the order in which they were built from.
  init(_ directories: [String]) throws {
    datasets = try TokenDatasets(directories)
  }

  /// The documents that a unit of examples was made from; one shard in memory.
  ///
  /// - Throws: `PipelineError` if the unit was made from other tokens.
  func documents(of unit: Manifest.Unit) throws -> SourceDocuments {
    let ordinal = unit.input["ordinal"]?.integerValue
    let reference = datasets.units.first { reference in
      unit.input["stream"] == nil
        ? reference.input == unit.input : Int(reference.ordinal) == ordinal
    }
    guard let reference else {
      throw PipelineError(
        .malformed,
        "unit \(unit.name) was not made from the token datasets that --against names, or not from"
          + " those in this order")
    }
    return SourceDocuments(try datasets.load(reference))
  }

  /// All documents of all shards, in memory.
  func all() throws -> SourceDocuments {
    try SourceDocuments(datasets.units.map { try datasets.load($0) })
  }
}
