// SPDX-License-Identifier: Apache-2.0

/// What a row asks of a model: which of its positions are predicted, and from what.
public enum TaskKind: String, Sendable, Hashable {
  /// Hidden tokens from both sides: `mlm`, `mdlm`, the generator of `rtd`.
  case masked
  /// Hidden tokens from both sides, at the position before them: `mntp`.
  case maskedNext
  /// Tokens in a random order: `plm`.
  case permuted
  /// Each token from those before it: `clm`.
  case causal
  /// The same of texts that were rearranged: `fim`.
  case middle
  /// Noise spans, each behind its sentinel: `t5-span`, `t5-iid`, R and X of `ul2`.
  case spans
  /// A whole text from a damaged one: the family of `bart`.
  case blocks
  /// The rest from the beginning: `prefix-lm`, S of `ul2`.
  case prefix
  /// Which tokens were replaced: `rtd`.
  case replaced

  /// Whether a target is written from a source of its own.
  public var hasSource: Bool { self == .spans || self == .blocks || self == .prefix }
}

/// A task of a dataset: its objective, or a member of a mixture.
public struct TrainingTask: Sendable, Hashable {
  /// The name under which its verdict stands: the objective's, or the task's as in `ul2.r1`.
  public let name: String
  /// What its rows ask.
  public let kind: TaskKind

  /// A task.
  public init(name: String, kind: TaskKind) {
    self.name = name
    self.kind = kind
  }
}
