// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
public import Datasets
internal import Objectives
internal import Randomness

/// The examples of a split in a random order that the seed alone decides, epoch after epoch, for as
/// long as somebody asks.
///
/// Batches of rows are taken in random order until a window is full, and the window is shuffled, so
/// that memory does not grow with the dataset.
public struct ExampleStream {
  /// Examples in a window, at least.
  public static let window = 16_384

  private struct Place {
    let shard: Int
    let batch: Int
  }

  private let dataset: Dataset
  private let shards: [Manifest.Shard]
  private let cutter: RowCutter
  private let places: [Place]
  private let key: StreamKey
  private let shuffles: Bool

  private var epoch = -1
  private var order: [UInt32] = []
  private var next = 0
  private var windowNumber = 0
  private var examples: [TrainingExample] = []
  private var used = 0
  /// How many examples were given out.
  public private(set) var consumed = 0
  /// How often all rows were read to the end.
  public private(set) var epochs = 0

  /// Opens the shards of a split; without `shuffles` examples come in the order of the dataset.
  ///
  /// - Throws: `DatasetError` when a shard is missing or damaged.
  public init(
    _ dataset: Dataset, split: String, cutter: RowCutter, seed: UInt64, shuffles: Bool = true
  ) throws {
    self.shuffles = shuffles
    self.dataset = dataset
    self.cutter = cutter
    shards = dataset.manifest.shards.filter { $0.split == split && $0.rows > 0 }
    key = StreamKey(seed: seed)
    var places: [Place] = []
    for (index, shard) in shards.enumerated() {
      let reader = try dataset.reader(of: shard)
      for batch in 0..<reader.batchCount { places.append(Place(shard: index, batch: batch)) }
    }
    self.places = places
  }

  /// The next example; nil if the split has none.
  public mutating func take() throws -> TrainingExample? {
    while used == examples.count {
      let epochsBefore = epochs
      guard !places.isEmpty, try fill() else { return nil }
      // A whole epoch without a single example: there are none.
      if examples.isEmpty, epochs > epochsBefore + 1 { return nil }
    }
    defer {
      used += 1
      consumed += 1
    }
    return examples[used]
  }

  /// The next examples, as many as there are up to `count`.
  public mutating func take(_ count: Int) throws -> [TrainingExample] {
    var taken: [TrainingExample] = []
    while taken.count < count, let example = try take() { taken.append(example) }
    return taken
  }

  /// The examples of the first window: a sample of the split, or all of it.
  public mutating func sample() throws -> [TrainingExample] {
    if examples.isEmpty { _ = try fill() }
    return examples
  }

  /// Goes on where `count` examples were given out.
  public mutating func skip(_ count: Int) throws {
    for _ in 0..<count where try take() == nil { return }
  }

  private mutating func fill() throws -> Bool {
    examples.removeAll(keepingCapacity: true)
    used = 0
    if next == order.count {
      epoch += 1
      next = 0
      windowNumber = 0
      let streams = try RandomStreams(key: key, unit: 0, epoch: epoch & 0xFFFF)
      var stream = streams.stream(.trainingOrder)
      order =
        shuffles
        ? stream.permutation(count: places.count)
        : places.indices.map { UInt32(truncatingIfNeeded: $0) }
    }
    while next < order.count, examples.count < Self.window {
      let place = places[Int(order[next])]
      next += 1
      let shard = shards[place.shard]
      let reader = try dataset.reader(of: shard)
      do {
        let rows = try reader.batch(place.batch)
        try RowReading.forEach(in: rows, columns: cutter.plan.columns) { row, origin in
          examples += cutter.examples(row, document: origin)
        }
      } catch let error as ArrowError {
        throw DatasetError(.corrupt, path: dataset.path(of: shard.file), "\(error)")
      }
    }
    if next == order.count { epochs += 1 }
    windowNumber += 1
    let streams = try RandomStreams(key: key, unit: 0, epoch: epoch & 0xFFFF)
    var stream = streams.stream(.trainingOrder, frame: UInt32(truncatingIfNeeded: windowNumber))
    if shuffles { stream.shuffle(&examples) }
    return true
  }
}
