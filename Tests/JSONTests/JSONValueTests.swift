// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

private func parse(_ text: String, _ limits: JSONLimits = .standard) throws -> JSONValue {
  try JSONValue(parsing: Array(text.utf8), limits: limits)
}

private func code(_ text: String, _ limits: JSONLimits = .standard) -> JSONError.Code? {
  do {
    _ = try parse(text, limits)
    return nil
  } catch {
    return (error as? JSONError)?.code
  }
}

private func write(_ value: JSONValue, pretty: Bool = false) -> String {
  String(decoding: value.serialized(pretty: pretty), as: UTF8.self)
}

@Suite struct JSONValueTests {
  @Test func readsEveryKindOfValue() throws {
    let value = try parse(
      #" { "a" : [ null , true , false , -12 , 0.5 , 1e3 , "x" ] , "b" : { } , "c" : [ ] } "#)
    let expected: JSONValue = [
      "a": [nil, true, false, -12, 0.5, 1000.0, "x"], "b": [:], "c": [],
    ]
    #expect(value == expected)
    #expect(value["a"]?.arrayValue?.count == 7)
    #expect(value["nothing"] == nil)
  }

  @Test func keepsIntegersExactlyAndOthersAsDoubles() throws {
    #expect(try parse("9223372036854775807") == .integer(.max))
    #expect(try parse("-9223372036854775808") == .integer(.min))
    #expect(try parse("9223372036854775808") == .double(9_223_372_036_854_775_808))
    #expect(try parse("1.0") == .double(1))
    #expect(code("1e400") == .invalidNumber)
  }

  @Test func decodesEveryEscape() throws {
    #expect(
      try parse(#""\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00\u0000 tail of the string""#)
        == .string("\"\\/\u{8}\u{c}\n\r\tAé€😀\0 tail of the string"))
  }

  @Test func refusesStringsThatAreNotUnicode() {
    #expect(code(#""\ud800""#) == .invalidUTF8)
    #expect(code(#""\udc00\ud800""#) == .invalidUTF8)
    #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
  }

  @Test func comparesKeysAndStringsByTheirBytes() throws {
    let value = try parse("{\"\u{e9}\": 1, \"e\u{301}\": 2, \"\u{212b}\": 3, \"\u{c5}\": 4}")
    #expect(value.objectValue?.count == 4)
    #expect(value["e\u{301}"] == 2)
    #expect(JSONValue.string("\u{e9}") != .string("e\u{301}"))
  }

  @Test func refusesAKeyThatStandsTwiceUnlessTheLastCounts() throws {
    #expect(code(#"{"a":1,"b":2,"a":3}"#) == .duplicateKey)
    let lenient = JSONLimits(duplicateKeys: .lastCounts)
    #expect(try parse(#"{"a":1,"b":2,"a":3}"#, lenient) == ["a": 3, "b": 2])
  }

  @Test func findsKeysInLargeObjectsAsInSmallOnes() {
    for count in 0..<40 {
      var object = JSONObject()
      for index in 0..<count { object["k\(index)"] = JSONValue(index) }
      #expect(object.keys == (0..<count).map { "k\($0)" })
      for index in 0..<count { #expect(object["k\(index)"] == JSONValue(index)) }
      #expect(object["k\(count)"] == nil)
      object["k0"] = nil
      #expect(object.count == max(0, count - 1))
      #expect(object["k0"] == nil)
      #expect(count < 3 || object["k2"] == 2)
    }
  }

  @Test func limitsDepthAndSizeWithoutTrapping() {
    let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    #expect(code(deep) == .tooDeep)
    #expect(code(deep, JSONLimits(maximumDepth: .max)) == .tooDeep)
    #expect(code("[[[]]]", JSONLimits(maximumDepth: 3)) == nil)
    #expect(code("[[[[]]]]", JSONLimits(maximumDepth: 3)) == .tooDeep)
    #expect(code("[[],[]]", JSONLimits(maximumBytes: 6)) == .tooLarge)
    #expect(code("") == .unexpectedEnd)
  }

  @Test func saysWhereAndWhat() {
    let error = #expect(throws: JSONError.self) { try parse(#"{"a": 01}"#) }
    #expect(error?.offset == 6)
    #expect(error?.description == "invalid JSON at byte 6: a number with a leading zero")
  }

  @Test func writesCanonically() throws {
    let value: JSONValue = [
      "b": [1, 2.5, 1e20, 1e-7, -0.0, nil, true], "a": "q\"\\\n\u{1}\u{7f}é😀/", "é": .object([:]),
    ]
    #expect(
      write(value)
        == #"{"a":"q\"\\\n\u0001"# + "\u{7f}é😀/"
        + #"","b":[1,2.5,1e+20,1e-07,-0.0,null,true],"é":{}}"#)
    #expect(
      write(["b": [1], "a": []], pretty: true)
        == "{\n  \"a\": [],\n  \"b\": [\n    1\n  ]\n}\n")
    #expect(
      String(
        decoding: (["b": 1, "a": 2] as JSONValue).serialized(sortedKeys: false), as: UTF8.self)
        == #"{"b":1,"a":2}"#)
    #expect(write(.double(.infinity)) == "null")
  }

  @Test func whatIsWrittenReadsBackEqual() throws {
    var state: UInt64 = 0x5EED  // splitmix64
    func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var word = state
      word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
      return word ^ (word >> 31)
    }
    func random(_ depth: Int) -> JSONValue {
      switch next() % (depth > 0 ? 7 : 5) {
      case 0: return .bool(next() % 2 == 0)
      case 1: return .integer(Int64(bitPattern: next()))
      case 2:
        let double = Double(bitPattern: next())
        return double.isFinite ? .double(double) : .null
      case 3, 4:
        let scalars = (0..<(next() % 40)).compactMap { _ in
          Unicode.Scalar(UInt32(truncatingIfNeeded: next() % (next() % 3 == 0 ? 0x11_0000 : 0x80)))
        }
        return .string(String(String.UnicodeScalarView(scalars)))
      case 5: return .array((0..<(next() % 6)).map { _ in random(depth - 1) })
      default:
        var object = JSONObject()
        for _ in 0..<(next() % 12) { object["\(next() % 99)\u{e9}"] = random(depth - 1) }
        return .object(object)
      }
    }
    for _ in 0..<300 {
      let value = random(4)
      #expect(try JSONValue(parsing: value.serialized()) == value, "seed 0x5EED")
      #expect(try JSONValue(parsing: value.serialized(pretty: true)) == value, "seed 0x5EED")
    }
  }
}
