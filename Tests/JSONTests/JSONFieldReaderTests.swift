// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

/// What a field holds, as text.
private func read(_ line: String, _ paths: String...) throws -> [String] {
  try readBytes(Array(line.utf8), paths).map { "\($0.0) \(String(decoding: $0.1, as: UTF8.self))" }
}

private func readBytes(
  _ line: [UInt8], _ paths: [String]
) throws -> [(JSONFields.Kind, [UInt8])] {
  var fields = JSONFields()
  return try line.withUnsafeBytes { line in
    try JSONFieldReader(paths: paths).read(line, into: &fields)
    return (0..<fields.count).map { (fields.kind(of: $0), fields.bytes(of: $0, in: line)) }
  }
}

@Suite struct JSONFieldReaderTests {
  @Test func givesEachKindOfField() throws {
    let line =
      #" {"s":"text","e":"a\nb","n":-1.5e3,"t":true,"f":false,"z":null,"a":[1,{"s":2}],"o":{"x":"y"}} "#
    #expect(
      try read(line, "s", "e", "n", "t", "f", "z", "a", "o", "q") == [
        "string text", "string a\nb", "number -1.5e3", "bool true", "bool false", "null null",
        #"array [1,{"s":2}]"#, #"object {"x":"y"}"#, "missing ",
      ])
  }

  @Test func goesDownByDotsAndPrefersTheKeyWithTheDotsInIt() throws {
    #expect(
      try read(#"{"a":{"b":{"c":1},"x":2}}"#, "a.b.c", "a.x", "a.b") == [
        "number 1", "number 2", #"object {"c":1}"#,
      ])
    for line in [#"{"a":{"b":1},"a.b":2}"#, #"{"a.b":2,"a":{"b":1}}"#] {
      #expect(try read(line, "a.b") == ["number 2"])
    }
    #expect(try read(#"{"a":{"b.c":1,"b":{"c":2}}}"#, "a.b.c") == ["number 1"])
    #expect(try read(#"{"a":[{"b":1}],"b":2}"#, "a.b") == ["missing "])
    #expect(try read(#"{"":1,"a":{"":2}}"#, "", "a.") == ["number 1", "number 2"])
  }

  @Test func theLastOfEqualKeysCounts() throws {
    #expect(try read(#"{"a":"x\n","a":"y"}"#, "a") == ["string y"])
    #expect(try read(#"{"a":{"b":1},"a":{"c":2}}"#, "a.b", "a.c") == ["missing ", "number 2"])
    #expect(try read(#"{"a":{"b":1},"a":null}"#, "a.b") == ["missing "])
    #expect(try read(#"{"a.b":1,"a":{"b":2},"a":3}"#, "a.b") == ["number 1"])
  }

  @Test func comparesEscapedKeysAfterDecoding() throws {
    #expect(
      try read(#"{"t\u0065xt":"yes","\u00e9":1}"#, "text", "é") == ["string yes", "number 1"])
    #expect(try read(#"{"text\u0000":"no"}"#, "text") == ["missing "])
  }

  @Test func oneValueMayServeSeveralPaths() throws {
    #expect(try read(#"{"text":"x\ty"}"#, "text", "text") == ["string x\ty", "string x\ty"])
    let paths = (0..<200).map { "k\($0)" }
    let line = "{" + paths.map { "\"\($0)\":\"\\u0041\($0)\"" }.joined(separator: ",") + "}"
    let fields = try readBytes(Array(line.utf8), paths)
    #expect(fields.map { String(decoding: $0.1, as: UTF8.self) } == paths.map { "A" + $0 })
  }

  @Test func joinsSurrogatePairsAndGivesLoneHalvesAsIllFormedBytes() throws {
    func text(_ escaped: String) throws -> [UInt8] {
      try readBytes(Array("{\"text\":\"\(escaped)\"}".utf8), ["text"])[0].1
    }
    #expect(try text(#"\ud83d\ude00\uD834\uDD1E"#) == Array("😀𝄞".utf8))
    #expect(try text(#"\ud800"#) == [0xED, 0xA0, 0x80])
    #expect(try text(#"\udc00\ud800"#) == [0xED, 0xB0, 0x80, 0xED, 0xA0, 0x80])
    #expect(try text(#"\ud83d\n"#) == [0xED, 0xA0, 0xBD, 0x0A])
    #expect(try text(#"\ud83d\ud83d\ude00"#) == [0xED, 0xA0, 0xBD] + Array("😀".utf8))
    #expect(
      try text(#"\u0000\u007f\u0080\u07ff\u0800\uffff"#)
        == Array("\u{0}\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}".utf8))
  }

  @Test func aLineThatIsNotAnObjectHasNoFields() throws {
    for line in ["null", "[]", "[{\"text\":1}]", "5", "\"text\"", " true "] {
      #expect(try read(line, "text") == ["missing "])
    }
  }

  @Test func checksWhatItPassesOver() {
    for line in [
      #"{"x":[1,],"text":"a"}"#, #"{"x":{"y":01},"text":"a"}"#, #"{"x":"\x","text":"a"}"#,
      #"{"text":"a","x":tru}"#, #"{"text":"a"} x"#, #"{"text":"a","x":[}]}"#, "{\"x\":\"\t\"}",
      #"{"text":"a",}"#, #"{"text":"a""#, #"{"text":"a"#, #"{"text":"a\"#, #"{"text":"\u12"#, "{",
      "",
      #"{"x":[1 2]}"#, #"{"x":{"a" 1}}"#, #"{1:2}"#, #"{"x":{1:2}}"#,
    ] {
      #expect(throws: JSONError.self, "\(line)") { try read(line, "text") }
    }
  }

  @Test func deepNestingIsRefusedWithoutRecursion() throws {
    let deep = 1_000_000
    let bomb = String(repeating: "[", count: deep) + String(repeating: "]", count: deep)
    let error = #expect(throws: JSONError.self) { try read("{\"x\":\(bomb)}", "text") }
    #expect(error?.code == .tooDeep)
    for (depth, isRead) in [(1023, true), (1024, false)] {
      let line =
        "{\"x\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        + "}"
      #expect((try? read(line, "text")) == (isRead ? ["missing "] : nil))
    }
    let mixed =
      String(repeating: #"[{"a":"#, count: 300) + "1" + String(repeating: "}]", count: 300)
    #expect(try read("{\"x\":\(mixed),\"text\":1}", "text") == ["number 1"])
    let path = [String](repeating: "a", count: 5000).joined(separator: ".")
    #expect(try read("{\"\(path)\":1}", path) == ["number 1"])
  }

  /// The reader scans 16 bytes at a time, so each length and each place of an escape counts.
  @Test func agreesWithTheValueParserForEveryLengthAndPlaceOfAnEscape() throws {
    let specials = ["", "\\n", "\\\"", "\\\\", "\\u20ac", "\\ud83d\\ude00", "é", "\u{7f}"]
    for length in 0..<40 {
      for place in 0...length {
        for special in specials {
          let text =
            String(repeating: "x", count: place) + special
            + String(repeating: "y", count: length - place)
          let line = Array("{\"k\":\"\(text)\",\"text\":\"\(text)\"}".utf8)
          let value = try JSONValue(parsing: line)["text"]?.stringValue ?? "?"
          let field = try readBytes(line, ["text"])[0].1
          #expect(field == Array(value.utf8), "\(text)")
        }
      }
    }
  }

  @Test func agreesWithTheValueParserOnDamagedLines() throws {
    let line = Array(
      #"{"id":-1.5e3,"text":"a\n\u00e9\ud83d\ude00 b","m":{"t":[true,null,{}],"text":"x"}}"#.utf8)
    let alphabet = Array("{}[]\",:\\u0e+-.tfn1 d8".utf8)
    var state: UInt64 = 20_251  // xorshift64
    func dice(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(bound))
    }
    let limits = JSONLimits(duplicateKeys: .lastCounts)
    var valid = 0
    for _ in 0..<20_000 {
      var damaged = line
      for _ in 0...dice(3) {
        let place = dice(damaged.count)
        switch dice(3) {
        case 0: damaged[place] = alphabet[dice(alphabet.count)]
        case 1: damaged.remove(at: place)
        default: damaged.insert(alphabet[dice(alphabet.count)], at: place)
        }
      }
      let text = String(decoding: damaged, as: UTF8.self)
      let fields = try? readBytes(damaged, ["text", "m.text"])
      do {
        let value = try JSONValue(parsing: damaged, limits: limits)
        valid += 1
        let found = try #require(fields, "seed 20251: \(text)")
        for (field, expected) in zip(found, [value["text"], value["m"]?["text"]]) {
          if case .string(let string) = expected {
            #expect(field.0 == .string && field.1 == Array(string.utf8), "seed 20251: \(text)")
          } else {
            #expect(field.0 != .string, "seed 20251: \(text)")
          }
        }
      } catch let error as JSONError {
        // What the field reader leaves to others: half surrogates, the range of doubles.
        let isOthers = error.code == .invalidUTF8 || error.code == .invalidNumber
        #expect(fields == nil || isOthers, "seed 20251: \(text)")
      }
    }
    #expect(valid > 1000)
  }

  @Test func everyControlByteInAStringIsRefusedWhereverItStands() {
    for byte in UInt8(0)..<0x20 {
      for place in 0..<34 {
        var line = Array("{\"text\":\"0123456789abcdef0123456789abcdef01\"}".utf8)
        line[9 + place] = byte
        let error = #expect(throws: JSONError.self) { try readBytes(line, ["text"]) }
        #expect(error?.code == .controlCharacter && error?.offset == 9 + place)
      }
    }
  }
}
