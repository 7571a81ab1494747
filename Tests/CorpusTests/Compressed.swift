// SPDX-License-Identifier: Apache-2.0

import CZlib
import CZstd
import Testing

/// One gzip member.
func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
  var stream = z_stream()
  try #require(
    deflateInit2_(
      &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      CInt(MemoryLayout<z_stream>.size)) == Z_OK)
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: bytes.count + 1024)
  let size = output.count
  input.withUnsafeMutableBufferPointer { source in
    output.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(target.count)
      #expect(deflate(&stream, Z_FINISH) == Z_STREAM_END)
    }
  }
  return Array(output[..<(size - Int(stream.avail_out))])
}

/// One zstd frame with a checksum.
func zstd(_ bytes: [UInt8], windowLog: Int32 = 0) throws -> [UInt8] {
  let context = try #require(ZSTD_createCCtx())
  defer { ZSTD_freeCCtx(context) }
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  if windowLog > 0 {
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)
  }
  var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
  let capacity = output.count
  let size: Int
  if windowLog > 0 {
    // Streaming without a known size keeps the window from shrinking to the content.
    size = output.withUnsafeMutableBytes { target in
      bytes.withUnsafeBytes { source in
        var out = ZSTD_outBuffer(dst: target.baseAddress, size: capacity, pos: 0)
        var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        _ = ZSTD_compressStream2(context, &out, &input, ZSTD_e_continue)
        _ = ZSTD_compressStream2(context, &out, &input, ZSTD_e_end)
        return out.pos
      }
    }
  } else {
    size = ZSTD_compress2(context, &output, capacity, bytes, bytes.count)
  }
  try #require(ZSTD_isError(size) == 0)
  return Array(output[..<size])
}
