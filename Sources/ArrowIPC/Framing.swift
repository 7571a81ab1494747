// SPDX-License-Identifier: Apache-2.0

/// What stands before each message: continuation marker and length of the metadata, eight bytes
/// together; before Arrow 0.15 the length alone.
struct Framing {
  /// The size of the framing itself.
  let size: Int
  /// The size of the metadata behind it; zero at the end of the stream.
  let metadataLength: Int

  /// Whether framing that begins with these four bytes has four more.
  static func hasMarker(_ bytes: [UInt8]) -> Bool { bytes.starts(with: Format.continuation) }

  /// Reads the framing at `offset` from its four or eight bytes; more do not matter.
  init(_ bytes: [UInt8], at offset: Int, options: ArrowReadOptions) throws(ArrowError) {
    size = Self.hasMarker(bytes) ? 8 : 4
    guard bytes.count >= size else {
      throw ArrowError(.truncated, "the data ends inside a message", offset: offset)
    }
    let position = size - 4
    let length = bytes.withUnsafeBytes {
      Int(Int32(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: Int32.self)))
    }
    metadataLength = length
    if length == 0 { return }
    // Bodies start at multiples of 8.
    guard length > 0, (size + length) % 8 == 0 else {
      throw ArrowError(
        .malformed, size == 8 ? "metadata of \(length) bytes" : "no message here", offset: offset)
    }
    guard length <= options.maximumMetadataBytes else {
      throw ArrowError(
        size == 8 ? .limitExceeded : .malformed,
        size == 8 ? "metadata of \(length) bytes" : "no message here", offset: offset)
    }
  }
}
