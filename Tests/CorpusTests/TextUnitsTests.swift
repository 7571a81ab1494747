// SPDX-License-Identifier: Apache-2.0

import Corpus
import TestSupport
import Testing
import UnicodeText

/// The rules again, written to be read.
private enum Naive {
  static func isBlank(_ text: some Sequence<UInt8>) -> Bool {
    text.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
  }

  static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
    var pieces = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
    for index in pieces.indices.dropLast() where pieces[index].last == 0x0D {
      pieces[index].removeLast()
    }
    return pieces
  }

  static func units(_ bytes: [UInt8], _ split: CorpusOptions.Split) -> [[UInt8]] {
    switch split {
    case .document: return [bytes]
    case .lines: return lines(bytes).filter { !isBlank($0) }
    case .separator(let separator):
      var pieces: [[UInt8]] = [[]]
      var at = 0
      while at < bytes.count {
        if bytes[at...].starts(with: separator) {
          pieces.append([])
          at += separator.count
        } else {
          pieces[pieces.count - 1].append(bytes[at])
          at += 1
        }
      }
      return pieces.filter { !isBlank($0) }
    case .blankLines:
      let raw = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
      var units: [[UInt8]] = []
      for group in raw.split(whereSeparator: { isBlank($0) }) {
        var unit = Array(group.joined(separator: [0x0A]))
        if group.endIndex < raw.count, unit.last == 0x0D { unit.removeLast() }
        units.append(unit)
      }
      return units
    }
  }
}

@Suite struct TextUnitsTests {
  @Test func aFileIsOneDocumentUnlessSplit() throws {
    let scratch = try ScratchDirectory()
    let a = try scratch.write("a.txt", "one\n\ntwo\n")
    let b = try scratch.write("b.txt", "")
    let reading = try read([a, b])
    #expect(reading.texts == ["one\n\ntwo\n"])
    #expect(reading.ids == ["a.txt#0"])
    #expect(reading.counts.emptyDocuments == 1)
  }

