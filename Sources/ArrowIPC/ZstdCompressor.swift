// SPDX-License-Identifier: Apache-2.0

internal import CZstd

/// Compresses buffers to single zstd frames that carry content size and checksum.
///
/// Owns one context and one output buffer, both reused; use one compressor per thread. Frames are
/// made on the calling thread, so bytes depend on input, level and library version alone.
public struct ZstdCompressor: ~Copyable {
  private let context: OpaquePointer
  private var output: UnsafeMutableRawBufferPointer

  /// Makes a compressor.
  ///
  /// - Parameters:
  ///   - minimumMatch: the shortest match in bytes that is looked for; nil for what the level and the
  ///     size of the input suggest.
  ///   - tables: the logarithms of the sizes of the tables in which long and short matches are looked
  ///     up; nil as well.
  /// - Throws: `.invalidArgument` for a level that the library does not have.
  public init(
    level: Int, minimumMatch: Int? = nil, tables: (long: Int, short: Int)? = nil
  ) throws(ArrowError) {
    guard level >= Int(ZSTD_minCLevel()), level <= Int(ZSTD_maxCLevel()) else {
      throw ArrowError(
        .invalidArgument,
        "zstd levels are \(ZSTD_minCLevel()) to \(ZSTD_maxCLevel()), not \(level)")
    }
    guard let context = ZSTD_createCCtx() else {
      throw ArrowError(.system, "no memory for a zstd context")
    }
    // Everything that shapes the frame is said here, whatever the library's defaults are.
    var parameters: [(ZSTD_cParameter, Int32)] = [
      (ZSTD_c_compressionLevel, Int32(level)),
      (ZSTD_c_contentSizeFlag, 1),
      (ZSTD_c_checksumFlag, 1),
      (ZSTD_c_dictIDFlag, 0),
      (ZSTD_c_nbWorkers, 0),
    ]
    if let minimumMatch { parameters.append((ZSTD_c_minMatch, Int32(clamping: minimumMatch))) }
    if let tables {
      parameters.append((ZSTD_c_hashLog, Int32(clamping: tables.long)))
      parameters.append((ZSTD_c_chainLog, Int32(clamping: tables.short)))
    }
    for (parameter, value) in parameters {
      let status = ZSTD_CCtx_setParameter(context, parameter, value)
      guard ZSTD_isError(status) == 0 else {
        ZSTD_freeCCtx(context)
        throw ArrowError(.invalidArgument, "zstd: " + String(cString: ZSTD_getErrorName(status)))
      }
    }
    self.context = context
    output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
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
