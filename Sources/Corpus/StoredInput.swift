// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The bytes of a file as they are stored, with a window into what comes next.
final class StoredInput {
  /// What one `read` asks for: large enough to be rare, small enough for the second-level cache.
  private static let capacity = 256 << 10

  let file: InputFile
  private let descriptor: CInt
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  /// The offset in the file of the first byte in `window`.
  private(set) var offset = 0

  init(_ file: InputFile) throws(CorpusError) {
    self.file = file
    if file.isStandardInput {
      descriptor = 0
      return
    }
    descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let reason = errno
      throw CorpusError(
        reason == ENOENT || reason == ENOTDIR ? .missing : .unreadable, file: file.path,
        "cannot be opened: \(String(cString: strerror(reason)))")
    }
  }

  deinit {
    if descriptor > 0 { close(descriptor) }
    memory.deallocate()
  }

  /// The bytes that were read and not taken yet.
  var window: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[start..<end]) }

  func take(_ count: Int) {
    start += count
    offset += count
  }

  /// Reads on if the window is empty; false at the end of the file.
  func fill() throws(CorpusError) -> Bool {
    if start < end { return true }
    start = 0
    end = try readAll(into: memory)
    return end > 0
  }

  /// The next bytes without taking them, fewer than `count` only at the end of the file.
  func peek(_ count: Int) throws(CorpusError) -> UnsafeRawBufferPointer {
    if end - start < count, !isAtEnd {
      memory.copyMemory(from: window)
      end -= start
      start = 0
      while end < count {
        let more = try readAll(into: UnsafeMutableRawBufferPointer(rebasing: memory[end...]))
        guard more > 0 else { break }
        end += more
      }
    }
    return UnsafeRawBufferPointer(rebasing: memory[start..<min(end, start + count)])
  }

  /// Takes bytes, from the window if it has any, else directly from the file; 0 at its end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    guard start < end else {
      let count = try readAll(into: target)
      offset += count
      return count
    }
    let count = min(target.count, end - start)
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<start + count]))
    take(count)
    return count
  }

  private func readAll(into target: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    if isAtEnd { return 0 }
    while true {
      #if canImport(Glibc)
        let count = Glibc.read(descriptor, target.baseAddress, target.count)
      #elseif canImport(Musl)
        let count = Musl.read(descriptor, target.baseAddress, target.count)
      #else
        let count = Darwin.read(descriptor, target.baseAddress, target.count)
      #endif
      if count > 0 { return count }
      if count == 0 {
        isAtEnd = true
        return 0
      }
      let reason = errno
      if reason == EINTR { continue }
      throw CorpusError(
        reason == EISDIR ? .unreadable : .io, file: file.path, byteOffset: offset,
        "reading failed: \(String(cString: strerror(reason)))")
    }
  }
}