  @Test func splitsAsAsked() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.write("d/a.txt", "one\r\n\r\ntwo\nthree\n \t\n\n<>four<>\n")
    func texts(_ split: CorpusOptions.Split) throws -> [String] {
      try read([file], options { $0.split = split }).texts
    }
    #expect(try texts(.lines) == ["one", "two", "three", "<>four<>"])
    #expect(try texts(.blankLines) == ["one", "two\nthree", "<>four<>"])
    #expect(
      try texts(.separator(Array("<>".utf8))) == ["one\r\n\r\ntwo\nthree\n \t\n\n", "four"])
    let reading = try read([scratch.path], options { $0.split = .lines })
    #expect(reading.ids == ["d/a.txt#0", "d/a.txt#1", "d/a.txt#2", "d/a.txt#3"])
    let places = reading.batches.flatMap { $0.records.map(\.place) }
    #expect(places == [.line(1), .line(3), .line(4), .line(7)])
    let paragraphs = try read([file], options { $0.split = .blankLines }).batches
    #expect(paragraphs.flatMap { $0.records.map(\.place) } == [.line(1), .line(3), .line(7)])
    #expect(failure([file], options { $0.split = .separator([]) })?.code == .usage)
  }

  @Test func everySplitAgreesWithItsDefinitionForAnyBatchSize() throws {
    let scratch = try ScratchDirectory()
    var dice = Dice(seed: 0xC0FFEE)
    let splits: [CorpusOptions.Split] = [
      .document, .lines, .blankLines, .separator([0x0A, 0x2D]), .separator([0x2D]),
      .separator([0x2D, 0x2D, 0x0A]),
    ]
    let alphabet = Array("ab \t\r\n\n\n--".utf8)
    for round in 0..<120 {
      let length = dice.next(round < 60 ? 30 : 700)
      let bytes = (0..<length).map { _ in alphabet[dice.next(alphabet.count)] }
      let file = try scratch.write("t.txt", bytes)
      for split in splits {
        let expected = Naive.units(bytes, split).filter { !$0.isEmpty }
        for batch in [64, 97, 1 << 18] {
          let reading = try read(
            [file],
            options {
              $0.split = split
              $0.format = .text
            }, GroupReader.Sizes(cutBytes: 50, batchBytes: batch))
          #expect(reading.texts.map { Array($0.utf8) } == expected, "seed 0xC0FFEE, \(split)")
          #expect(reading.batches.flatMap(\.bytes) == bytes)
        }
      }
    }
  }

  @Test func linesOfLinesAreCountedAcrossBatches() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.write(
      "t.txt", (1...500).map { $0 % 3 == 0 ? "" : "line \($0)" }.joined(separator: "\n"))
    for batch in [64, 100, 1 << 18] {
      let reading = try read(
        [file], options { $0.split = .lines }, GroupReader.Sizes(batchBytes: batch))
      for batch in reading.batches {
        for record in batch.records {
          guard case .line(let line) = record.place else { continue }
          #expect(String(decoding: batch.bytes[record.range], as: UTF8.self) == "line \(line)")
        }
      }
      #expect(reading.counts.documents == 334)
      #expect(reading.ids.last == "t.txt#333")
    }
  }

  @Test func aDocumentHasALimit() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.write("t.txt", "short\n" + String(repeating: "x", count: 1000) + "\nend")
    let options = options {
      $0.split = .lines
      $0.maxDocumentBytes = 999
    }
    for batch in [64, 1 << 18] {
      let error = failure([file], options, GroupReader.Sizes(batchBytes: batch))
      #expect(error?.code == .tooLarge)
      #expect(error?.line == 2)
      #expect(error?.description.contains("--max-document-bytes") == true)
      var enough = options
      enough.maxDocumentBytes = 1000
      #expect(failure([file], enough, GroupReader.Sizes(batchBytes: batch)) == nil)
    }
    #expect(failure([file], whole(limit: 1009))?.code == .tooLarge)
    #expect(failure([file], whole(limit: 1010)) == nil)
    #expect(failure([file], whole(limit: 0))?.code == .usage)
    #expect(failure([file], whole(limit: .max)) == nil)
  }

  private func whole(limit: Int) -> CorpusOptions {
    options { $0.maxDocumentBytes = limit }
  }

  @Test func dropsAByteOrderMark() throws {
    let scratch = try ScratchDirectory()
    let text = try scratch.write("a.txt", [0xEF, 0xBB, 0xBF] + Array("text".utf8))
    let json = try scratch.write("b", [0xEF, 0xBB, 0xBF] + Array(#"{"text":"json"}"#.utf8))
    let reading = try read([text, json])
    #expect(reading.texts == ["text", "json"])
    #expect(reading.reader.range(ofCut: 0)?.byteCount == 7 + 18)
  }

  @Test func convertsOtherEncodings() throws {
    let scratch = try ScratchDirectory()
    let text = "Grüße, 世界 😀\nzweite"
    let utf16: [UInt8] =
      [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let file = try scratch.write("a.txt", utf16)
    #expect(try read([file], options { $0.encoding = "utf-16" }).texts == [text])
    let error = failure([file])
    #expect(error?.code == .malformed)
    #expect(error?.description.contains("--encoding utf-16") == true)
    let packed = try scratch.write(
      "b.gz", try gzip([0x47, 0xFC, 0xDF, 0x65, 0x0A, 0x62] as [UInt8]))
    #expect(
      try read(
        [packed],
        options {
          $0.encoding = "iso-8859-1"
          $0.split = .lines
        }
      ).texts == ["Güße", "b"])
    #expect(failure([file], options { $0.encoding = "no such" })?.code == .usage)
    let plain = try scratch.write("c.txt", text)
    #expect(try read([plain], options { $0.encoding = "UTF-8" }).texts == [text])
  }

  @Test func countsWhatIsMalformedInAnEncoding() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.write("a.txt", [0x61, 0x81, 0x20, 0x62])
    let reading = try read([file], options { $0.encoding = "shift_jis" })
    #expect(reading.reader.malformedInEncoding == 1)
    let strict = options {
      $0.encoding = "shift_jis"
      $0.invalidUTF8 = .error
    }
    #expect(failure([file], strict)?.code == .malformed)
  }
}
