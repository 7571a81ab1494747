// SPDX-License-Identifier: Apache-2.0
public import Datasets

/// How much of `train` a stage writes: it ends with the row in which the amount is reached.
public struct Budget: Sendable, Hashable, CustomStringConvertible {
  /// What is counted.
  public enum Measure: String, Sendable, Hashable, CaseIterable {
    /// Rows.
    case rows
    /// Source tokens, as often as they are served.
    case tokens
    /// Positions with a loss.
    case lossTokens = "loss-tokens"
  }

  /// What is counted.
  public let measure: Measure
  /// How much.
  public let amount: Int

  /// Reads `rows=N`, `tokens=N` or `loss-tokens=N`.
  ///
  /// - Parameter option: the name that errors carry.
  /// - Throws: `PipelineError` with `.usage`.
  public init(_ text: String, option: String) throws(PipelineError) {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let measure = Measure(rawValue: String(parts[0])),
      let amount = Int(parts[1]), amount > 0
    else {
      throw PipelineError(
        .usage, "\(option) takes rows=N, tokens=N or loss-tokens=N with N above 0, not '\(text)'")
    }
    self.measure = measure
    self.amount = amount
  }

  /// As it is written.
  public var description: String { "\(measure.rawValue)=\(amount)" }

  /// How much of it the rows of a finished dataset use.
  public func used(by manifest: Manifest) -> Int {
    manifest.units.filter { $0.isTraining }.reduce(0) { $0 + used(by: $1) }
  }

  /// How much of it the rows of a unit use.
  func used(by unit: Manifest.Unit) -> Int {
    switch measure {
    case .rows: unit.shards.reduce(0) { $0 + $1.rows }
    case .tokens: unit.counts[Self.servedKey] ?? 0
    case .lossTokens: unit.shards.reduce(0) { $0 + ($1.lossTokens ?? 0) }
    }
  }

  /// The count of source tokens that the rows of a unit serve.
  static let servedKey = "served_tokens"
}

extension Manifest.Unit {
  /// Whether the unit is one of `train`.
  var isTraining: Bool { name.hasPrefix("train-") }
}
