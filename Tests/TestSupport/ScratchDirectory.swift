// SPDX-License-Identifier: Apache-2.0

// Not Foundation: on Linux it brings an ICU of its own, whose headers clash with the system's.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A directory that is gone when the test ends.
public final class ScratchDirectory: Sendable {
  public let path: String

  public init() throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((parent + "/prep-XXXXXX").utf8CString)
    guard let path = mkdtemp(&template) else { throw Failure(call: "mkdtemp", path: parent) }
    self.path = String(cString: path)
  }

  deinit { Self.remove(path) }

  /// The path of something in the directory.
  public func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file, with the directories that lead to it, and gives its path.
  @discardableResult
  public func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try makeDirectories(name.split(separator: "/").dropLast().map(String.init))
    let file = self(name)
    guard let handle = fopen(file, "w") else { throw Failure(call: "fopen", path: file) }
    let written = fwrite(bytes, 1, bytes.count, handle)
    guard fclose(handle) == 0, written == bytes.count else {
      throw Failure(call: "fwrite", path: file)
    }
    return file
  }

  @discardableResult
  public func write(_ name: String, _ text: String) throws -> String {
    try write(name, Array(text.utf8))
  }

  public func makeDirectories(_ names: [String]) throws {
    var directory = path
    for name in names {
      directory += "/" + name
      guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
        throw Failure(call: "mkdir", path: directory)
      }
    }
  }

  public func link(_ name: String, to target: String) throws {
    guard symlink(target, self(name)) == 0 else { throw Failure(call: "symlink", path: self(name)) }
  }

  private static func remove(_ path: String) {
    if unlink(path) == 0 { return }
    if let stream = opendir(path) {
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { remove(path + "/" + name) }
      }
      closedir(stream)
    }
    rmdir(path)
  }

  struct Failure: Error {
    let call: String
    let path: String
  }
}
