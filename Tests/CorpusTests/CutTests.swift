// SPDX-License-Identifier: Apache-2.0

import Corpus
import Digests
import TestSupport
import Testing

private let sizes = GroupReader.Sizes(cutBytes: 1000, batchBytes: 300)

@Suite struct CutTests {
  private let scratch: ScratchDirectory
  private let files: [String]

  init() throws {
    scratch = try ScratchDirectory()
    var dice = Dice(seed: 77)
    var files: [String] = []
    for index in 0..<9 {
      let lines = (0..<dice.next(60)).map { line in
        dice.next(5) == 0
          ? "" : "{\"text\":\"\(String(repeating: "x", count: dice.next(90) + 1)) \(line)\"}"
      }
      let bytes = Array(lines.joined(separator: "\n").utf8)
      let stored = index % 3 == 0 ? bytes : index % 3 == 1 ? try gzip(bytes) : try zstd(bytes)
      files.append(try scratch.write("f\(index).jsonl", stored))
    }
    self.files = files
  }

  @Test func aCutEndsAfterTheDocumentThatReachesItsLength() throws {
    let reading = try read(files, CorpusOptions(), sizes)
    let cuts = (reading.batches.last?.cut ?? 0) + 1
    #expect(cuts > 5)
    for cut in 0..<cuts {
      let batches = reading.batches.filter { $0.cut == cut }
      let bytes = batches.flatMap(\.bytes)
      #expect(reading.reader.digest(ofCut: cut) == SHA256.digest(of: bytes))
      #expect(reading.reader.range(ofCut: cut)?.byteCount == bytes.count)
      if cut < cuts - 1 {
        let last = try #require(batches.last)
        let record = try #require(last.records.last)
        #expect(bytes.count >= 1000)
        // Without its last document, and the line end after it, the cut was not long enough.
        #expect(bytes.count - (last.bytes.count - record.range.lowerBound) < 1000)
        #expect(last.bytes.count - record.range.upperBound <= 1)
      }
    }
    #expect(reading.reader.digest(ofCut: cuts) == nil)
    #expect(reading.reader.range(ofCut: -1) == nil)
  }

  @Test func rangesJoinWithoutAGap() throws {
    let reading = try read(files, CorpusOptions(), sizes)
    let sizesByName = Dictionary(
      grouping: reading.batches, by: { $0.file.name }
    ).mapValues { $0.reduce(0) { $0 + $1.bytes.count } }
    var last: CutRange?
    var cut = 0
    while let range = reading.reader.range(ofCut: cut) {
      if let last {
        let isSamePlace =
          range.startFile == last.endFile && range.startOffset == last.endOffset
        let isNextFile = range.startOffset == 0 && last.endOffset == sizesByName[last.endFile]
        #expect(isSamePlace || isNextFile)
      } else {
        #expect(range.startFile == "f0.jsonl" && range.startOffset == 0)
      }
      last = range
      cut += 1
    }
    #expect(last?.endFile == "f8.jsonl" && last?.endOffset == sizesByName["f8.jsonl"])
  }

  @Test func batchSizeDecidesNothing() throws {
    let whole = try read(files, CorpusOptions(), .init(cutBytes: 1000))
    for batch in [64, 123, 300, 5000] {
      let reading = try read(files, CorpusOptions(), .init(cutBytes: 1000, batchBytes: batch))
      #expect(reading.documents == whole.documents)
      for cut in 0..<20 {
        #expect(reading.reader.digest(ofCut: cut) == whole.reader.digest(ofCut: cut))
        #expect(reading.reader.range(ofCut: cut) == whole.reader.range(ofCut: cut))
        let bytes = reading.batches.filter { $0.cut == cut }.flatMap(\.bytes)
        #expect(bytes == whole.batches.filter { $0.cut == cut }.flatMap(\.bytes))
      }
    }
  }

  @Test func startingAtACutGivesTheRestAndTheSameDigests() throws {
    let whole = try read(files, CorpusOptions(), sizes)
    let cuts = (whole.batches.last?.cut ?? 0) + 1
    for first in 0...cuts + 1 {
      let rest = try read(files, CorpusOptions(), startingAtCut: first, sizes)
      let expected = whole.batches.filter { $0.cut >= first }
      #expect(rest.batches.map(\.bytes) == expected.map(\.bytes))
      #expect(rest.batches.map(\.records) == expected.map(\.records))
      for cut in 0..<cuts {
        #expect(rest.reader.digest(ofCut: cut) == whole.reader.digest(ofCut: cut))
      }
    }
  }

  @Test func batchesSpanNeitherFilesNorCuts() throws {
    let reading = try read(files, CorpusOptions(), sizes)
    var seen: [InputFile] = []
    for batch in reading.batches where seen.last != batch.file { seen.append(batch.file) }
    #expect(seen.map(\.name) == seen.map(\.name).sorted())
    #expect(
      reading.ids
        == reading.batches.flatMap { batch in
          batch.records.map { "\(batch.file.name)#\($0.ordinal)" }
        })
  }

  @Test func tellsHowManyStoredBytesItHasUsed() throws {
    let inputs = try InputListing.files(for: files)
    let reader = try GroupReader(
      group: InputGroup(index: 0, files: inputs), options: CorpusOptions(), sizes: sizes)
    var last = 0
    while try reader.nextBatch() != nil {
      #expect(reader.storedBytesRead >= last)
      last = reader.storedBytesRead
    }
    #expect(reader.storedBytesRead == inputs.reduce(0) { $0 + $1.storedSize })
  }

  @Test func digestsCanBeLeftOut() throws {
    let group = InputGroup(index: 0, files: try InputListing.files(for: files))
    let reader = try GroupReader(
      group: group, options: CorpusOptions(), digests: false, sizes: sizes)
    while try reader.nextBatch() != nil {}
    #expect(reader.digest(ofCut: 0) == nil)
    #expect(
      reader.range(ofCut: 0) == (try read(files, CorpusOptions(), sizes)).reader.range(ofCut: 0))
  }

  @Test func nothingToReadIsOneCutOfNothing() throws {
    let empty = try scratch.write("empty.jsonl", "")
    let reading = try read([empty, empty])
    #expect(reading.batches.isEmpty && reading.counts == CorpusCounts())
    #expect(reading.reader.digest(ofCut: 0) == SHA256.digest(of: []))
    #expect(
      reading.reader.range(ofCut: 0)
        == CutRange(
          startFile: "empty.jsonl", startOffset: 0, endFile: "empty.jsonl", endOffset: 0,
          byteCount: 0))
    #expect(reading.reader.digest(ofCut: 1) == nil)
  }
}
