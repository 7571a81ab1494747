// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Corpus
import TestSupport
import Testing

/// Corpora in Arrow files and streams, against the same documents in JSON Lines.
@Suite struct ArrowInputTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private static let texts = [
    "plain", "two\nlines\r\n\tand \"quotes\" \\ \u{1}\u{1F}", "naïve 中文 👩‍🚀\u{0}", " ",
  ]

  private static let origin = ArrowField(
    "origin", .structure([ArrowField("lang", .utf8), ArrowField("n", .int64)]))

  private static let batch: RecordBatch = {
    let count = texts.count
    let columns: [(String, ArrowArray)] = [
      ("key", .int64([7, -8, 9, 10])),
      ("body", .largeUtf8(bytes: texts.flatMap(\.utf8), offsets: offsets(texts))),
      (
        "origin",
        .structure(
          origin.type.children, length: count,
          [.utf8(["en", "de", "zh", "en"]), .int64([1, 2, 3, 4])])
      ),
      ("score", .float64([0.5, 1, -2.25, 1e300])),
      ("tags", .list(offsets: [0, 0, 1, 3, 3], .utf8(["a\"b", "c", "d"]))),
      ("flag", .bool([true, false, true, false])),
    ]
    let fields = columns.map { ArrowField($0.0, $0.1.type) }
    return RecordBatch(
      schema: ArrowSchema(fields: fields), rowCount: count, columns: columns.map(\.1))
  }()

  private static func offsets(_ texts: [String]) -> [Int64] {
    texts.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int64($1.utf8.count)) }
  }

  private static let wanted = options {
    $0.textField = "body"
    $0.idField = "key"
    $0.langField = "origin.lang"
    $0.keepFields = ["score", "tags", "flag", "origin", "origin.n"]
  }

  private func encoded(
    _ batches: [RecordBatch], asFile: Bool, _ compression: ArrowCompression = .zstd(level: 3)
  ) throws -> [UInt8] {
    let schema = batches[0].schema
    var encoder = try BatchEncoder(schema: schema, compression: compression)
    let messages = try batches.map { try encoder.encode($0) }
    guard asFile else {
      let stream = try ArrowStreamAssembler(schema: schema)
      return messages.reduce(stream.head()) { $0 + $1.bytes } + stream.tail()
    }
    var file = try ArrowFileAssembler(schema: schema)
    var bytes = file.head()
    for message in messages {
      bytes += message.bytes
      file.append(message)
    }
    return bytes + (try file.tail())
  }

  @Test(arguments: [true, false]) func documentsAreThoseOfTheSameJSONLines(asFile: Bool) throws {
    let json = """
      {"key":7,"body":"plain","origin":{"lang":"en","n":1},"score":0.5,"tags":[],"flag":true}
      {"key":-8,"body":"two\\nlines\\r\\n\\tand \\"quotes\\" \\\\ \\u0001\\u001f",\
      "origin":{"lang":"de","n":2},"score":1.0,"tags":["a\\"b"],"flag":false}
      {"key":9,"body":"naïve 中文 👩‍🚀\\u0000","origin":{"lang":"zh","n":3},"score":-2.25,\
      "tags":["c","d"],"flag":true}
      {"key":10,"body":" ","origin":{"lang":"en","n":4},"score":1e+300,"tags":[],"flag":false}
      """
    let expected = try read([scratch.write("a.jsonl", json)], Self.wanted)
    let path = try scratch.write(
      "a.arrow", encoded([Self.batch, Self.batch], asFile: asFile))
    let reading = try read([path], Self.wanted)
    #expect(reading.documents == expected.documents + expected.documents)
    #expect(reading.texts.prefix(4) == Self.texts[...])
    #expect(reading.counts.documents == 8)
  }

  @Test func filesThroughPipesAreReadAsStreams() throws {
    let file = try encoded([Self.batch], asFile: true)
    let path = try scratch.write("a.arrow", file)
    let piped = InputFile(path: path, name: "stdin", argument: 0, storedSize: 0)
    let reader = try GroupReader(
      group: InputGroup(index: 0, files: [piped]), options: Self.wanted)
    var parser = DocumentParser(options: Self.wanted)
    var texts: [String] = []
    while let batch = try reader.nextBatch() {
      try parser.forEachDocument(in: batch) {
        texts.append(String(decoding: $0.text, as: UTF8.self))
      }
    }
    #expect(texts == Self.texts)
    // To the last byte, so that whoever writes does not find the pipe closed.
    #expect(reader.storedBytesRead == file.count)
  }

  @Test func nullTextsAreCountedAndNullIdsMadeUp() throws {
    let text = ArrowArray.utf8(["a", "", "c"]).withValidity([true, false, true])
    let id = ArrowArray.utf8(["x", "y", ""]).withValidity([true, true, false])
    let batch = RecordBatch(
      schema: ArrowSchema(fields: [
        ArrowField("text", .utf8, isNullable: true), ArrowField("id", .utf8, isNullable: true),
      ]), rowCount: 3, columns: [text, id])
    let reading = try read([scratch.write("n.arrow", encoded([batch], asFile: true))])
    #expect(reading.texts == ["a", "c"])
    #expect(reading.ids == ["x", "n.arrow#2"])
    #expect(reading.counts.skippedNullTexts == 1)
  }

  @Test func wrongColumnsAreNamedWithThoseThatThereAre() throws {
    let path = try scratch.write("a.arrow", encoded([Self.batch], asFile: true))
    func message(_ change: (inout CorpusOptions) -> Void) -> String {
      let error = failure([path], options(change))
      #expect(error?.code == .malformed)
      #expect(error?.file == path)
      return error?.message ?? ""
    }
    #expect(message { _ in }.contains("“text” (--text-field)"))
    #expect(message { _ in }.contains("key, body, origin, score, tags, flag"))
    #expect(message { $0.textField = "key" }.contains("is int64; it must be text"))
    #expect(message { $0.textField = "origin.n" }.contains("is int64; it must be text"))
    #expect(
      message {
        $0.textField = "body"
        $0.idField = "score"
      }.contains("--id-field"))
    #expect(
      message {
        $0.textField = "body"
        $0.idField = "nothing"
      }.contains("“nothing” (--id-field)"))
    #expect(
      message {
        $0.textField = "body"
        $0.keepFields = ["nothing"]
      }.contains("--keep-field"))
  }

  @Test func damageAndCutsAreErrors() throws {
    for asFile in [true, false] {
      let bytes = try encoded([Self.batch, Self.batch], asFile: asFile)
      for length in 0..<bytes.count where length % 7 == 0 || length > bytes.count - 9 {
        guard length >= 8 else { continue }
        let error = failure([try scratch.write("cut.arrow", Array(bytes[..<length]))], Self.wanted)
        #expect([.corrupt, .malformed].contains(error?.code), "\(length): \(error)")
      }
    }
    let encoding = failure(
      [try scratch.write("a.arrow", encoded([Self.batch], asFile: true))],
      options { $0.encoding = "latin1" })
    #expect(encoding?.code == .usage)
  }

  @Test func filesThatDatasetsKeepsBesideItsDataArePassedOver() throws {
    for name in [
      "save/train/data-00000-of-00001.arrow", "save/train/state.json",
      "save/train/dataset_info.json", "save/train/cache-0123.arrow", "save/dataset_dict.json",
      "plain/state.json", "plain/a.arrow",
    ] { try scratch.write(name, "x") }
    #expect(try scratch.names(scratch.path + "/save") == ["train/data-00000-of-00001.arrow"])
    #expect(try scratch.names(scratch.path + "/plain") == ["a.arrow", "state.json"])
  }
}
