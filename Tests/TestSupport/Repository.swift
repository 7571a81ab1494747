// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where this package and the reference files beside it lie.
public enum Repository {
  /// The package directory: three levels above this file.
  public static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  /// A reference file, by its path below `data`.
  public static func data(_ path: String) -> String { root + "/../shared/data/" + path }

  public static func exists(_ path: String) -> Bool { access(data(path), R_OK) == 0 }

  /// Whether a packed reference file can be read: it is there, and so is the `zstd` command.
  public static func canUnpack(_ path: String) -> Bool {
    exists(path) && system("command -v zstd > /dev/null 2>&1") == 0
  }

  /// The content of a reference file, unpacked if its name ends in `.zst`.
  public static func read(_ path: String) throws -> [UInt8] {
    let isPacked = path.hasSuffix(".zst")
    let full = data(path)
    guard let file = isPacked ? popen("zstd -dcq '\(full)'", "r") : fopen(full, "r") else {
      throw MissingFile(path: full)
    }
    defer { if isPacked { pclose(file) } else { fclose(file) } }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  /// The lines of a reference file, without line ends.
  public static func lines(_ path: String) throws -> [String] {
    let bytes = try read(path)
    return bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map {
      String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self)
    }
  }

  public struct MissingFile: Error { public let path: String }
}
