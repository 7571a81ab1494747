// SPDX-License-Identifier: Apache-2.0

/// Unpacks the buffers of one batch: a length of eight bytes, then a frame or, where the length is
/// −1, the bytes as they are.
struct BufferDecompressor: ~Copyable {
  /// One of `Format.Codec`; nil where buffers are stored as they are.
  let codec: UInt8?
  private let requiresChecksum: Bool
  private var zstd: ZstdDecompressor?
  private var lz4: LZ4Decompressor?

  init(codec: UInt8?, requiresChecksum: Bool) {
    self.codec = codec
    self.requiresChecksum = requiresChecksum
  }

  /// A buffer that must hold `needed` bytes; padding behind them is left out.
  mutating func buffer(
    _ stored: UnsafeRawBufferPointer, needed: Int
  ) throws(ArrowError) -> [UInt8] {
    // Writers may include their padding to 64 bytes in the length.
    let most = Format.padded(needed)
    guard stored.count >= 8, stored.count - 8 <= most + most / 128 + 1024 else {
      throw ArrowError(
        .malformed, "a compressed buffer of \(stored.count) bytes for \(needed) bytes")
    }
    let announced = Self.announcedLength(stored)
    let content = UnsafeRawBufferPointer(rebasing: stored[8...])
    if announced == -1 {
      guard content.count >= needed else {
        throw ArrowError(.malformed, "a buffer of \(content.count) bytes, \(needed) are needed")
      }
      return [UInt8](content[..<needed])
    }
    guard let size = Int(exactly: announced), size >= needed, size <= most else {
      throw ArrowError(.malformed, "a buffer of \(announced) bytes, \(needed) are needed")
    }
    var bytes = try frame(content, size)
    bytes.removeLast(size - needed)
    return bytes
  }

  /// A buffer of any size up to a limit, and that size.
  mutating func buffer(
    _ stored: UnsafeRawBufferPointer, atMost limit: Int
  ) throws(ArrowError) -> (bytes: [UInt8], size: Int) {
    guard stored.count >= 8 else {
      throw ArrowError(.malformed, "a compressed buffer of \(stored.count) bytes")
    }
    let announced = Self.announcedLength(stored)
    let content = UnsafeRawBufferPointer(rebasing: stored[8...])
    let size = announced == -1 ? content.count : Int(clamping: announced)
    guard size >= 0 else { throw ArrowError(.malformed, "a buffer of \(announced) bytes") }
    guard size <= limit else {
      throw ArrowError(.limitExceeded, "a buffer that says to hold \(announced) bytes")
    }
    return (announced == -1 ? [UInt8](content) : try frame(content, size), size)
  }

  private static func announcedLength(_ stored: UnsafeRawBufferPointer) -> Int64 {
    Int64(littleEndian: stored.loadUnaligned(as: Int64.self))
  }

  private mutating func frame(
    _ frame: UnsafeRawBufferPointer, _ size: Int
  ) throws(ArrowError) -> [UInt8] {
    if codec == Format.Codec.lz4Frame {
      if lz4 == nil { lz4 = try LZ4Decompressor() }
      return try lz4?.decompress(frame, size: size, requiresChecksum: requiresChecksum) ?? []
    }
    if zstd == nil { zstd = try ZstdDecompressor() }
    return try zstd?.decompress(frame, size: size, requiresChecksum: requiresChecksum) ?? []
  }
}
