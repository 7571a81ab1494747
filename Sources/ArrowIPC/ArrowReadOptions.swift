// SPDX-License-Identifier: Apache-2.0

/// What a reader accepts, and how much memory data of unknown origin may ask for.
public struct ArrowReadOptions: Sendable, Hashable {
  /// The largest metadata block: the schema, one batch's description, or a footer.
  public var maximumMetadataBytes = 64 << 20
  /// The largest batch after decoding, all selected columns together.
  public var maximumBatchBytes = 1 << 30
  /// How many decoded bytes each byte of a batch's body may stand for, beyond 24 MiB a batch: a
  /// small file cannot ask for much. LZ4 stays below 255 by its nature; of zstd only long columns of
  /// next to nothing exceed it.
  public var maximumExpansion = 256
  /// Refuse compressed buffers without a checksum, which would not notice flipped bits.
  public var requiresChecksums = false
  /// Accept schemas with columns of types that are not read. Such columns cannot be decoded,
  /// the others can.
  public var passesOverUnsupported = false
  /// Map files into memory instead of reading them piece by piece. Faster, and for files that
  /// nobody changes: one that is cut short while it is mapped ends the process.
  public var mapsFiles = false

  /// The defaults: 64 MiB of metadata, 1 GiB a batch, checksums optional, nothing mapped.
  public init() {}

  /// The most that a batch with a body of so many bytes may be decoded to.
  func decodedLimit(bodyLength: Int) -> Int {
    let (product, overflow) = bodyLength.multipliedReportingOverflow(by: max(1, maximumExpansion))
    return min(maximumBatchBytes, overflow ? Int.max : max(product, product &+ (24 << 20)))
  }
}
