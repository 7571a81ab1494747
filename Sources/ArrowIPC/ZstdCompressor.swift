// SPDX-License-Identifier: Apache-2.0

internal import CZstd

/// Compresses buffers to single zstd frames that carry content size and checksum.
///
/// Owns one context and one output buffer, both reused; use one compressor per thread. Frames are
/// made on the calling thread, so bytes depend on input, level and library version alone.
public struct ZstdCompressor: ~Copyable {
  private let level: Int
  private let context: OpaquePointer
  private var output: UnsafeMutableRawBufferPointer

  /// Makes a compressor.
  ///
  /// - Throws: `.invalidArgument` for a level that the library does not have.
  public init(level: Int) throws(ArrowError) {
    guard level >= Int(ZSTD_minCLevel()), level <= Int(ZSTD_maxCLevel()) else {
      throw ArrowError(
        .invalidArgument,
        "zstd levels are \(ZSTD_minCLevel()) to \(ZSTD_maxCLevel()), not \(level)")
    }
    guard let context = ZSTD_createCCtx() else {
      throw ArrowError(.system, "no memory for a zstd context")
    }
    // Everything that shapes the frame is said here, whatever the library's defaults are.
    do throws(ArrowError) {
      try Self.set(ZSTD_c_compressionLevel, level, context)
      try Self.set(ZSTD_c_contentSizeFlag, 1, context)
      try Self.set(ZSTD_c_checksumFlag, 1, context)
      try Self.set(ZSTD_c_dictIDFlag, 0, context)
      try Self.set(ZSTD_c_nbWorkers, 0, context)
    } catch {
      ZSTD_freeCCtx(context)
      throw error
    }
    self.level = level
    self.context = context
    output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  /// Adapts how the frames from here on look for matches to a buffer of a batch.
  mutating func prepare(
    forBytes count: Int, of content: ZstdSearch.Content
  ) throws(ArrowError) {
    let search = ZstdSearch(level: level, bytes: count, content: content)
    try Self.set(ZSTD_c_compressionLevel, search.level, context)
    try Self.set(ZSTD_c_minMatch, search.minimumMatch, context)
    try Self.set(ZSTD_c_hashLog, search.longTable, context)
    try Self.set(ZSTD_c_chainLog, search.shortTable, context)
  }

  private static func set(
    _ parameter: ZSTD_cParameter, _ value: Int, _ context: OpaquePointer
  ) throws(ArrowError) {
    let status = ZSTD_CCtx_setParameter(context, parameter, Int32(clamping: value))
    guard ZSTD_isError(status) == 0 else {
      throw ArrowError(.invalidArgument, "zstd: " + String(cString: ZSTD_getErrorName(status)))
    }
  }

  /// Compresses `input` and hands the frame to `body`; it is valid during the call only.
  public mutating func compress<R>(
    _ input: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> R
  ) throws(ArrowError) -> R {
    let bound = ZSTD_compressBound(input.count)
    guard ZSTD_isError(bound) == 0 else {
      throw ArrowError(.limitExceeded, "a buffer of \(input.count) bytes is too large for zstd")
    }
    if output.count < bound {
      output.deallocate()
      output = .allocate(byteCount: bound, alignment: 16)
    }
    let size = ZSTD_compress2(
      context, output.baseAddress, output.count, input.baseAddress, input.count)
    guard ZSTD_isError(size) == 0 else {
      throw ArrowError(.system, "zstd: " + String(cString: ZSTD_getErrorName(size)))
    }
    return body(UnsafeRawBufferPointer(rebasing: output[..<size]))
  }

  deinit {
    ZSTD_freeCCtx(context)
    output.deallocate()
  }
}
