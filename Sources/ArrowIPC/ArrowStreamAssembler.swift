// SPDX-License-Identifier: Apache-2.0

/// Frames encoded batches as an Arrow stream: `head`, the bytes of each batch, `tail`.
///
/// A stream that is cut between two messages is a valid shorter stream, so a producer that must be
/// noticed to have finished ends with a batch of no rows whose metadata holds the totals.
public struct ArrowStreamAssembler: Sendable {
  private let headBytes: [UInt8]

  /// Starts a stream.
  ///
  /// - Throws: `.invalidArgument` for a schema that cannot be written.
  public init(schema: ArrowSchema) throws(ArrowError) {
    headBytes = try Format.schemaMessage(schema)
  }

  /// The first bytes: the schema.
  public func head() -> [UInt8] { headBytes }

  /// The last bytes: the end-of-stream marker.
  public func tail() -> [UInt8] { Format.endOfStream }
}
