// SPDX-License-Identifier: Apache-2.0

/// How far a run has come; sent now and then to whoever shows it.
public struct Progress: Sendable, Hashable {
  /// What is being done: `tokenize`, `build`, …
  public var stage: String
  /// Units done or given: bytes of input, or rows.
  public var done: Int
  /// How many there will be; `nil` for a pipe.
  public var total: Int?
  /// What `done` counts: `bytes` or `tokens`.
  public var measure: String
  /// Documents or rows written so far.
  public var rows: Int
  /// Tokens written so far.
  public var tokens: Int
  /// The loss of the latest step of a training, in nats.
  public var loss: Double?

  /// A state of affairs.
  public init(
    stage: String, done: Int, total: Int?, measure: String, rows: Int = 0, tokens: Int = 0,
    loss: Double? = nil
  ) {
    self.stage = stage
    self.done = done
    self.total = total
    self.measure = measure
    self.rows = rows
    self.tokens = tokens
    self.loss = loss
  }
}

/// Receives progress; called from one thread at a time.
public typealias ProgressHandler = (Progress) -> Void
