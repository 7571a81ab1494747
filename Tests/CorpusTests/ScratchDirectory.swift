// SPDX-License-Identifier: Apache-2.0

import Corpus
import Testing

// Not Foundation: on Linux it brings an ICU of its own, whose headers clash with the system's.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A directory that is gone when the test ends.
final class ScratchDirectory {
  let path: String

  init() throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((parent + "/corpus-XXXXXX").utf8CString)
    path = String(cString: try #require(mkdtemp(&template)))
  }

  deinit { Self.remove(path) }

  /// Writes a file, with the directories that lead to it, and gives its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try makeDirectories(name.split(separator: "/").dropLast().map(String.init))
    let file = path + "/" + name
    let handle = try #require(fopen(file, "w"))
    #expect(fwrite(bytes, 1, bytes.count, handle) == bytes.count)
    fclose(handle)
    return file
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try write(name, Array(text.utf8))
  }

  func makeDirectories(_ names: [String]) throws {
    var directory = path
    for name in names {
      directory += "/" + name
      try #require(mkdir(directory, 0o700) == 0 || errno == EEXIST)
    }
  }

  func link(_ name: String, to target: String) throws {
    try #require(symlink(target, path + "/" + name) == 0)
  }

  /// The files of one argument, as names.
  func names(_ argument: String) throws -> [String] {
    try InputListing.files(for: [argument]).map(\.name)
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
}
