// SPDX-License-Identifier: Apache-2.0

/// What went wrong with a model, a checkpoint or a batch, as a fact: what, where, and what to do.
public struct TrainingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of fault, as callers tell them apart.
  public enum Code: Sendable, Hashable {
    /// The path does not exist or cannot be read.
    case missing
    /// A file is damaged, or contradicts what stands beside it.
    case corrupt
    /// The checkpoint is whole, but of a kind that is not read here.
    case unsupported
    /// The output cannot be created.
    case outputRefused
    /// Reading or writing failed; the disk may be full.
    case inputOutput
    /// The model and what it is given do not fit together.
    case usage
    /// The loss is not a number any more.
    case diverged
  }

  /// The kind of fault.
  public let code: Code
  /// The file or directory concerned; empty if there is none.
  public let path: String
  /// What happened and what to do about it.
  public let message: String

  /// A fault, at a path if there is one.
  public init(_ code: Code, path: String = "", _ message: String) {
    self.code = code
    self.path = path
    self.message = message
  }

  /// One or two lines: the place, the fact, the remedy.
  public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
