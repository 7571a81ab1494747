// SPDX-License-Identifier: Apache-2.0
public import Digests

/// `SHA256SUMS`: what `sha256sum -c` checks, over every file of a dataset but itself.
public struct ChecksumList: Sendable, Hashable {
  /// One file and its digest.
  public struct Entry: Sendable, Hashable {
    /// SHA-256 of the file.
    public let digest: SHA256Digest
    /// The file's name in the dataset's directory.
    public let name: String

    /// A file and its digest.
    public init(digest: SHA256Digest, name: String) {
      self.digest = digest
      self.name = name
    }
  }

  /// The name of the file in the dataset's directory.
  public static let fileName = "SHA256SUMS"

  /// The files in byte order of their names.
  public let entries: [Entry]

  /// A list of the given files.
  public init(entries: [Entry]) {
    self.entries = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// Reads lines of 64 hexadecimal digits, two blanks and a name; `nil` when a line is not so.
  public init?(_ bytes: [UInt8]) {
    var entries: [Entry] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let digits = String(decoding: line.prefix(64), as: UTF8.self)
      guard line.count > 66, let digest = SHA256Digest(hexadecimal: digits),
        line.dropFirst(64).prefix(2).allSatisfy({ $0 == UInt8(ascii: " ") })
      else { return nil }
      entries.append(
        Entry(digest: digest, name: String(decoding: line.dropFirst(66), as: UTF8.self)))
    }
    self.init(entries: entries)
  }

  /// The digest that a file is said to have.
  public func digest(of name: String) -> SHA256Digest? {
    entries.first { $0.name == name }?.digest
  }

  /// The bytes of the file.
  public var serialized: [UInt8] {
    Array(entries.map { "\($0.digest)  \($0.name)\n" }.joined().utf8)
  }
}
