// SPDX-License-Identifier: Apache-2.0
internal import CZstd

/// Decompresses zstd (RFC 8878): any number of frames, skippable ones among them.
final class ZstdProducer: ByteProducer {
  private let input: StoredInput
  private let context: OpaquePointer
  private var isInFrame = false
  private var frameStart = 0
  /// Whether the decoder may hold output that did not fit the last time.
  private var mayHaveMore = false

  init(_ input: StoredInput) throws(CorpusError) {
    self.input = input
    guard let context = ZSTD_createDCtx() else {
      throw CorpusError(.io, file: input.file.path, "zstd could not start: out of memory")
    }
    self.context = context
  }

  deinit { ZSTD_freeDCtx(context) }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    var out = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
    while out.pos < out.size {
      if !mayHaveMore, try !input.fill() {
        guard isInFrame else { break }
        throw cutShort()
      }
      if !isInFrame {
        isInFrame = true
        frameStart = input.offset
      }
      let window = input.window
      var taken = ZSTD_inBuffer(src: window.baseAddress, size: window.count, pos: 0)
      let status = ZSTD_decompressStream(context, &out, &taken)
      input.take(taken.pos)
      if ZSTD_isError(status) != 0 { throw failure(status) }
      isInFrame = status != 0
      mayHaveMore = isInFrame && out.pos == out.size
    }
    return out.pos
  }

  private func cutShort() -> CorpusError {
    // Fewer bytes than a frame's magic number cannot be told from a frame that was cut short.
    if frameStart > 0, input.offset - frameStart < 4 { return foreign() }
    return CorpusError(
      .corrupt, file: input.file.path, byteOffset: input.offset,
      "the file ends in the middle of a zstd frame; it was cut short")
  }

  private func foreign() -> CorpusError {
    CorpusError(
      .corrupt, file: input.file.path, byteOffset: frameStart,
      "something that is not zstd follows the compressed data")
  }

  private func failure(_ status: Int) -> CorpusError {
    let path = input.file.path
    switch ZSTD_getErrorCode(status) {
    case ZSTD_error_prefix_unknown:
      return foreign()
    case ZSTD_error_frameParameter_windowTooLarge:
      return CorpusError(
        .unsupported, file: path,
        "the zstd frame needs a window over 128 MiB (--long); use: zstd -dc --long=31 FILE | …")
    case ZSTD_error_memory_allocation:
      return CorpusError(.io, file: path, "zstd is out of memory")
    default:
      let reason = String(cString: ZSTD_getErrorName(status))
      return CorpusError(
        .corrupt, file: path, byteOffset: input.offset, "the zstd data is damaged (\(reason))")
    }
  }
}
