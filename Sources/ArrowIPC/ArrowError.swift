// SPDX-License-Identifier: Apache-2.0

/// What went wrong while writing or reading Arrow data, and where.
public struct ArrowError: Error, Sendable, Hashable {
  /// The kind of fault; callers map it to an exit status or a policy.
  public enum Code: String, Sendable, Hashable {
    /// The bytes are not an Arrow file or stream at all.
    case notArrow
    /// The input ends before it should.
    case truncated
    /// The bytes break a rule of the Arrow format.
    case malformed
    /// A compressed buffer does not decode, or its checksum is wrong.
    case corrupt
    /// Legal Arrow that this library does not read; the message names the feature.
    case unsupported
    /// The data claims more than the configured limits allow.
    case limitExceeded
    /// An array, batch, schema or argument handed in by the caller breaks its own rules.
    case invalidArgument
    /// The operating system refused to open or read a file.
    case system
  }

  /// The kind of fault.
  public let code: Code
  /// Where in the file or stream, in bytes from its start.
  public private(set) var offset: Int?
  /// The column in question, with its parents: `input_ids.item`.
  public private(set) var column: String?
  /// The path of the file that was being read.
  public private(set) var path: String?
  /// What is wrong and, where it can be said, what to do.
  public let message: String

  /// Makes an error from its facts.
  public init(
    _ code: Code, _ message: String, offset: Int? = nil, column: String? = nil,
    path: String? = nil
  ) {
    self.code = code
    self.message = message
    self.offset = offset
    self.column = column
    self.path = path
  }

  /// The same error with the facts that were still unknown where it was thrown.
  func located(offset: Int? = nil, column: String? = nil, path: String? = nil) -> ArrowError {
    var error = self
    error.offset = self.offset ?? offset
    error.column = self.column ?? column
    error.path = self.path ?? path
    return error
  }
}

extension ArrowError: CustomStringConvertible {
  /// One line: `shard.arrow: byte 4096, column input_ids: …`.
  public var description: String {
    var place: [String] = []
    if let offset { place.append("byte \(offset)") }
    if let column { place.append("column \(column)") }
    let location = place.joined(separator: ", ")
    let parts = [path ?? "", location, message]
    return parts.filter { !$0.isEmpty }.joined(separator: ": ")
  }
}
