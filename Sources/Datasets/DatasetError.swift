// SPDX-License-Identifier: Apache-2.0

/// What went wrong with a dataset on disk, as a fact: what, where, and what to do.
public struct DatasetError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kinds of fault, as callers tell them apart.
  public enum Code: Sendable, Hashable {
    /// The path does not exist or cannot be read.
    case missing
    /// The path exists and is no dataset of the kind that was asked for.
    case notADataset
    /// A file of the dataset is damaged or contradicts the manifest.
    case corrupt
    /// The output cannot be created, or is refused because something is there.
    case outputRefused
    /// Reading or writing failed; the disk may be full.
    case inputOutput
    /// The reader of our pipe went away.
    case brokenPipe
    /// The parameters do not fit together.
    case usage
  }

  /// The kind of fault.
  public let code: Code
  /// The file or directory concerned.
  public let path: String
  /// What happened and what to do about it.
  public let message: String

  /// A fault at a path.
  public init(_ code: Code, path: String, _ message: String) {
    self.code = code
    self.path = path
    self.message = message
  }

  /// One or two lines: the place, the fact, the remedy.
  public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
