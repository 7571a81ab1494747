// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import UnicodeText

@Suite("UTF-8 repair")
struct UTF8RepairTests {
  static func repair(_ bytes: [UInt8]) -> (bytes: [UInt8], count: Int, firstInvalid: Int?) {
    var output: [UInt8] = [9]
    let count = bytes.withUnsafeBufferPointer { UTF8Repair.repair($0, into: &output) }
    return (output, count, bytes.withUnsafeBufferPointer(UTF8Repair.firstInvalid))
  }

  @Test("Ill-formed stretches become one U+FFFD each")
  func maximalSubparts() {
    let result = Self.repair([0x61, 0xE2, 0x82, 0x61, 0xED, 0xA0, 0x80, 0xF0, 0x9F])
    #expect(result.bytes == Array("a\u{FFFD}a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}".utf8))
    #expect(result.count == 5)
    #expect(result.firstInvalid == 1)
  }

  @Test(
    "The table of ill-formed sequences gives what CPython gives",
    .enabled(if: Repository.exists("hostile/invalid_utf8.tsv"), "the reference file is not there"))
  func table() throws {
    var tested = 0
    for line in try Repository.lines("hostile/invalid_utf8.tsv") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 4, !line.hasPrefix("#") else { continue }
      let hex = Array(fields[1])
      let bytes = try stride(from: 0, to: hex.count, by: 2).map {
        try #require(UInt8(String(hex[$0...($0 + 1)]), radix: 16))
      }
      let result = Self.repair(bytes)
      #expect(result.count == Int(fields[2]), "\(fields[0])")
      #expect(result.bytes == Array(try Self.unescaped(fields[3]).utf8), "\(fields[0])")
      #expect((result.firstInvalid == nil) == (result.count == 0), "\(fields[0])")
      tested += 1
    }
    #expect(tested == 34)
  }

  /// The text of a quoted string with the escapes of JSON.
  static func unescaped(_ quoted: Substring) throws -> String {
    var units: [UInt16] = []
    var rest = quoted.dropFirst().dropLast()
    while let character = rest.popFirst() {
      guard character == "\\", let kind = rest.popFirst() else {
        units += Array(String(character).utf16)
        continue
      }
      if kind == "u" {
        units.append(try #require(UInt16(rest.prefix(4), radix: 16)))
        rest = rest.dropFirst(4)
      } else {
        units += Array(String(kind).utf16)
      }
    }
    return String(decoding: units, as: UTF16.self)
  }

  @Test(
    "Markus Kuhn's stress test gives what CPython gives",
    .enabled(if: Repository.exists("hostile/UTF-8-test.txt"), "the reference file is not there"))
  func stressTest() throws {
    let result = Self.repair(try Repository.read("hostile/UTF-8-test.txt"))
    let hash = result.bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    // FNV-1a of open(…, "rb").read().decode("utf-8", "replace").encode() in CPython 3.11.
    #expect(hash == 0x9265_E866_F6E4_62AA)
    #expect(result.count == 378)
    #expect(result.firstInvalid == 4461)
  }

  @Test("Random bytes give what the standard library's decoder gives")
  func randomBytes() {
    let likely: [UInt8] = [
      0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF,
      0xF0,
      0xF1, 0xF4, 0xF5, 0xFF,
    ]
    var generator = SplitMix(state: 1)
    for round in 0..<5000 {
      let bytes = (0..<round % 90).map { _ in likely[Int(generator.next() % UInt64(likely.count))] }
      let result = Self.repair(bytes)
      #expect(result.bytes == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
      #expect((String(validating: bytes, as: UTF8.self) == nil) == (result.firstInvalid != nil))
      if let first = result.firstInvalid {
        #expect(String(validating: bytes[..<first], as: UTF8.self) != nil)
      }
    }
  }

  @Test("One bad byte is found wherever it stands")
  func positions() {
    for length in 0..<140 {
      for bad in 0..<length {
        var bytes = [UInt8](repeating: 0x61, count: length)
        bytes[bad] = 0xFF
        #expect(bytes.withUnsafeBufferPointer(UTF8Repair.firstInvalid) == bad)
      }
    }
  }
}
