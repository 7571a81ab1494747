// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Bytes that can be read at any position: memory, or a file through `pread` or mapped.
enum ByteSource: Sendable {
  case memory([UInt8])
  case file(OpenFile)
  case mapped(MappedFile)

  var count: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file(let file): file.size
    case .mapped(let file): file.size
    }
  }

  /// Exactly `count` bytes; the caller has bounded `count`.
  func read(at offset: Int, count: Int) throws(ArrowError) -> [UInt8] {
    try check(offset, count)
    switch self {
    case .memory(let bytes): return [UInt8](bytes[offset..<(offset + count)])
    case .file(let file): return try file.read(at: offset, count: count)
    case .mapped(let file): return [UInt8](file.bytes(at: offset, count: count))
    }
  }

  /// The same bytes without a copy where they are in memory; valid during the call only.
  func withBytes<R>(
    at offset: Int, count: Int, _ body: (UnsafeRawBufferPointer) throws(ArrowError) -> R
  ) throws(ArrowError) -> R {
    try check(offset, count)
    switch self {
    case .memory(let bytes):
      return try bytes.withUnsafeBufferPointer { (all) throws(ArrowError) -> R in
        let part = UnsafeBufferPointer(rebasing: all[offset..<(offset + count)])
        return try body(UnsafeRawBufferPointer(part))
      }
    case .file(let file):
      let bytes = try file.read(at: offset, count: count)
      return try bytes.withUnsafeBufferPointer { (bytes) throws(ArrowError) -> R in
        try body(UnsafeRawBufferPointer(bytes))
      }
    case .mapped(let file): return try body(file.bytes(at: offset, count: count))
    }
  }

  private func check(_ offset: Int, _ count: Int) throws(ArrowError) {
    guard offset >= 0, count >= 0, count <= self.count, offset <= self.count - count else {
      throw ArrowError(.truncated, "\(count) bytes are missing", offset: offset)
    }
  }
}

/// A regular file opened for reading, closed when the last reference goes.
final class OpenFile: Sendable {
  let size: Int
  private let descriptor: Int32

  init(path: String) throws(ArrowError) {
    // Without O_NONBLOCK the open of a pipe would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw OpenFile.failure("cannot open the file") }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let failure = OpenFile.failure("cannot examine the file")
      close(descriptor)
      throw failure
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ArrowError(.system, "not a regular file; read pipes as an Arrow stream")
    }
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  func withDescriptor<R>(_ body: (Int32) -> R) -> R { body(descriptor) }

  func read(at offset: Int, count: Int) throws(ArrowError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      while initialized < count {
        let rest = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(target)[initialized...])
        let read = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + initialized))
        if read < 0, errno == EINTR { continue }
        if read < 0 { failure = errno }
        if read <= 0 { break }
        initialized += read
      }
    }
    if failure != 0 { throw OpenFile.failure("cannot read the file", failure, offset: offset) }
    guard bytes.count == count else {
      throw ArrowError(.truncated, "the file became shorter while it was read", offset: offset)
    }
    return bytes
  }

  private static func failure(
    _ what: String, _ code: Int32 = errno, offset: Int? = nil
  ) -> ArrowError {
    ArrowError(.system, "\(what): \(String(cString: strerror(code)))", offset: offset)
  }
}
