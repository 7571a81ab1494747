// SPDX-License-Identifier: Apache-2.0

import Testing
import UnicodeText

@testable import Tokenization

/// Compiled normalization rules.
@Suite struct CharacterMapTests {
  /// Rules of one and of two bytes in the form of sentencepiece: a block of 256 units for each
  /// place where children stand.
  static func blob(_ edit: (inout [UInt32]) -> Void = { _ in }) -> [UInt8] {
    var units = [UInt32](repeating: 0, count: 4 * 256)
    // A unit: offset to its children (bits 10…), whether a rule ends here (bit 8), label.
    func unit(_ at: Int, _ target: Int, leaf: Bool, _ byte: UInt8) -> UInt32 {
      UInt32(at ^ target) << 10 | (leaf ? 1 << 8 : 0) | UInt32(byte)
    }
    units[0] = unit(0, 256, leaf: false, 0)
    units[256 ^ 0x41] = unit(256 ^ 0x41, 512, leaf: true, 0x41)
    units[512] = 1 << 31
    units[512 ^ 0x42] = unit(512 ^ 0x42, 768, leaf: true, 0x42)
    units[768] = 1 << 31 | 3
    edit(&units)
    var bytes: [UInt8] = []
    for word in [UInt32(4 * units.count)] + units {
      for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    return bytes + Array("xy\0é\0".utf8)
  }

  /// `A` → `xy`, `AB` → `é`.
  static func map() throws -> CharacterMap { try CharacterMap(blob(), at: "test") }

  @Test func `The shortest and the longest rule are found`() throws {
    let map = try Self.map()
    #expect(map.canBegin(0x41) && !map.canBegin(0x42) && !map.canBegin(0))
    Array("ABA".utf8).withUnsafeBufferPointer { text in
      #expect(map.shortest(text, 0..<3).map(Array.init) == Array("xy".utf8))
      #expect(map.longest(text, 0..<3)?.length == 2)
      #expect(map.longest(text, 0..<3)?.replacement.elementsEqual("é".utf8) == true)
      #expect(map.longest(text, 1..<3) == nil && map.shortest(text, 1..<1) == nil)
    }
  }

  @Test func `A grapheme cluster of less than six bytes is replaced as a whole`() throws {
    let rewrite = PrecompiledRewrite(map: try Self.map())
    func normalized(_ text: String) -> String {
      var output: [UInt8] = []
      var changes: TextChanges?
      Array(text.utf8).withUnsafeBufferPointer {
        rewrite.apply($0, to: &output, changes: &changes)
      }
      return String(decoding: output, as: UTF8.self)
    }
    #expect(normalized("ABA b") == "xyBxy b")
    #expect(normalized("A\u{301}!") == "xy!")
    #expect(normalized("A\u{301}\u{301}\u{301}!") == "xy\u{301}\u{301}\u{301}!")
    #expect(normalized("b\u{301}A") == "b\u{301}xy" && normalized("") == "")
    #expect(normalized("A\u{1AD1}") == "xy" && normalized("\u{301}A") == "\u{301}xy")
  }

  @Test func `Tables that are damaged are refused`() throws {
    func fails(_ bytes: [UInt8]) -> Bool { (try? CharacterMap(bytes, at: "test")) == nil }
    let whole = Self.blob()
    #expect(!fails(whole))
    for count in [0, 3, 4, 100, 4 + 4096 - 1] { #expect(fails(Array(whole[..<count]))) }
    #expect(fails([0xFF, 0xFF, 0xFF, 0xFF] + whole[4...]))
    #expect(fails(Self.blob { $0[768] = 1 << 31 | 99 }), "a value beyond the replacements")
    #expect(fails(Self.blob { $0[768] = 1 << 31 | 4 }), "a value inside a character")
    // 0x42 leads back to where it stands itself.
    #expect(fails(Self.blob { $0[512 ^ 0x42] = UInt32(0x42) << 10 | 0x42 }), "a circle")
    #expect(fails(whole + [0xFF]), "replacements that are not UTF-8")
    var random = SeededGenerator(state: 11)
    for _ in 0..<200 {
      var bytes = whole
      bytes[random.below(bytes.count)] = UInt8(random.below(256))
      if let map = try? CharacterMap(bytes, at: "test") {
        Array("ABABAéAB\u{301}".utf8).withUnsafeBufferPointer {
          _ = map.longest($0, 0..<$0.count)
          _ = map.shortest($0, 0..<$0.count)
        }
      }
    }
  }
}
