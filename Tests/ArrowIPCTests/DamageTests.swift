// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Testing

/// Files and streams that lost bytes or had bits flipped: an error or valid data, never a trap.
@Suite struct DamageTests {
  /// Two small batches with fixed, variable and nested columns, and with nulls.
  static let batches = [6, 2].map { Samples.batch(rows: $0, "list", "text or null") }

  /// The first of them, where one suffices.
  static let one = Array(batches.prefix(1))

  static let compressions: [ArrowCompression] = [.none, .zstd(level: 3)]

  @Test(arguments: compressions)
  func aFileThatEndsEarlyIsRefused(compression: ArrowCompression) throws {
    let file = try Written.file(Self.batches, compression)
    for length in 0..<file.count {
      #expect(throws: ArrowError.self, "\(length)") {
        try Outcome.file(Array(file.prefix(length)))
      }
    }
  }

  @Test(arguments: compressions)
  func aStreamThatEndsEarlyIsRefusedOrEndsBetweenMessages(compression: ArrowCompression) throws {
    let stream = try Written.stream(Self.batches, compression)
    var whole = 0
    for length in 0..<stream.count {
      guard let read = try? Outcome.stream(Array(stream.prefix(length))) else { continue }
      #expect(read == Array(Self.batches.prefix(read.count)))
      whole += 1
    }
    // After the schema and after each of the two batches.
    #expect(whole == 3)
  }

  @Test func flippedBitsOfAFileAreNoticedOrHarmless() throws {
    let file = try Written.file(Self.batches, .zstd(level: 3))
    var options = ArrowReadOptions()
    options.requiresChecksums = true
    let original = try Outcome.file(file, options: options)
    var refused = 0
    for position in 0..<(8 * file.count) {
      guard let read = try? Outcome.file(flipping(file, position), options: options) else {
        refused += 1
        continue
      }
      // Both copies of the schema are compared and values are under checksums, so what remains
      // is padding and custom metadata.
      let isSame = read == original
      #expect(isSame, "bit \(position)")
    }
    #expect(refused > 4 * file.count)
  }

  @Test func flippedBitsOfAStreamLeaveValidData() throws {
    let stream = try Written.stream(Self.one, .zstd(level: 3))
    let content = Self.one.map(Outcome.content)
    for position in 0..<(8 * stream.count) {
      guard let read = try? Outcome.stream(flipping(stream, position)) else { continue }
      for batch in read { try batch.validate() }
      // A stream has one schema only, so that a flip may make other types of the same bytes.
      guard read.allSatisfy({ $0.schema.fields == Self.batches[0].schema.fields }) else { continue }
      let isPrefix = read.map(Outcome.content) == Array(content.prefix(read.count))
      #expect(isPrefix, "bit \(position)")
    }
  }

  @Test func flippedBitsOfUncompressedFilesLeaveValidData() throws {
    let file = try Written.file(Self.one, .none)
    for position in 0..<(8 * file.count) {
      guard let read = try? Outcome.file(flipping(file, position)) else { continue }
      for batch in read { try batch.validate() }
    }
  }

  private func flipping(_ bytes: [UInt8], _ position: Int) -> [UInt8] {
    var damaged = bytes
    damaged[position / 8] ^= 1 << UInt8(position % 8)
    return damaged
  }
}
