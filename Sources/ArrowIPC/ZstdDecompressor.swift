// SPDX-License-Identifier: Apache-2.0

internal import CZstd

/// Decompresses single zstd frames into buffers of known size, checksum included.
///
/// Owns one context, reused; use one decompressor per thread.
public struct ZstdDecompressor: ~Copyable {
  private let context: OpaquePointer

  /// Makes a decompressor.
  public init() throws(ArrowError) {
    guard let context = ZSTD_createDCtx() else {
      throw ArrowError(.system, "no memory for a zstd context")
    }
    self.context = context
  }

  /// The content of `frame`, which must be exactly one frame of exactly `size` bytes.
  ///
  /// The caller bounds `size` before the call: that much memory is allocated.
  ///
  /// - Throws: `.corrupt` for anything else, trailing bytes and failed checksums included.
  public mutating func decompress(
    _ frame: UnsafeRawBufferPointer, size: Int, requiresChecksum: Bool = false
  ) throws(ArrowError) -> [UInt8] {
    try Self.inspect(frame, size: size, requiresChecksum: requiresChecksum)
    let context = self.context
    var status = 0
    let content = [UInt8](unsafeUninitializedCapacity: size) { target, initialized in
      status = ZSTD_decompressDCtx(
        context, target.baseAddress, size, frame.baseAddress, frame.count)
      initialized = ZSTD_isError(status) == 0 ? min(status, size) : 0
    }
    try Self.check(status)
    guard content.count == size else {
      throw ArrowError(.corrupt, "a zstd frame holds \(content.count) bytes instead of \(size)")
    }
    return content
  }

  /// Unpacks a frame into memory of the caller; returns the size of its content.
  ///
  /// - Throws: `.corrupt` for anything that is not one frame, or one that does not fit.
  public mutating func decompress(
    _ frame: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(ArrowError) -> Int {
    let status = ZSTD_decompressDCtx(
      context, target.baseAddress, target.count, frame.baseAddress, frame.count)
    try Self.check(status)
    return status
  }

  private static func check(_ status: Int) throws(ArrowError) {
    guard ZSTD_isError(status) == 0 else {
      throw ArrowError(.corrupt, "zstd: " + String(cString: ZSTD_getErrorName(status)))
    }
  }

  /// Checks what the frame says about itself, before anything is allocated.
  private static func inspect(
    _ frame: UnsafeRawBufferPointer, size: Int, requiresChecksum: Bool
  ) throws(ArrowError) {
    // The frame header: 4 bytes of magic, then the descriptor whose bit 2 announces the checksum.
    guard frame.count > 4, frame.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) else {
      throw ArrowError(.corrupt, "not a zstd frame")
    }
    guard !requiresChecksum || frame[4] & 4 != 0 else {
      throw ArrowError(.corrupt, "a zstd frame without the checksum that is required here")
    }
    guard ZSTD_getDictID_fromFrame(frame.baseAddress, frame.count) == 0 else {
      throw ArrowError(.unsupported, "a zstd frame that needs a dictionary")
    }
    let stored = ZSTD_findFrameCompressedSize(frame.baseAddress, frame.count)
    guard ZSTD_isError(stored) == 0 else {
      throw ArrowError(.corrupt, "zstd: " + String(cString: ZSTD_getErrorName(stored)))
    }
    guard stored == frame.count else {
      throw ArrowError(.corrupt, "\(frame.count - stored) bytes behind a zstd frame")
    }
    let announced = ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
    guard announced == contentSizeUnknown || announced == UInt64(size) else {
      throw ArrowError(.corrupt, "a zstd frame of \(announced) bytes instead of \(size)")
    }
  }

  deinit { ZSTD_freeDCtx(context) }
}

/// `ZSTD_CONTENTSIZE_UNKNOWN`, which is a macro with a cast.
private let contentSizeUnknown = UInt64.max
