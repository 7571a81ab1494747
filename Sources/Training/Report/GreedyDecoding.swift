// SPDX-License-Identifier: Apache-2.0

/// Writes what a model holds most likely, token by token.
public struct GreedyDecoding {
  private let model: Model
  private let builder: BatchBuilder
  private let plan: TrainingPlan
  /// The id of the dataset for each id of the model; of those that share one, the first.
  private let originals: [Int32]

  /// A decoder for the examples of a plan.
  public init(_ model: Model, builder: BatchBuilder, plan: TrainingPlan, ids: IDMap) {
    self.model = model
    self.builder = builder
    self.plan = plan
    var originals = [Int32](repeating: -1, count: ids.size)
    for id in stride(from: Int32(plan.vocabularySize) - 1, through: 0, by: -1) {
      let own = Int(ids[id])
      if own < originals.count { originals[own] = id }
    }
    self.originals = originals
  }

  /// What to show of an example: what it gives, and what is to be written.
  public struct Prompt: Sendable {
    /// The ids that the model reads before it writes.
    public let given: [Int32]
    /// The ids that the dataset has there.
    public let truth: [Int32]
    let example: TrainingExample
  }

  /// The prompt of a held-out example; nil if nothing is completed there.
  public static func prompt(_ example: TrainingExample, kind: TaskKind) -> Prompt? {
    if example.decoderInputs != nil {
      let truth = example.labels.filter { $0 != TrainingExample.ignored }
      return Prompt(given: example.inputs, truth: truth, example: example)
    }
    var start = example.sourceLength
    var end = example.inputs.count
    if kind == .middle {
      guard let parts = example.parts else { return nil }
      start = parts.middle.lowerBound + 1
      end = min(end, parts.middle.upperBound + 1)
    } else if !kind.hasSource {
      return nil
    }
    guard start > 0, start < end else { return nil }
    return Prompt(
      given: Array(example.inputs[..<start]), truth: Array(example.inputs[start..<end]),
      example: example)
  }

  /// What the model writes: until it ends the text, or has written as much as there is to write and
  /// half as much again.
  public func complete(_ prompt: Prompt) throws -> [Int32] {
    let end = plan.roles["eos"]
    let isSplit = prompt.example.decoderInputs != nil
    let limit = isSplit ? .max : model.configuration.positions - prompt.given.count
    var written: [Int32] = []
    for _ in 0..<min(prompt.truth.count * 3 / 2 + 1, limit) {
      var example = prompt.example
      if isSplit {
        example.decoderInputs = (prompt.example.decoderInputs?.prefix(1)).map(Array.init) ?? []
        example.decoderInputs?.append(contentsOf: written)
        example.labels = example.decoderInputs ?? []
      } else {
        example.inputs = prompt.given + written
        example.labels = example.inputs
        example.attention = example.sourceLength > 0 ? .prefix(example.sourceLength) : .causal
      }
      example.positions = nil
      let logits = try model.logits(builder.batch([example]), at: [example.labels.count - 1])
      guard let best = logits.indices.max(by: { logits[$0] < logits[$1] }), originals[best] >= 0
      else { break }
      written.append(originals[best])
      if originals[best] == end { break }
    }
    return written
  }
}
