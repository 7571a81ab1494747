// SPDX-License-Identifier: Apache-2.0
internal import ArrowIPC
internal import Corpus
internal import Datasets
internal import JSON
internal import Objectives
internal import Tokenization
internal import UnicodeText

/// A fault in how the pieces were put together: wrong usage, an input that cannot serve, an
/// output that cannot be written.
public struct PipelineError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of fault; each has its exit status, see `ExitStatus`.
  public enum Code: Sendable, Hashable {
    /// The parameters are wrong or do not fit together.
    case usage
    /// The input is malformed or cannot serve.
    case malformed
    /// The input is missing or unreadable.
    case missing
    /// The output cannot be created.
    case outputRefused
    /// Reading or writing failed.
    case inputOutput
    /// The reader of our pipe went away.
    case brokenPipe
  }

  /// The kind of fault.
  public let code: Code
  /// What happened, where, and what to do.
  public let message: String

  /// A fault.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
