// SPDX-License-Identifier: Apache-2.0
public import JSON
public import Training

/// What a training found.
public struct TrainingReport: Sendable {
  /// A held-out example, as it was completed.
  public struct Sample: Sendable, Hashable {
    /// The task's name.
    public let task: String
    /// What the model read.
    public let given: String
    /// What it wrote.
    public let written: String
    /// What the dataset has there.
    public let truth: String
  }

  /// The dataset's directory.
  public var dataset: String
  /// The objective's name.
  public var objective: String
  /// The kind of model.
  public var family: ModelFamily
  /// Trainable numbers of the model; 0 if none was made.
  public var parameters = 0
  /// Steps of training.
  public var steps = 0
  /// Tokens that were trained on, those of decoders included.
  public var tokens = 0
  /// How often all rows were read.
  public var epochs = 0
  /// One for each head.
  public var judgements: [Judgement] = []
  /// One for each head.
  public var curves: [LossCurve] = []
  /// Held-out examples that were completed.
  public var samples: [Sample] = []
  /// Where the checkpoint is; nil if none was written.
  public var checkpoint: String?
  /// What could not be done, and why.
  public var notes: [String] = []

  /// Whether a check passes.
  public func isGood(strict: Bool) -> Bool {
    !judgements.contains { $0.verdict.fails(strict: strict) }
  }

  /// All of it, for programs.
  public var json: JSONValue {
    var verdicts: JSONObject = [:]
    for judgement in judgements { verdicts[judgement.name] = Self.json(judgement) }
    let samples = samples.map { sample -> JSONValue in
      [
        "task": .string(sample.task), "given": .string(sample.given),
        "written": .string(sample.written), "truth": .string(sample.truth),
      ]
    }
    return [
      "dataset": .string(dataset), "objective": .string(objective),
      "family": .string(family.rawValue), "parameters": .init(parameters), "steps": .init(steps),
      "tokens": .init(tokens), "epochs": .init(epochs), "verdicts": .object(verdicts),
      "samples": .array(samples), "checkpoint": checkpoint.map { .string($0) } ?? nil,
      "notes": .array(notes.map { .string($0) }),
    ]
  }

  private static func json(_ judgement: Judgement) -> JSONValue {
    var object: JSONObject = [
      "verdict": .string(judgement.verdict.rawValue), "reason": .string(judgement.reason),
    ]
    guard let evidence = judgement.evidence else { return .object(object) }
    let number = { (value: Double?) -> JSONValue in
      value.flatMap { $0.isFinite ? .double($0) : nil } ?? nil
    }
    object["loss"] = number(evidence.loss)
    object["against"] = .string(evidence.against)
    object["baseline"] = number(evidence.baseline)
    object["gap"] = number(evidence.gap.mean)
    object["interval"] = [number(evidence.gap.lower), number(evidence.gap.upper)]
    object["detectable"] = number(evidence.gap.detectable)
    object["unigram"] = number(evidence.unigram)
    object["bigram"] = number(evidence.bigram)
    object["labels"] = .init(evidence.gap.labels)
    object["documents"] = .init(evidence.gap.documents)
    return .object(object)
  }
}
