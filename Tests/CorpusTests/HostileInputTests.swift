// SPDX-License-Identifier: Apache-2.0

import Corpus
import TestSupport
import Testing

@Suite struct HostileInputTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private func lines(_ bytes: [UInt8]) throws -> Reading {
    try read([try scratch.write("f", bytes)], options { $0.split = .lines })
  }

  @Test func oneLongLineWithoutAnEnd() throws {
    let reading = try lines([UInt8](repeating: 0x61, count: 3_000_000))
    #expect(reading.counts.documents == 1 && reading.counts.bytes == 3_000_000)
  }

  @Test func newlinesOnly() throws {
    for split in [CorpusOptions.Split.lines, .blankLines, .separator([0x0A])] {
      let file = try scratch.write("f", [UInt8](repeating: 0x0A, count: 200_000))
      let reading = try read([file], options { $0.split = split }, .init(batchBytes: 4096))
      #expect(reading.counts == CorpusCounts())
      #expect(reading.batches.allSatisfy { $0.bytes.count <= 4096 })
      #expect(reading.reader.range(ofCut: 0)?.byteCount == 200_000)
    }
  }

  @Test func onlyLineFeedsEndLines() throws {
    let line = Array("a\r\nb\rc\n".utf8) + [0x85, 0xE2, 0x80, 0xA8, 0x64, 0x0B, 0x0C]
    let reading = try lines(line + line)
    #expect(
      reading.texts == [
        "a", "b\rc", "\u{FFFD}\u{2028}d\u{B}\u{C}a", "b\rc",
        "\u{FFFD}\u{2028}d\u{B}\u{C}",
      ])
  }

  @Test func aRecordMuchLargerThanABatch() throws {
    let text = String(repeating: "lorem ipsum \\n", count: 200_000)
    let file = try scratch.write("f", "{\"id\":\"x\",\"text\":\"\(text)\"}\n{\"text\":\"after\"}")
    let reading = try read([file], CorpusOptions(), .init(batchBytes: 1024))
    #expect(reading.counts.documents == 2)
    #expect(reading.counts.bytes == 200_000 * 13 + 5)
    #expect(reading.batches.allSatisfy { $0.isJSON })
    let lines = (0..<9000).map { "line \($0) after a long one" }
    let long = String(repeating: "x", count: 300_000)
    let mixed = try scratch.write("g", ([long] + lines + [long] + lines).joined(separator: "\n"))
    let batches = try read(
      [mixed], options { $0.split = .lines }, .init(batchBytes: 4096)
    ).batches
    #expect(batches.reduce(0) { $0 + $1.records.count } == 18_002)
    #expect(batches.filter { $0.bytes.count > 4096 + 300 }.count == 2)
  }

  @Test func nestingAMillionDeep() throws {
    let deep = 1_000_000
    let bomb = String(repeating: "[", count: deep) + String(repeating: "]", count: deep)
    let named = try scratch.write("f.jsonl", "{\"text\":\"a\"}\n" + bomb)
    #expect(failure([named])?.line == 2)
    let nested = try scratch.write("g.jsonl", "{\"text\":\"a\",\"x\":\(bomb)}")
    let error = failure([nested])
    #expect(error?.code == .malformed && error?.line == 1)
    #expect(error?.description.contains("nested deeper") == true)
  }

  @Test func jsonCutInTheMiddleOfARecord() throws {
    let line = #"{"text":"Zeile mit \u00e9 und mehr"}"#
    for end in 1..<line.utf8.count {
      let file = try scratch.write("f.jsonl", line + "\n" + String(line.prefix(end)))
      #expect(failure([file])?.line == 2)
      #expect(try read([file], options { $0.invalidJSON = .skip }).texts.count == 1)
    }
  }

  @Test func invalidAndSplitSequencesAtEveryBorder() throws {
    let line = [UInt8](repeating: 0x61, count: 61) + [0xF0, 0x0A]
    let invalid = try read(
      [try scratch.write("f", [[UInt8]](repeating: line, count: 200).flatMap { $0 })],
      options { $0.split = .lines }, .init(batchBytes: 64))
    #expect(invalid.counts.documents == 200 && invalid.counts.invalidUTF8Replacements == 200)
    let euro = String(repeating: String(repeating: "a", count: 61) + "€", count: 200)
    let whole = try read([try scratch.write("g", euro)], CorpusOptions(), .init(batchBytes: 64))
    #expect(whole.texts == [euro])
    #expect(whole.counts.invalidUTF8Replacements == 0)
  }

  @Test func manyFieldsThatAreNotWanted() throws {
    let fields = (0..<20_000).map { "\"k\($0)\":{\"text\":[\($0),\"\\\\\\\"\"]}" }
    let line = "{" + fields.joined(separator: ",") + ",\"text\":\"found\"}"
    #expect(try read([try scratch.write("f", line)]).texts == ["found"])
  }

  @Test func garbageGivesDocumentsOrAnErrorThatNamesTheFile() throws {
    var dice = Dice(seed: 424_242)
    let heads: [[UInt8]] = [
      [], Array("{\"text\":\"".utf8), Array("[".utf8), [0xEF, 0xBB, 0xBF], [0xFF, 0xFE],
      [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3], [0x28, 0xB5, 0x2F, 0xFD], [0x50, 0x2A, 0x4D, 0x18],
      try gzip(Array("text\n".utf8)), try zstd(Array("text\n".utf8)),
    ]
    let splits: [CorpusOptions.Split] = [.document, .lines, .blankLines, .separator([0x0A, 0x0A])]
    let encodings: [String?] = [nil, nil, nil, "utf-16", "shift_jis", "gb18030", "utf-7"]
    for round in 0..<600 {
      let isText = dice.next(2) == 0
      let tail = (0..<dice.next(400)).map { _ in
        isText ? Array("{}[]\"\\:,\n\n tex\u{0}é".utf8)[dice.next(17)] : UInt8(dice.next(256))
      }
      let name = round % 3 == 0 ? "f.jsonl" : "f"
      let file = try scratch.write(name, heads[dice.next(heads.count)] + tail)
      let options = options {
        $0.split = splits[dice.next(splits.count)]
        $0.format = CorpusOptions.Format.allCases[dice.next(3)]
        $0.invalidJSON = dice.next(2) == 0 ? .error : .skip
        $0.encoding = encodings[dice.next(encodings.count)]
        $0.maxDocumentBytes = dice.next(2) == 0 ? 1 << 30 : 50
      }
      let error = failure([file], options, .init(cutBytes: 64, batchBytes: 64))
      #expect(error == nil || error?.file == file, "seed 424242, round \(round)")
      let statuses: [CorpusError.Code] = [.malformed, .corrupt, .tooLarge, .unsupported]
      #expect(error.map { statuses.contains($0.code) } ?? true, "seed 424242, round \(round)")
    }
  }
}
