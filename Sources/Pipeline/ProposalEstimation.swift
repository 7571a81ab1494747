// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Datasets
internal import Objectives

/// Counts token shards for a proposal, one after the other: of each its first documents, so many
/// that all together stay within a budget.
struct ProposalEstimation {
  /// About this many tokens are counted at most.
  static let tokenBudget = 1 << 26
  /// One document in so many is held out to measure the proposal.
  static let heldOutEvery = 32
  /// About this many tokens are held out at most.
  static let heldOutTokens = 1 << 18

  let counts: NGramCounts
  let heldOut: [[TokenID]]
  /// Documents that were counted.
  let documents: Int
  /// Tokens that were counted.
  let tokens: Int

  /// Counts the `train` split, or what there is instead.
  ///
  /// - Throws: `ObjectiveError` when the vocabulary is too large, `DatasetError` and
  ///   `PipelineError` when a shard cannot be read.
  init(_ datasets: TokenDatasets, vocabulary: Vocabulary, countsNeighbours: Bool) throws {
    let split = datasets.splits.contains("train") ? "train" : datasets.splits.first
    let shards = datasets.datasets.flatMap { dataset in
      dataset.manifest.shards.filter { $0.split == split }.map { (dataset: dataset, shard: $0) }
    }
    let total = shards.reduce(0) { $0 + $1.shard.tokens }
    var counter = try NGramCounter(vocabulary: vocabulary, countsNeighbours: countsNeighbours)
    var heldOut: [[TokenID]] = []
    var heldOutSize = 0
    var documents = 0
    var tokens = 0
    for (dataset, shard) in shards {
      let share = Double(Self.tokenBudget) / Double(max(1, total))
      var left = share >= 1 ? Int.max : max(1, Int(share * Double(shard.tokens)))
      let path = dataset.path(of: shard.file)
      let reader = try dataset.reader(of: shard)
      for index in 0..<reader.batchCount where left > 0 {
        let (ids, offsets) = try Self.documents(reader, batch: index, path: path)
        try ids.withUnsafeBufferPointer { ids in
          for row in 0..<(offsets.count - 1) where left > 0 {
            let range = offsets[row]..<offsets[row + 1]
            guard range.upperBound <= ids.count else {
              throw PipelineError(.malformed, "\(path): a document reaches beyond its batch")
            }
            let document = UnsafeBufferPointer(rebasing: ids[range])
            documents += 1
            left -= range.count
            if documents.isMultiple(of: Self.heldOutEvery), heldOutSize < Self.heldOutTokens {
              heldOut.append(Array(document))
              heldOutSize += range.count
            } else {
              counter.add(document)
              tokens += range.count
            }
          }
        }
      }
    }
    counts = counter.finish()
    self.heldOut = heldOut
    self.documents = documents - heldOut.count
    self.tokens = tokens
  }

  private static func documents(
    _ reader: ArrowFileReader, batch index: Int, path: String
  ) throws -> (ids: [TokenID], offsets: [Int]) {
    do {
      let batch = try reader.batch(index, columns: ["input_ids"])
      guard let column = batch["input_ids"], let items = column.children.first else {
        throw PipelineError(.malformed, "\(path): no column 'input_ids' of lists")
      }
      return (try items.integers(as: TokenID.self), column.listOffsets)
    } catch let error as ArrowError {
      throw PipelineError(.malformed, "\(path): \(error)")
    }
  }
}
