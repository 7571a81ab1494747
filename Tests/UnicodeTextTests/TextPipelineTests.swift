// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import UnicodeText

/// The transformed text and, for every position in it, the original end.
func transform(_ bytes: [UInt8], _ steps: [TextStep]) throws -> (bytes: [UInt8], ends: [Int]) {
  let pipeline = try TextPipeline(steps: steps)
  var plain: [UInt8] = [1, 2, 3]
  var output: [UInt8] = [4]
  var alignment = TextAlignment()
  try bytes.withUnsafeBufferPointer {
    try pipeline.apply($0, to: &plain)
    try pipeline.apply($0, to: &output, alignment: &alignment)
  }
  #expect(plain == output, "the alignment must not change the text")
  var ends = Array(0...output.count)
  alignment.mapEnds(&ends)
  #expect(ends == (0...output.count).map { alignment.originalEnd(ofOutput: $0) })
  #expect(ends == ends.sorted() && ends.allSatisfy { (0...bytes.count).contains($0) })
  return (output, ends)
}

func transform(_ text: String, _ steps: [TextStep]) throws -> String {
  String(decoding: try transform(Array(text.utf8), steps).bytes, as: UTF8.self)
}

@Suite("Text pipeline")
struct TextPipelineTests {
  @Test("A pipeline without effect copies")
  func identity() throws {
    #expect(try TextPipeline(steps: []).isIdentity)
    #expect(try TextPipeline(steps: [.normalize(.none)]).isIdentity)
    #expect(try !TextPipeline(steps: [.normalize(.nfc)]).isIdentity)
    let result = try transform(Array("e\u{301}\r\n".utf8), [.normalize(.none)])
    #expect(result.bytes == Array("e\u{301}\r\n".utf8))
    #expect(result.ends == Array(0...5))
    #expect(try transform([], TextStep.all).bytes == [])
  }

  @Test("Steps apply in order", arguments: [false, true])
  func order(isASCII: Bool) throws {
    let rest = isASCII ? "" : "é"
    #expect(try transform("A\r\n\u{1}B \t c" + rest, TextStep.whitespaceCleanup) == "A\nB c" + rest)
    #expect(try transform("\u{1} \u{2} ", [.collapseBlanks, .removeControls]) == "  ")
    #expect(try transform("\u{1} \u{2} ", [.removeControls, .collapseBlanks]) == " ")
    #expect(try transform("ÀB", [.stripAccents, .lowercase]) == "ab")
  }

  @Test("Names of steps are unique and lead back to the step")
  func names() {
    #expect(Set(TextStep.all.map(\.name)).count == TextStep.all.count)
    for step in TextStep.all { #expect(TextStep(name: step.name) == step) }
    #expect(TextStep(name: "nfkc-casefold") == .normalize(.nfkcCasefold))
    #expect(TextStep(name: "NFC") == nil)
  }

  @Test("Positions go back to the original")
  func alignment() throws {
    // NFC: "e" + mark is one stretch; NFD: parts of é end where é ends.
    #expect(try transform(Array("ae\u{301}b".utf8), [.normalize(.nfc)]).ends == [0, 1, 4, 4, 5])
    #expect(try transform(Array("aéb".utf8), [.normalize(.nfd)]).ends == [0, 1, 3, 3, 3, 4])
    // What is deleted belongs to what follows it.
    #expect(try transform(Array("a\u{1}b".utf8), [.removeControls]).ends == [0, 1, 3])
    // Through three steps: ﬁ → fi, CRLF → LF, Å → å.
    let steps: [TextStep] = [.unifyNewlines, .normalize(.nfkc), .lowercase]
    let result = try transform(Array("ﬁ\r\nA\u{30A}!".utf8), steps)
    #expect(String(decoding: result.bytes, as: UTF8.self) == "fi\nå!")
    #expect(result.ends == [0, 3, 3, 5, 8, 8, 9])
  }

  @Test("An alignment forgets the text before")
  func alignmentReuse() throws {
    let pipeline = try TextPipeline(steps: [.normalize(.nfkc), .lowercase])
    var alignment = TextAlignment()
    var output: [UInt8] = []
    for (text, end, original) in [("ﬁ", 2, 3), ("ab", 2, 2), ("Ⅷx", 4, 3), ("", 0, 0), ("é", 9, 2)]
    {
      try Array(text.utf8).withUnsafeBufferPointer {
        try pipeline.apply($0, to: &output, alignment: &alignment)
      }
      #expect(alignment.originalEnd(ofOutput: end) == original, "\(text)")
    }
    #expect(alignment.originalEnd(ofOutput: -1) == 0)
  }

  @Test("Texts of 2 GiB are refused, not read")
  func tooLong() throws {
    let pipeline = try TextPipeline(steps: [.normalize(.nfc)])
    let byte: [UInt8] = [0x61]
    byte.withUnsafeBufferPointer { small in
      let huge = UnsafeBufferPointer(start: small.baseAddress, count: Int(Int32.max))
      var output: [UInt8] = []
      let error = #expect(throws: TextError.self) { try pipeline.apply(huge, to: &output) }
      #expect(error?.code == .textTooLong)
    }
  }

  @Test("Ill-formed text does not trap")
  func illFormed() throws {
    var generator = SplitMix(state: 11)
    for _ in 0..<300 {
      let bytes = (0..<600).map { _ in
        let value = generator.next()
        let common: [UInt8] = [0xCC, 0xCD, 0x80]
        return value & 0x300 == 0
          ? UInt8(truncatingIfNeeded: value) : common[Int((value >> 10) % 3)]
      }
      var output: [UInt8] = []
      for step in TextStep.all {
        try bytes.withUnsafeBufferPointer {
          try TextPipeline(steps: [step]).apply($0, to: &output)
        }
      }
      #expect(output.count < 4 * bytes.count)
    }
  }
}
