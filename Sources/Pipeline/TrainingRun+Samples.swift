// SPDX-License-Identifier: Apache-2.0
internal import Datasets
internal import Tokenization
internal import Training

extension TrainingRun {
  /// The longest prompt and the longest completion that are shown, in tokens.
  private static let shownTokens = 96

  /// Held-out examples completed by greedy decoding, with what the dataset has there.
  func samples(
    _ judge: TrainingJudge, _ model: Model, _ builder: BatchBuilder, _ ids: IDMap
  ) throws -> [TrainingReport.Sample] {
    let tokenizer = try TokenizerFile(
      path: dataset.directory, roles: dataset.manifest.tokenizer
    ).tokenizer
    let text = { (tokens: [Int32]) -> String in
      let known = tokens.compactMap { UInt32(exactly: $0) }
      // The bytes of single tokens: what is special is to be seen.
      let bytes = known.flatMap { tokenizer.bytes(of: $0) ?? [] }
      return String(decoding: bytes, as: UTF8.self)
    }
    let decoding = GreedyDecoding(model, builder: builder, plan: plan, ids: ids)
    var samples: [TrainingReport.Sample] = []
    // In turns, so that several tasks are shown.
    let most = judge.heldOut.map(\.count).max() ?? 0
    for index in 0..<most {
      for (task, examples) in zip(plan.tasks, judge.heldOut) where index < examples.count {
        guard samples.count < options.samples,
          let prompt = GreedyDecoding.prompt(examples[index], kind: task.kind),
          prompt.truth.count <= Self.shownTokens
        else { continue }
        samples.append(
          TrainingReport.Sample(
            task: task.name, given: text(prompt.given),
            written: text(try decoding.complete(prompt)), truth: text(prompt.truth)))
      }
      if samples.count >= options.samples { break }
    }
    return samples
  }
}
