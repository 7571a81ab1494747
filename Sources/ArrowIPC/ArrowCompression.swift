// SPDX-License-Identifier: Apache-2.0

/// How the buffers of batches are stored.
public enum ArrowCompression: Hashable, Sendable {
  /// As they are; nothing in the file then guards them against flipped bits.
  case none
  /// Each as one zstd frame with content size and checksum.
  case zstd(level: Int)
}
