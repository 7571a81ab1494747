// SPDX-License-Identifier: Apache-2.0
internal import CZlib

/// Decompresses gzip (RFC 1952): any number of members, and zero bytes after them, as tapes and
/// block devices leave them. Anything else after a member is an error, not ignored.
final class GzipProducer: ByteProducer {
  private let input: StoredInput
  /// zlib keeps a pointer to it, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var isInMember = false
  /// Whether zlib may hold output that did not fit the last time.
  private var mayHaveMore = false

  init(_ input: StoredInput) throws(CorpusError) {
    self.input = input
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard czlib_inflate_gzip_init(stream) == Z_OK else {
      throw CorpusError(.io, file: input.file.path, "zlib could not start: out of memory")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    let size = min(target.count, Int(UInt32.max))
    stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(size)
    while stream.pointee.avail_out > 0 {
      if !isInMember, try !beginMember() { break }
      if !mayHaveMore, try !input.fill() {
        throw corrupt("the file ends in the middle of a gzip member; it was cut short")
      }
      try inflateSome()
    }
    return size - Int(stream.pointee.avail_out)
  }

  private func inflateSome() throws(CorpusError) {
    let window = input.window
    let bytes = window.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes)
    stream.pointee.avail_in = UInt32(window.count)
    let status = inflate(stream, Z_NO_FLUSH)
    input.take(window.count - Int(stream.pointee.avail_in))
    mayHaveMore = stream.pointee.avail_out == 0
    switch status {
    case Z_OK, Z_BUF_ERROR: break
    case Z_STREAM_END:
      isInMember = false
      mayHaveMore = false
    case Z_MEM_ERROR:
      throw CorpusError(.io, file: input.file.path, "zlib is out of memory")
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "damaged"
      throw corrupt("the gzip data is damaged (\(reason))")
    }
  }

  /// Passes padding and begins the next member; false at the end of the file.
  private func beginMember() throws(CorpusError) -> Bool {
    while try input.fill() {
      let window = input.window
      let zeros = window.firstIndex { $0 != 0 } ?? window.count
      input.take(zeros)
      if zeros < window.count { break }
    }
    guard try input.fill() else { return false }
    guard try Array(input.peek(2)) == [0x1F, 0x8B] else {
      throw corrupt("something that is not gzip follows the compressed data")
    }
    inflateReset(stream)
    isInMember = true
    return true
  }

  private func corrupt(_ message: String) -> CorpusError {
    CorpusError(.corrupt, file: input.file.path, byteOffset: input.offset, message)
  }
}
