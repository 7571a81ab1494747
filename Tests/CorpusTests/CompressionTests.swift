// SPDX-License-Identifier: Apache-2.0

import Corpus
import Digests
import TestSupport
import Testing

private let text = Array(
  (0..<3000).map { "line \($0) of a text that compresses\n" }.joined().utf8)

private func middle(_ bytes: [UInt8]) -> (first: [UInt8], second: [UInt8]) {
  (Array(bytes[..<50_001]), Array(bytes[50_001...]))
}

@Suite struct CompressionTests {
  private let scratch: ScratchDirectory
  private let halves = middle(text)

  init() throws { scratch = try ScratchDirectory() }

  private func decoded(_ stored: [UInt8], batch: Int = 1 << 18) throws -> [UInt8] {
    let file = try scratch.write("f", stored)
    let reading = try read(
      [file], options { $0.split = .lines }, GroupReader.Sizes(batchBytes: batch))
    let bytes = reading.batches.flatMap(\.bytes)
    #expect(reading.reader.digest(ofCut: 0) == SHA256.digest(of: bytes))
    return bytes
  }

  private func fault(_ stored: [UInt8]) throws -> CorpusError? {
    failure([try scratch.write("f", stored)], options { $0.split = .lines })
  }

  @Test func decompressesByContentWhateverTheName() throws {
    #expect(try decoded(text) == text)
    #expect(try decoded(gzip(text)) == text)
    #expect(try decoded(zstd(text)) == text)
    for batch in [64, 1000, 4096] {
      #expect(try decoded(gzip(text), batch: batch) == text)
      #expect(try decoded(zstd(text), batch: batch) == text)
    }
  }

  @Test func readsSeveralMembersAndZeroPadding() throws {
    let members = try gzip(halves.first) + gzip([]) + gzip(halves.second)
    #expect(try decoded(members) == text)
    #expect(try decoded(members + [UInt8](repeating: 0, count: 700_000)) == text)
    let padded = try gzip(halves.first) + [0, 0, 0] + gzip(halves.second) + [0]
    #expect(try decoded(padded) == text)
  }

  @Test func readsSeveralFramesAndSkippableOnes() throws {
    let skippable: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]
    let frames =
      try skippable + zstd(halves.first) + skippable + zstd([]) + zstd(halves.second) + skippable
    #expect(try decoded(frames) == text)
  }

  @Test func trailingGarbageIsNamedWithItsOffset() throws {
    for junk in [Array("junk that is longer\n".utf8), [0x1F], [0x7A, 0, 0]] {
      let member = try gzip(text)
      let error = try fault(member + junk)
      #expect(error?.code == .corrupt && error?.byteOffset == member.count)
      let padded = try fault(member + [0, 0] + junk)
      #expect(padded?.code == .corrupt && padded?.byteOffset == member.count + 2)
      let frame = try zstd(text)
      let other = try fault(frame + junk)
      #expect(other?.code == .corrupt && other?.byteOffset == frame.count)
    }
  }

  @Test func aFileCutShortAnywhereIsCorruptAtItsEnd() throws {
    for stored in [try gzip(text), try zstd(text)] {
      for cut in [1, 3, 4, 5, 9, 100, stored.count / 2, stored.count - 20] {
        let error = try fault(Array(stored.dropLast(cut)))
        #expect(error?.code == .corrupt, "without \(cut) bytes")
        #expect(error?.byteOffset == stored.count - cut)
      }
      let second = stored + Array(stored.dropLast(7))
      #expect(try fault(second)?.byteOffset == second.count)
    }
  }

  @Test func everyFlippedByteIsNoticedOrHarmless() throws {
    let small = Array(text[..<2000])
    for stored in [try gzip(small), try zstd(small)] {
      for index in 4..<stored.count {
        var damaged = stored
        damaged[index] ^= 0x41
        let file = try scratch.write("f", damaged)
        do {
          let reading = try read([file], options { $0.split = .lines })
          #expect(reading.batches.flatMap(\.bytes) == small, "byte \(index)")
        } catch let error as CorpusError {
          #expect([.corrupt, .unsupported].contains(error.code), "byte \(index): \(error)")
        }
      }
    }
  }

  @Test func aWindowTooLargeIsRefusedWithAdvice() throws {
    let error = try fault(try zstd(text, windowLog: 28))
    #expect(error?.code == .unsupported)
    #expect(error?.description.contains("--long=31") == true)
  }

  @Test func whatWasReadBeforeDamageIsHandedOut() throws {
    let file = try scratch.write("f", try gzip(text) + Array("junk".utf8))
    let group = InputGroup(index: 0, files: try InputListing.files(for: [file]))
    let reader = try GroupReader(
      group: group, options: options { $0.split = .lines }, sizes: .init(batchBytes: 4096))
    var records = 0
    let error = #expect(throws: CorpusError.self) {
      while let batch = try reader.nextBatch() { records += batch.records.count }
    }
    #expect(error?.code == .corrupt)
    #expect(records > 2800)
    #expect(reader.digest(ofCut: 0) == nil)
  }
}
