// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import UnicodeText

@Suite("Transcoder")
struct TranscoderTests {
  /// The text of a stream that arrives in pieces of a length, and how much of it was malformed.
  static func convert(
    _ bytes: [UInt8], _ encoding: String, pieces: Int = .max
  ) throws -> (text: [UInt8], malformed: Int) {
    let transcoder = try Transcoder(encoding: encoding)
    var output: [UInt8] = []
    var malformed = 0
    var start = 0
    repeat {
      let end = start + min(pieces, bytes.count - start)
      malformed += try bytes.withUnsafeBytes {
        let piece = UnsafeRawBufferPointer(rebasing: $0[start..<end])
        return try transcoder.convert(piece, isLast: end == bytes.count, into: &output)
      }
      start = end
    } while start < bytes.count
    return (output, malformed)
  }

  // What Python's codecs give for the texts.
  static let goldens: [(encoding: String, bytes: [UInt8], text: String)] = [
    (
      "shift_jis",
      [0x93, 0x8C, 0x8B, 0x9E, 0x81, 0x41, 0x83, 0x4A, 0x83, 0x5E, 0x83, 0x4A, 0x83, 0x69],
      "東京、カタカナ"
    ),
    (
      "GB18030", [0xBA, 0xBA, 0xD7, 0xD6, 0x94, 0x39, 0xFC, 0x36, 0xA8, 0xA6], "汉字😀é"
    ),
    ("utf-16", [0xFF, 0xFE, 0x61, 0, 0xE9, 0, 0x3D, 0xD8, 0, 0xDE], "aé😀"),
    ("UTF-16LE", [0xFF, 0xFE, 0x61, 0, 0xE9, 0, 0x3D, 0xD8, 0, 0xDE], "aé😀"),
    ("utf-16", [0xFE, 0xFF, 0, 0x61, 0, 0xE9, 0xD8, 0x3D, 0xDE, 0], "aé😀"),
    ("windows-1252", [0x93, 0xE9, 0x94, 0x80], "“é”€"),
    ("koi8-r", [0xF0, 0xD2, 0xC9, 0xD7, 0xC5, 0xD4], "Привет"),
    ("big5", [0xBA, 0x7E, 0xA6, 0x72], "漢字"),
    ("euc-kr", [0xC7, 0xD1, 0xB1, 0xB9, 0xBE, 0xEE], "한국어"),
    ("latin1", [0x63, 0x61, 0x66, 0xE9, 0x85, 0x0A], "café\u{85}\n"),
    ("utf-8", [0xEF, 0xBB, 0xBF, 0x61, 0xEF, 0xBB, 0xBF], "a\u{FEFF}"),
    ("utf-8", [], ""),
  ]

  @Test("Known encodings, in pieces of every length", arguments: 0..<goldens.count)
  func known(index: Int) throws {
    let (encoding, bytes, text) = Self.goldens[index]
    for pieces in [1, 2, 3, 5, Int.max] {
      let result = try Self.convert(bytes, encoding, pieces: pieces)
      #expect(result.text == Array(text.utf8), "\(encoding) in pieces of \(pieces)")
      #expect(result.malformed == 0)
    }
  }

  @Test("What is malformed is replaced and counted")
  func malformed() throws {
    let cases: [(String, [UInt8], String, Int)] = [
      ("utf-16le", [0x61, 0, 0x3D, 0xD8, 0x62, 0], "a\u{FFFD}b", 1),
      ("utf-16le", [0x61, 0, 0x3D, 0xD8], "a\u{FFFD}", 1),
      ("utf-16le", [0x61, 0, 0x62], "a\u{FFFD}", 1),
      ("shift_jis", [0x61, 0x93], "a\u{FFFD}", 1),
      ("utf-8", [0x61, 0xFF, 0x62, 0xE2, 0x82], "a\u{FFFD}b\u{FFFD}", 2),
    ]
    for (encoding, bytes, text, count) in cases {
      for pieces in [1, 2, Int.max] {
        let result = try Self.convert(bytes, encoding, pieces: pieces)
        #expect(String(decoding: result.text, as: UTF8.self) == text)
        #expect(result.malformed == count, "\(encoding) in pieces of \(pieces)")
      }
    }
  }

  @Test("Long streams", arguments: [4095, 4096, 4097, 20_000])
  func long(count: Int) throws {
    let text = String(repeating: "aé😀", count: count)
    let bytes = text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8($0 & 0xFF)] }
    for pieces in [4099, Int.max] {
      let result = try Self.convert(bytes, "utf-16be", pieces: pieces)
      #expect(result.text.elementsEqual(text.utf8))
    }
  }

  @Test("A transcoder can be used for one stream after another")
  func reuse() throws {
    let transcoder = try Transcoder(encoding: "utf-16le")
    var output: [UInt8] = []
    for _ in 0..<2 {
      let stream: [UInt8] = [0xFF, 0xFE, 0x61, 0, 0x3D]
      let malformed = try stream.withUnsafeBytes {
        try transcoder.convert($0, isLast: true, into: &output)
      }
      #expect(malformed == 1)
    }
    #expect(output == Array("a\u{FFFD}a\u{FFFD}".utf8))
  }

  @Test("Unknown encodings are refused with names that are known")
  func unknown() throws {
    for name in ["klingon", "", "../latin99"] {
      let error = #expect(throws: TextError.self) { try Transcoder(encoding: name) }
      #expect(error?.code == .unknownEncoding)
      let message = try #require(error?.description)
      #expect(message.contains("utf-16") && message.contains("\"\(name)\""))
    }
  }

  @Test("The encodings that the message names are known")
  func suggestions() throws {
    let error = #expect(throws: TextError.self) { try Transcoder(encoding: "?") }
    let message = try #require(error?.message)
    let names = try #require(message.split(separator: "others, ").last).split(separator: ", ")
    #expect(names.count > 5)
    for name in names { #expect(throws: Never.self) { try Transcoder(encoding: String(name)) } }
  }
}
