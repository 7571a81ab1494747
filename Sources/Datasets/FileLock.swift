// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A lock on a file, which the system takes back when the process ends, however it ends.
struct FileLock {
  enum Kind {
    /// Nobody else may hold it.
    case alone
    /// Others may hold it like this.
    case shared
    /// As `alone`, but waits until it can be had.
    case waiting
  }

  private let descriptor: Int32

  /// Takes a lock; `nil` if others hold it.
  ///
  /// - Throws: `DatasetError` when the file cannot be created.
  init?(_ path: String, _ kind: Kind) throws(DatasetError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileSystem.failure(.outputRefused, path, "create the lock") }
    let operation: Int32 =
      switch kind {
      case .alone: LOCK_EX | LOCK_NB
      case .shared: LOCK_SH | LOCK_NB
      case .waiting: LOCK_EX
      }
    while flock(descriptor, operation) != 0 {
      if errno == EINTR { continue }
      close(descriptor)
      return nil
    }
  }

  /// Gives it back.
  func release() { close(descriptor) }
}

extension FileSystem {
  /// Does work that processes do one after another. The lock's file is there only meanwhile.
  ///
  /// - Throws: `DatasetError` when the lock cannot be created, and what the work throws.
  public static func oneAfterAnother<Result>(
    lock path: String, _ work: () throws -> Result
  ) throws -> Result {
    let lock = try FileLock(path, .waiting)
    defer {
      // One who waits for the removed file, and one who creates it anew, both find the work done.
      try? remove(path)
      lock?.release()
    }
    return try work()
  }
}
