// SPDX-License-Identifier: Apache-2.0

/// What a reader accepts, and how much memory data of unknown origin may ask for.
public struct ArrowReadOptions: Sendable, Hashable {
  /// The largest metadata block: the schema, one batch's description, or a footer.
  public var maximumMetadataBytes = 64 << 20
  /// The largest batch after decoding, all selected columns together.
  public var maximumBatchBytes = 1 << 30
  /// Refuse zstd frames without a checksum, which would not notice flipped bits.
  public var requiresChecksums = false

  /// The defaults: 64 MiB of metadata, 1 GiB a batch, checksums optional.
  public init() {}
}
