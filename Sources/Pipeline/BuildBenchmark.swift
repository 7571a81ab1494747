// SPDX-License-Identifier: Apache-2.0
internal import Concurrency
internal import Datasets
internal import Digests
public import JSON
internal import Objectives
internal import Randomness

/// `prep bench build`: how fast an objective turns tokens in memory into examples in memory.
///
/// Framing and corruption are timed; reading, compressing and writing are not.
public struct BuildBenchmark {
  private let run: BuildRun
  private let options: BuildOptions
  private let rounds: Int

  /// A benchmark of an objective on token datasets.
  ///
  /// - Throws: as `BuildRun`.
  public init(_ options: BuildOptions, rounds: Int) throws {
    self.options = options
    self.rounds = max(1, rounds)
    run = try BuildRun(options)
  }

  /// Runs it.
  ///
  /// - Returns: `tokens_per_second` (source tokens) and `examples_per_second`, medians over the
  ///   rounds, and `examples_sha256` over the columns in order.
  /// - Throws: what framing or corruption throws.
  public func measure() throws -> JSONObject {
    let units = try run.loadUnits()
    let tokens = units.reduce(0) { $0 + $1.tokens.count }
    let clock = ContinuousClock()
    var seconds: [Double] = []
    var examples = 0
    for _ in 0..<rounds {
      let duration = try clock.measure {
        examples = 0
        for unit in units { examples += try run.buildInMemory(unit) { _ in } }
      }
      seconds.append(duration / .seconds(1))
    }
    var hash = SHA256()
    for unit in units { _ = try run.buildInMemory(unit) { $0.update(&hash) } }
    let median = seconds.sorted()[seconds.count / 2]
    return [
      "objective": .string(options.objective), "threads": .init(options.threads),
      "tokens": .init(tokens), "examples": .init(examples),
      "tokens_per_second": .double(Double(tokens) / median),
      "examples_per_second": .double(Double(examples) / median),
      "examples_sha256": .string("\(hash.finalize())"),
    ]
  }
}

extension BuildRun {
  /// All units of the train split (or of whatever there is), in memory.
  func loadUnits() throws -> [TokenizedUnit] {
    guard case .datasets(let datasets) = input else {
      throw PipelineError(.usage, "a benchmark needs a token dataset, not a pipe")
    }
    let split = datasets.splits.contains("train") ? "train" : datasets.splits.first
    return try datasets.units.filter { $0.split == split }.map { try datasets.load($0) }
  }

  /// Frames and corrupts a unit.
  ///
  /// - Returns: the number of examples.
  func buildInMemory(_ unit: TokenizedUnit, _ receive: (ExampleBatch) -> Void) throws -> Int {
    let streams = try RandomStreams(key: StreamKey(seed: seed), unit: Int(unit.ordinal))
    let frames = try frames(of: unit, random: streams)
    let selection = RowSelection(all: frames.count)
    let step = rowsPerBatch(frames)
    var next = 0
    var rows = 0
    try OrderedPipeline<Range<Int>, ExampleBatch, Void, Void>(threads: options.threads).run(
      source: {
        guard next < frames.count else { return nil }
        defer { next = min(frames.count, next + step) }
        return next..<min(frames.count, next + step)
      },
      worker: {
        let worker = try makeWorker()
        return .init(
          map: { try worker.examples($0, selection, of: frames, random: streams) }, finish: { $0 })
      },
      fold: { batch, _ in
        rows += batch.rowCount
        receive(batch)
      },
      flush: { _ in }, sink: { _ in })
    return rows
  }
}

extension ExampleBatch {
  /// Adds the values of all columns to a hash.
  fileprivate func update(_ hash: inout SHA256) {
    for buffer in buffers {
      switch buffer.values {
      case .tokenIDs(let values): values.withUnsafeBytes { hash.update($0) }
      case .uint8(let values): values.withUnsafeBytes { hash.update($0) }
      case .int32(let values): values.withUnsafeBytes { hash.update($0) }
      case .float32(let values): values.withUnsafeBytes { hash.update($0) }
      }
    }
  }
}
