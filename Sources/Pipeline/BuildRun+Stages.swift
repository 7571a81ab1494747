// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import Objectives

extension BuildRun {
  /// Refuses what does not go together with budgets, stages and sampling.
  ///
  /// - Throws: `PipelineError` with `.usage`.
  static func checkStage(_ options: BuildOptions) throws(PipelineError) {
    let asked = [
      options.budget.map { _ in "--budget" }, options.after.map { _ in "--after" },
    ].compactMap { $0 }
    guard let first = asked.first else { return }
    let others = [
      options.limit.map { _ in "--limit" }, options.epoch.map { _ in "--epoch" },
      options.part == .whole ? nil : "--part", options.startRow == 0 ? nil : "--start-row",
    ].compactMap { $0 }
    if let other = others.first {
      throw PipelineError(.usage, "\(first) and \(other) exclude each other")
    }
  }

  /// Where the stage begins; nil at the beginning of the stream.
  static func start(_ options: BuildOptions, _ input: TokenInput) throws -> StageStart? {
    guard options.after != nil || options.budget != nil else { return nil }
    guard case .datasets(let datasets) = input else {
      throw PipelineError(.usage, "--budget and --after need a token dataset, not a pipe")
    }
    let training = datasets.units.filter { $0.split == "train" }
    guard !training.isEmpty else {
      throw PipelineError(.usage, "--budget and --after: the tokens have no split named train")
    }
    guard let after = options.after else { return nil }
    return try StageStart(
      after: after, units: training, inputs: input.json, seed: options.seed)
  }

  /// How often documents are served; nil for once an epoch.
  static func sampling(
    _ options: BuildOptions, _ input: TokenInput
  ) throws -> DocumentSampling? {
    guard let sampling = options.sampling else { return nil }
    guard case .datasets(let datasets) = input else {
      throw PipelineError(.usage, "--sample needs a token dataset, not a pipe")
    }
    return try DocumentSampling(sampling, datasets) { total in
      if let budget = options.budget, budget.measure == .tokens, total > 0 {
        return Double(budget.amount) / Double(total)
      }
      return Double(options.passes ?? 1)
    }
  }
}
