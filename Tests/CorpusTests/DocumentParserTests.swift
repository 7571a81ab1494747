// SPDX-License-Identifier: Apache-2.0

import Corpus
import TestSupport
import Testing
import UnicodeText

@Suite struct DocumentParserTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private func read(_ lines: String..., options: CorpusOptions = CorpusOptions()) throws -> Reading
  {
    let file = try scratch.write("f.jsonl", lines.joined(separator: "\n"))
    return try CorpusTests.read([file], options)
  }

  private func fault(_ lines: String..., options: CorpusOptions = CorpusOptions()) throws
    -> CorpusError?
  {
    failure([try scratch.write("f.jsonl", lines.joined(separator: "\n"))], options)
  }

  @Test func takesIdsFromTheirFieldOrTheName() throws {
    let reading = try read(
      #"{"id":"x","text":"a"}"#, "", #"{"id":7.50,"text":"b"}"#, #"{"text":"c"}"#, " \t\r",
      #"{"id":null,"text":"d"}"#, #"{"id":"","text":"e"}"#, #"{"id":"\u00e9\n","text":"f"}"#, "")
    #expect(reading.texts == ["a", "b", "c", "d", "e", "f"])
    #expect(reading.ids == ["x", "7.50", "f.jsonl#2", "f.jsonl#3", "f.jsonl#4", "é\n"])
    let places = reading.batches.flatMap { $0.records.map(\.place) }
    #expect(places == [1, 3, 4, 6, 7, 8].map { .line($0) })
    #expect(reading.counts.documents == 6 && reading.counts.bytes == 6)
    let anonymous = try read(#"{"id":"x","text":"a"}"#, options: options { $0.idField = nil })
    #expect(anonymous.ids == ["f.jsonl#0"])
  }

  @Test func readsNestedFieldsLanguagesAndWhatIsKept() throws {
    let reading = try read(
      #"{"doc":{"body":"a\tb"},"meta":{"lang":"de","n":[1, 2],"t":true,"z":"\ud83d\ude00"}}"#,
      #"{"doc":{"body":"c"},"meta":{"n":12,"t":-1.5e2,"z":null}}"#,
      options: options {
        $0.textField = "doc.body"
        $0.langField = "meta.lang"
        $0.keepFields = ["meta.n", "meta.t", "meta.z", "none"]
      })
    #expect(reading.texts == ["a\tb", "c"])
    #expect(reading.documents.map(\.lang) == ["de", nil])
    #expect(reading.documents[0].kept == [.json("[1, 2]"), .bool(true), .string("😀"), .null])
    #expect(reading.documents[1].kept == [.integer(12), .double(-150), .null, .null])
  }

  @Test func textFilesHaveNoFieldsToKeep() throws {
    let file = try scratch.write("f.txt", "text")
    let reading = try CorpusTests.read([file], options { $0.keepFields = ["a", "b"] })
    #expect(reading.documents[0].kept == [.null, .null])
  }

  @Test func namesTheLineOfEachFault() throws {
    let good = #"{"text":"a"}"#
    let faults = [
      (#"{"text":"a""#, "ends in the middle"), (#"{"text":"a" "b"}"#, "expected"),
      ("[]", "not an object"), ("null", "not an object"), (#"{"id":2}"#, "no field \"text\""),
      (#"{"text":5}"#, "is a number"), (#"{"text":null}"#, "is null"),
      (#"{"text":["a"]}"#, "is an array"), (#"{"text":"a","id":{}}"#, "is an object"),
      ("{\"text\":\"\u{1}\"}", "control character"), (#"{"text":"\x"}"#, "backslash"),
      ("{'text':'a'}", "in quotes"), ("plain text", "a value was expected"),
    ]
    for (line, message) in faults {
      let error = try fault(good, "", line, good)
      #expect(error?.code == .malformed && error?.line == 3, "\(line)")
      #expect(error?.description.contains("f.jsonl, line 3: ") == true)
      #expect(error?.description.contains(message) == true, "\(line): \(error as Any)")
      let first = try fault(line)
      #expect(first?.line == 1, "a .jsonl file is not taken as text: \(line)")
    }
  }

  @Test func skipsAndCountsOnRequest() throws {
    let reading = try read(
      "{", #"{"text":"a"}"#, "[]", #"{"id":2}"#, #"{"text":5}"#, #"{"text":""}"#, "",
      #"{"text":"b"}"#, #"{"text":"c"}x"#, #"{"text":"d","lang":3}"#,
      options: options {
        $0.invalidJSON = .skip
        $0.langField = "lang"
      })
    #expect(reading.texts == ["a", "b"])
    #expect(reading.ids == ["f.jsonl#1", "f.jsonl#6"])
    #expect(reading.counts.skippedInvalidJSON == 3)
    #expect(reading.counts.skippedInvalidFields == 3)
    #expect(reading.counts.emptyDocuments == 1)
  }

  @Test func appliesThePolicyForInvalidUTF8() throws {
    let bytes: [UInt8] = Array("a".utf8) + [0xE2, 0x82] + Array("b".utf8)
    let text = try scratch.write("t.txt", bytes)
    let json = try scratch.write(
      "t.jsonl",
      Array(#"{"text":"ok \ud800 half"}"#.utf8) + [0x0A] + Array(#"{"text":""#.utf8) + bytes
        + Array("\"}".utf8))
    let replaced = try CorpusTests.read([text, json])
    #expect(replaced.texts == ["a\u{FFFD}b", "ok \u{FFFD}\u{FFFD}\u{FFFD} half", "a\u{FFFD}b"])
    #expect(replaced.counts.invalidUTF8Replacements == 5)
    #expect(replaced.counts.documentsWithReplacements == 3)
    let skipped = try CorpusTests.read([text, json], options { $0.invalidUTF8 = .skip })
    #expect(skipped.counts.skippedInvalidUTF8 == 3 && skipped.texts.isEmpty)
    let strict = options { $0.invalidUTF8 = .error }
    #expect(failure([text], strict)?.code == .malformed)
    #expect(failure([json], strict)?.line == 1)
    #expect(failure([json], strict)?.description.contains("byte 3 of its text") == true)
  }

  @Test func decidesTheFormatByContentWhereTheNameIsSilent() throws {
    func isJSON(_ name: String, _ content: String, _ format: CorpusOptions.Format = .auto) throws
      -> Bool?
    {
      let file = try scratch.write(name, content)
      let group = InputGroup(index: 0, files: try InputListing.files(for: [file]))
      return try GroupReader(group: group, options: options { $0.format = format })
        .nextBatch()?.isJSON
    }
    #expect(try isJSON("a", #"{"text":"a"}"#) == true)
    #expect(try isJSON("a", "\n \r\n\t{\"text\":\"a\"}\nnot json") == true)
    #expect(try isJSON("a", "{ not json }\n{\"text\":\"a\"}") == false)
    #expect(try isJSON("a", "[1]\n") == false)
    #expect(try isJSON("a", "text\n{\"text\":\"a\"}") == false)
    #expect(try isJSON("a.txt", "{\n\"text\": 1}") == false)
    for name in ["a.jsonl", "a.JSONL", "a.ndjson", "a.json", "a.jsonl.gz", "a.jsonl.zst"] {
      #expect(try isJSON(name, "text") == true, "\(name)")
    }
    #expect(try isJSON("a.jsonl", #"{"text":"a"}"#, .text) == false)
    #expect(try isJSON("a.txt", "text", .jsonl) == true)
    let long = "{\"text\":\"" + String(repeating: "x", count: 700_000) + "\"}"
    #expect(try isJSON("a", long) == true)
    #expect(try isJSON("a", long + "\n") == true)
    #expect(try isJSON("a", long.dropLast() + "\n") == false)
  }

  @Test func textSplittingDoesNotTouchJSON() throws {
    let reading = try read(
      #"{"text":"a\n\nb"}"#, #"{"text":"c"}"#, options: options { $0.split = .blankLines })
    #expect(reading.texts == ["a\n\nb", "c"])
  }
}
