// SPDX-License-Identifier: Apache-2.0

internal import CLZ4

/// Decompresses single LZ4 frames into buffers of known size; nothing here writes them.
///
/// Owns one context, reused; use one decompressor per thread.
///
/// Definition: the LZ4 frame format, version 1.6.
struct LZ4Decompressor: ~Copyable {
  private let context: OpaquePointer

  init() throws(ArrowError) {
    var context: OpaquePointer?
    let status = LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
    guard LZ4F_isError(status) == 0, let context else {
      throw ArrowError(.system, "no memory for an LZ4 context")
    }
    self.context = context
  }

  /// The content of `frame`, which must be exactly one frame of exactly `size` bytes.
  ///
  /// The caller bounds `size` before the call: that much memory is allocated.
  ///
  /// - Throws: `.corrupt` for anything else, trailing bytes and failed checksums included.
  mutating func decompress(
    _ frame: UnsafeRawBufferPointer, size: Int, requiresChecksum: Bool
  ) throws(ArrowError) -> [UInt8] {
    // Magic, then the descriptor whose bit 2 announces a checksum of the content.
    guard frame.count > 4, frame.starts(with: [0x04, 0x22, 0x4D, 0x18]) else {
      throw ArrowError(.corrupt, "not an LZ4 frame")
    }
    guard !requiresChecksum || frame[4] & 4 != 0 else {
      throw ArrowError(.corrupt, "an LZ4 frame without the checksum that is required here")
    }
    let context = self.context
    LZ4F_resetDecompressionContext(context)
    var failure: String?
    let content = [UInt8](unsafeUninitializedCapacity: size) { target, initialized in
      // One byte more than is wanted shows content that goes on.
      var spare: UInt8 = 0
      var taken = 0
      while true {
        let isFull = initialized == size
        var produced = isFull ? 1 : size - initialized
        var consumed = frame.count - taken
        let source = frame.baseAddress.map { $0 + taken }
        let status =
          isFull
          ? LZ4F_decompress(context, &spare, &produced, source, &consumed, nil)
          : LZ4F_decompress(
            context, target.baseAddress.map { $0 + initialized }, &produced, source, &consumed, nil)
        guard LZ4F_isError(status) == 0 else {
          failure = String(cString: LZ4F_getErrorName(status))
          return
        }
        guard !isFull || produced == 0 else {
          failure = "a frame of more than \(size) bytes"
          return
        }
        initialized += isFull ? 0 : produced
        taken += consumed
        if status == 0 { break }
        guard consumed > 0 || produced > 0 else {
          failure = "a frame that ends early"
          return
        }
      }
      if taken != frame.count { failure = "\(frame.count - taken) bytes behind a frame" }
    }
    if let failure { throw ArrowError(.corrupt, "LZ4: " + failure) }
    guard content.count == size else {
      throw ArrowError(.corrupt, "an LZ4 frame holds \(content.count) bytes instead of \(size)")
    }
    return content
  }

  deinit { LZ4F_freeDecompressionContext(context) }
}
