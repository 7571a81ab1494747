// SPDX-License-Identifier: Apache-2.0
internal import Digests

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

// Inside the types below these names would mean the types' own members.
private func systemRead(_ descriptor: Int32, _ to: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, to, count)
}
private func systemWrite(_ descriptor: Int32, _ from: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, from, count)
}
private func systemRename(_ from: String, _ to: String) -> Int32 { rename(from, to) }
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }

/// The few file operations that a dataset needs, each with its `errno` turned into a fact.
public enum FileSystem {
  /// Whether something, of whatever kind, is at the path.
  public static func exists(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0
  }

  /// Whether a directory is at the path.
  public static func isDirectory(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
  }

  /// The size of a file in bytes.
  static func size(of path: String) throws(DatasetError) -> Int {
    var information = stat()
    guard stat(path, &information) == 0 else { throw failure(.missing, path, "examine") }
    return Int(information.st_size)
  }

  /// The names in a directory in byte order, without `.` and `..`.
  public static func names(in directory: String) throws(DatasetError) -> [String] {
    guard let stream = opendir(directory) else { throw failure(.missing, directory, "open") }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
          String(cString: $0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Creates a directory and those above it; one that is there already is fine.
  public static func createDirectory(_ path: String) throws(DatasetError) {
    if isDirectory(path) { return }
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try createDirectory(String(path[..<slash]))
    }
    guard mkdir(path, 0o777) == 0 || errno == EEXIST && isDirectory(path) else {
      throw failure(.outputRefused, path, "create the directory")
    }
  }

  /// The bytes of a file.
  ///
  /// - Throws: `DatasetError`: `.missing` when it cannot be opened, `.inputOutput` when reading fails.
  public static func read(_ path: String) throws(DatasetError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(.missing, path, "open") }
    defer { _ = systemClose(descriptor) }
    var bytes: [UInt8] = []
    while true {
      guard let piece = piece(of: descriptor) else { throw failure(.inputOutput, path, "read") }
      if piece.isEmpty { return bytes }
      bytes += piece
    }
  }

  /// The bytes of a file; nil where there is none.
  public static func contents(_ path: String) throws(DatasetError) -> [UInt8]? {
    exists(path) ? try read(path) : nil
  }

  /// SHA-256 of a file, read in pieces.
  static func digest(of path: String) throws(DatasetError) -> SHA256Digest {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(.missing, path, "open") }
    defer { _ = systemClose(descriptor) }
    var hash = SHA256()
    while true {
      guard let piece = piece(of: descriptor) else { throw failure(.inputOutput, path, "read") }
      if piece.isEmpty { return hash.finalize() }
      hash.update(piece)
    }
  }

  /// What comes next in a file, nothing at its end; `nil` with `errno` set when reading fails.
  private static func piece(of descriptor: Int32) -> [UInt8]? {
    var received = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
      repeat {
        received = systemRead(descriptor, buffer.baseAddress, buffer.count)
      } while received < 0 && errno == EINTR
      count = max(0, received)
    }
    return received < 0 ? nil : bytes
  }

  /// Writes a whole file under another name, flushes it to the disk and renames it into place:
  /// under its own name the file is complete or absent.
  public static func replace(_ path: String, with bytes: [UInt8]) throws(DatasetError) {
    let temporary = path + ".tmp"
    var file = try OutputFile(creating: temporary)
    try file.write(bytes)
    try file.close(synchronizing: true)
    try rename(temporary, to: path)
  }

  /// Writes a file piece by piece; under its own name it is complete or absent.
  public static func replace(
    _ path: String, contents: (_ write: ([UInt8]) throws -> Void) throws -> Void
  ) throws {
    let temporary = path + ".tmp"
    var file = try OutputFile(creating: temporary)
    do {
      try contents { try file.write($0) }
      try file.close(synchronizing: true)
      try rename(temporary, to: path)
    } catch {
      try? remove(temporary)
      throw error
    }
  }

  /// Renames a file; one that has the other name is replaced.
  static func rename(_ path: String, to destination: String) throws(DatasetError) {
    guard systemRename(path, destination) == 0 else {
      throw failure(.inputOutput, destination, "rename into place")
    }
  }

  /// Removes a file; one that is not there counts as removed.
  ///
  /// - Throws: `DatasetError` when it cannot be removed.
  public static func remove(_ path: String) throws(DatasetError) {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw failure(.inputOutput, path, "remove")
    }
  }

  /// Removes a directory with everything in it.
  public static func removeTree(_ path: String) throws(DatasetError) {
    for name in try names(in: path) {
      let inner = "\(path)/\(name)"
      var information = stat()
      if lstat(inner, &information) == 0, information.st_mode & S_IFMT == S_IFDIR {
        try removeTree(inner)
      } else {
        try remove(inner)
      }
    }
    guard rmdir(path) == 0 else { throw failure(.inputOutput, path, "remove") }
  }

  /// Flushes a directory, so that the renames in it survive a power cut.
  public static func synchronizeDirectory(_ path: String) throws(DatasetError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(.inputOutput, path, "open") }
    defer { _ = systemClose(descriptor) }
    // Some file systems refuse to flush directories; their renames are then as safe as they get.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw failure(.inputOutput, path, "flush")
    }
  }

  static func failure(
    _ code: DatasetError.Code, _ path: String, _ action: String
  ) -> DatasetError {
    let number = errno
    let reason = String(cString: strerror(number))
    let code = number == ENOSPC || number == EDQUOT ? .inputOutput : code
    return DatasetError(code, path: path, "cannot \(action): \(reason)")
  }
}

/// A file under construction, written in order.
struct OutputFile: ~Copyable {
  let path: String
  private var descriptor: Int32

  /// Creates the file, or empties one that is there.
  init(creating path: String) throws(DatasetError) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileSystem.failure(.outputRefused, path, "create") }
  }

  deinit {
    if descriptor >= 0 { _ = systemClose(descriptor) }
  }

  mutating func write(_ bytes: [UInt8]) throws(DatasetError) {
    let succeeded = bytes.withUnsafeBytes { DescriptorWriter.write($0, to: descriptor) }
    guard succeeded else { throw FileSystem.failure(.inputOutput, path, "write") }
  }

  mutating func close(synchronizing: Bool) throws(DatasetError) {
    if synchronizing, fsync(descriptor) != 0, errno != EINVAL {
      throw FileSystem.failure(.inputOutput, path, "flush")
    }
    let status = systemClose(descriptor)
    descriptor = -1
    guard status == 0 else { throw FileSystem.failure(.inputOutput, path, "close") }
  }
}

/// Writing all of a buffer to a file descriptor.
enum DescriptorWriter {
  /// Writes everything, however many calls it takes; `false` with `errno` set when one fails.
  static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    var written = 0
    while written < bytes.count {
      let count = systemWrite(descriptor, base + written, bytes.count - written)
      if count < 0 {
        if errno == EINTR { continue }
        return false
      }
      written += count
    }
    return true
  }
}
