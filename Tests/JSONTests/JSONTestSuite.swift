// SPDX-License-Identifier: Apache-2.0

import CZstd
import Foundation
import Testing

/// Nicolas Seriot's JSONTestSuite, read from the shared test data without unpacking it to disk.
enum JSONTestSuite {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    var testDescription: String { name }
  }

  static let path =
    URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path + "/shared/data/hostile/JSONTestSuite.tar.zst"

  static var isPresent: Bool { FileManager.default.fileExists(atPath: path) }

  static func cases(_ prefix: String) throws -> [Case] {
    try all.get().filter { $0.name.hasPrefix(prefix) }
  }

  private static let all = Result { () throws -> [Case] in
    let packed = try Data(contentsOf: URL(fileURLWithPath: path))
    var tar = [UInt8](repeating: 0, count: 4 << 20)
    let size = tar.withUnsafeMutableBytes { out in
      packed.withUnsafeBytes {
        ZSTD_decompress(out.baseAddress, out.count, $0.baseAddress, $0.count)
      }
    }
    try #require(ZSTD_isError(size) == 0)
    return members(of: Array(tar[..<size]))
  }

  /// The files of a POSIX tar archive: a header block of 512 bytes, the content in whole blocks.
  private static func members(of tar: [UInt8]) -> [Case] {
    var cases: [Case] = []
    var at = 0
    while at + 512 <= tar.count, tar[at] != 0 {
      let name = String(decoding: tar[at..<at + 100].prefix { $0 != 0 }, as: UTF8.self)
      let digits = String(decoding: tar[at + 124..<at + 135], as: UTF8.self)
      let size = Int(digits.filter(\.isNumber), radix: 8) ?? 0
      let content = Array(tar[at + 512..<at + 512 + size])
      if tar[at + 156] == UInt8(ascii: "0"), let file = name.split(separator: "/").last {
        cases.append(Case(name: String(file), bytes: content))
      }
      at += 512 + (size + 511) / 512 * 512
    }
    return cases
  }
}
