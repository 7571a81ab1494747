// SPDX-License-Identifier: Apache-2.0

/// The eight bytes before each message: continuation marker and length of the metadata.
enum Framing {
  /// The metadata's length, or nil for the end of the stream.
  static func metadataLength(
    _ bytes: [UInt8], at offset: Int, options: ArrowReadOptions
  ) throws(ArrowError) -> Int? {
    guard bytes.starts(with: Format.continuation) else {
      throw ArrowError(
        .malformed, "no message here (streams from before Arrow 0.15 are not supported)",
        offset: offset)
    }
    let length = bytes.withUnsafeBytes {
      Int(Int32(littleEndian: $0.loadUnaligned(fromByteOffset: 4, as: Int32.self)))
    }
    if length == 0 { return nil }
    guard length > 0, length % 8 == 0 else {
      throw ArrowError(.malformed, "metadata of \(length) bytes", offset: offset)
    }
    guard length <= options.maximumMetadataBytes else {
      throw ArrowError(.limitExceeded, "metadata of \(length) bytes", offset: offset)
    }
    return length
  }
}
