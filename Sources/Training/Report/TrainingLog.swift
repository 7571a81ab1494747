// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// The log of a training as JSON lines: each step, each measurement, each verdict.
///
/// It holds no clock times, so that the same run gives the same lines.
public struct TrainingLog: Sendable {
  /// The lines, each with its line break.
  public private(set) var bytes: [UInt8] = []
  private var events: [JSONObject] = []

  /// An empty log.
  public init() {}

  /// A log that goes on.
  ///
  /// - Throws: `JSONError` for a line that is no JSON.
  public init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    events = try bytes.split(separator: UInt8(ascii: "\n")).compactMap {
      try JSONValue(parsing: Array($0)).objectValue
    }
  }

  /// Adds a step of the optimizer.
  public mutating func step(_ step: Int, _ losses: StepLosses, rate: Double, tokens: Int) {
    var line: JSONObject = [
      "event": "step", "step": .init(step), "loss": .double(losses.tokenLoss),
      "labels": .init(losses.labels), "gradient_norm": .double(losses.gradientNorm),
      "learning_rate": .double(rate), "tokens": .init(tokens),
    ]
    if let pairs = losses.pairLoss { line["pair_loss"] = .double(pairs) }
    add(line)
  }

  /// Adds what a head showed on the held-out split.
  public mutating func measurement(_ step: Int, _ evidence: Evidence) {
    add(Self.line("held-out", step, evidence))
  }

  /// Adds what was said of a head at the end.
  public mutating func verdict(_ judgement: Judgement, step: Int) {
    var line: JSONObject =
      judgement.evidence.map { Self.line("verdict", step, $0) }
      ?? ["event": "verdict", "step": .init(step), "head": .string(judgement.name)]
    line["verdict"] = .string(judgement.verdict.rawValue)
    line["reason"] = .string(judgement.reason)
    add(line)
  }

  private static func line(_ event: String, _ step: Int, _ evidence: Evidence) -> JSONObject {
    var line: JSONObject = [
      "event": .string(event), "step": .init(step), "head": .string(evidence.name),
      "loss": number(evidence.loss), "against": .string(evidence.against),
      "baseline": number(evidence.baseline), "gap": number(evidence.gap.mean),
      "lower": number(evidence.gap.lower), "upper": number(evidence.gap.upper),
    ]
    if let unigram = evidence.unigram { line["unigram"] = number(unigram) }
    if let bigram = evidence.bigram { line["bigram"] = number(bigram) }
    return line
  }

  private static func number(_ value: Double) -> JSONValue {
    value.isFinite ? .double(value) : .null
  }

  private mutating func add(_ line: JSONObject) {
    bytes += JSONValue.object(line).serialized(sortedKeys: false) + [UInt8(ascii: "\n")]
    events.append(line)
  }

  // MARK: Curves

  /// How the losses of a head went.
  public func curve(of head: JudgedHead) -> LossCurve {
    var curve = LossCurve(name: head.name, against: head.against)
    if let unigram = head.unigram { curve.constants.append(("unigram", unigram)) }
    if let bigram = head.bigram { curve.constants.append(("bigram", bigram)) }
    var member = "loss"
    if case .pairs = head.opponent { member = "pair_loss" }
    var recent: [Double] = []
    for event in events {
      guard let step = event["step"]?.integerValue else { continue }
      let loss = event[member]?.doubleValue
      if event["event"] == "step" {
        if let loss { recent.append(loss) }
      } else if event["head"]?.stringValue == head.name, let own = event["loss"]?.doubleValue {
        curve.heldOut.append(.init(step: step, loss: own))
        if let baseline = event["baseline"]?.doubleValue {
          curve.baseline.append(.init(step: step, loss: baseline))
        }
        if head.isOfEveryStep, !recent.isEmpty {
          let mean = recent.reduce(0, +) / Double(recent.count)
          curve.training.append(.init(step: step, loss: mean))
        }
        recent.removeAll()
      }
    }
    return curve
  }
}
