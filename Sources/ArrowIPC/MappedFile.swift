// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A file mapped into memory for reading, unmapped when the last reference goes.
///
/// Reading behind the end of a file that was cut short after it was mapped is a signal, not an error;
/// so files are mapped only where that is asked for.
final class MappedFile: Sendable {
  let size: Int
  // Never written, and unmapped only when nobody refers to it.
  nonisolated(unsafe) private let memory: UnsafeMutableRawPointer?

  init(_ file: OpenFile) throws(ArrowError) {
    let size = file.size
    self.size = size
    guard size > 0 else {
      memory = nil
      return
    }
    let mapped = file.withDescriptor { mmap(nil, size, PROT_READ, MAP_PRIVATE, $0, 0) }
    guard mapped != MAP_FAILED else {
      throw ArrowError(.system, "cannot map the file: \(String(cString: strerror(errno)))")
    }
    memory = mapped
  }

  deinit { if let memory { munmap(memory, size) } }

  /// Bytes in place; the caller has checked that they are there.
  func bytes(at offset: Int, count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: memory.map { $0 + offset }, count: count)
  }
}
