// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Datasets

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
    var template = Array((parent + "/pipeline-XXXXXX").utf8CString)
    path = String(cString: try #require(mkdtemp(&template)))
  }

  deinit { try? FileSystem.removeTree(path) }

  /// The path of something in the directory.
  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file, with the directories that lead to it, and gives its path.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    let file = self(name)
    if let slash = file.lastIndex(of: "/") {
      try FileSystem.createDirectory(String(file[..<slash]))
    }
    try FileSystem.replace(file, with: Array(text.utf8))
    return file
  }
}
