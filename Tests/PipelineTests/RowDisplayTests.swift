// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import Tokenization

@testable import Pipeline

@Suite struct RowDisplayTests {
  private let tokenizer: Tokenizer

  init() throws { tokenizer = try Workshop.trained(size: 600) }

  private func id(_ token: String) throws -> Int { Int(try #require(tokenizer.id(of: token))) }

  /// The id of a byte's token.
  private func byte(_ value: UInt8) throws -> Int {
    let id = (0..<UInt32(tokenizer.vocabularySize)).first { tokenizer.bytes(of: $0) == [value] }
    return Int(try #require(id))
  }

  private func lines(
    _ values: JSONObject, decoding: Bool = true
  ) -> [(name: String, text: String, styles: [RowDisplay.Style])] {
    RowDisplay(tokenizer: decoding ? tokenizer : nil)
      .lines(Inspection.Row(file: "f", number: 0, values: values)).map { line in
        (line.name, line.stretches.map(\.text).joined(), line.stretches.map(\.style))
      }
  }

  private func list(_ values: [Int]) -> JSONValue { .array(values.map { .init($0) }) }

  @Test func masksShowTheirTargets() throws {
    let (cls, mask, sep) = (try id("[CLS]"), try id("[MASK]"), try id("[SEP]"))
    let (a, b, c) = (try byte(0x61), try byte(0x62), try byte(0x63))
    let shown = lines([
      "input_ids": list([cls, a, mask, c, a, sep, 0, 0]),
      "labels": list([-100, -100, b, c, b, -100, -100, -100]),
      "attention_mask": list([1, 1, 1, 1, 1, 1, 0, 0]),
    ])
    #expect(shown.map(\.name) == ["input_ids"])
    #expect(shown.first?.text == "[CLS]a[MASK]{b}c{=}a{b}[SEP] + 2 padding")
    #expect(
      shown.first?.styles == [
        .special, .plain, .changed, .target, .kept, .changed, .target, .special, .quiet,
      ])
  }

  @Test func targetsOfADecoderStandByThemselves() throws {
    let (first, eos) = (try id("<extra_id_0>"), try id("</s>"))
    let (a, b) = (try byte(0x61), try byte(0x62))
    let shown = lines([
      "input_ids": list([a, first, eos]), "labels": list([first, b, eos, -100, -100]),
    ])
    #expect(shown.map(\.text) == ["a<extra_id_0></s>", "<extra_id_0>b</s> + 2 without loss"])
    #expect(shown.last?.styles == [.special, .target, .special, .quiet])
  }

  @Test func otherColumnsAreShownShort() {
    let shown = lines([
      "source_document": ["d1", "d2"], "segment_ids": list(Array(1...20)), "next_sentence_label": 1,
    ])
    #expect(
      shown.map(\.text) == [
        #"["d1","d2"]"#, "[1,2,3,4,5,6,7,8,9,10,11,12, …] (20)", "1",
      ])
    #expect(shown.allSatisfy { $0.styles == [.quiet] })
  }

  @Test func charactersSpreadOverTokensAreWhole() throws {
    let ids = try Array("é😀".utf8).map { try byte($0) }
    #expect(lines(["input_ids": list(ids)]).first?.text == "é😀")
    // Half a character is shown as such.
    #expect(lines(["input_ids": list([ids[0]])]).first?.text == "\u{FFFD}")
  }

  @Test func controlCharactersNeverReachTheTerminal() throws {
    // ESC ] 0 ; would set the window's title, CSI (U+009B) is ESC [ in one character.
    let text = "a\u{1B}]0;b\u{7}\u{9B}31m\u{7F}\r\n\tc"
    let ids = try Array(text.utf8).map { try byte($0) }
    let decoded = try #require(lines(["input_ids": list(ids)]).first).text
    #expect(decoded == #"a\x1b]0;b\x7\x9b31m\x7f\xd⏎⇥c"#)
    let shown = lines(["te\u{1B}xt": .string(text), "list": [.string(text)]])
    for line in shown {
      for scalar in (line.name + line.text).unicodeScalars {
        #expect(scalar.properties.generalCategory != .control, "\(line)")
      }
    }
    #expect(shown.first?.name == #"te\x1bxt"#)
  }

  @Test func idsStayIDsWithoutATokenizer() {
    let shown = lines(
      ["input_ids": [7, 8, 0], "labels": [-100, 9, -100], "attention_mask": [1, 1, 0]],
      decoding: false)
    #expect(shown.map(\.text) == ["7 8 {9 } + 1 padding"])
  }

  @Test func idsThatTheTokenizerDoesNotKnowAreNamed() throws {
    let shown = lines(["input_ids": list([try byte(0x61), 600, -7, 1 << 40])])
    #expect(shown.first?.text == "a<600?><-7?><1099511627776?>")
  }

  /// Any Arrow file may be shown: nothing need fit together there.
  @Test func columnsThatDoNotFitTogetherAreShown() throws {
    let a = try byte(0x61)
    #expect(
      lines(["input_ids": list([a, a]), "attention_mask": list([1, 1, 1, 1])]).first?.text == "aa")
    #expect(
      lines(["input_ids": list([a, a]), "attention_mask": list([0])]).first?.text == " + 2 padding")
    #expect(
      lines(["input_ids": list([a]), "labels": list([-100, a])]).map(\.text) == [
        "a", "a + 1 without loss",
      ])
    #expect(lines(["input_ids": "text"]).map(\.text) == [#""text""#])
    #expect(lines(["input_ids": [1.5, nil]]).map(\.text) == ["[1.5,null]"])
    #expect(lines(["input_ids": []]).map(\.text) == [""])
  }
}
