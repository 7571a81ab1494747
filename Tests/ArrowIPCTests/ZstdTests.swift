// SPDX-License-Identifier: Apache-2.0

import ArrowIPC
import Testing

@Suite struct ZstdTests {
  private func compress(_ bytes: [UInt8], level: Int = 3) throws -> [UInt8] {
    var compressor = try ZstdCompressor(level: level)
    return try bytes.withUnsafeBytes { try compressor.compress($0) { Array($0) } }
  }

  private func decompress(
    _ frame: [UInt8], size: Int, requiresChecksum: Bool = true
  ) throws -> [UInt8] {
    var decompressor = try ZstdDecompressor()
    return try frame.withUnsafeBytes {
      try decompressor.decompress($0, size: size, requiresChecksum: requiresChecksum)
    }
  }

  @Test func framesCarrySizeAndChecksum() throws {
    // RFC 8878, 3.1.1.1: bit 2 of the descriptor is the checksum, bits 5–7 the size's form.
    let frame = try compress([UInt8](repeating: 7, count: 1000))
    #expect(frame[0..<4] == [0x28, 0xB5, 0x2F, 0xFD])
    #expect(frame[4] & 0b100 != 0)
    #expect(frame[4] & 0b1110_0000 != 0)
    #expect(frame[4] & 0b11 == 0)
  }

  @Test(arguments: [0, 1, 15, 16, 1000, 200_000]) func contentSurvives(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 &>> 3) }
    #expect(try decompress(compress(bytes), size: count) == bytes)
  }

  @Test func everyFlippedBitIsNoticed() throws {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* $0 &>> 2) }
    let frame = try compress(bytes)
    for index in 0..<(8 * frame.count) {
      var damaged = frame
      damaged[index / 8] ^= 1 << UInt8(index % 8)
      // Reserved bits of the header may be ignored; wrong content may not come out.
      let result = try? decompress(damaged, size: bytes.count)
      #expect(result == nil || result == bytes)
    }
  }

  @Test func onlyExactFramesAreTaken() throws {
    let frame = try compress([1, 2, 3, 4])
    let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0]
    let faulty: [([UInt8], Int)] = [
      (frame + [0], 4), (frame, 3), (frame, 5), (Array(frame.dropLast()), 4), ([], 0),
      (skippable + frame, 4), (frame + skippable, 4), (frame + frame, 8), ([1, 2, 3], 4),
    ]
    for (bytes, size) in faulty {
      let error = #expect(throws: ArrowError.self) { try decompress(bytes, size: size) }
      #expect(error?.code == .corrupt)
    }
  }

  @Test func checksumsCanBeDemanded() throws {
    // A raw frame by hand: descriptor 0x20 (one segment, size in a byte), one raw last block.
    let plain: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 2, 0x11, 0, 0, 65, 66]
    #expect(try decompress(plain, size: 2, requiresChecksum: false) == [65, 66])
    #expect(throws: ArrowError.self) { try decompress(plain, size: 2) }
  }

  @Test func levelsOutOfRangeAreRefused() {
    for level in [23, 1000, -1_000_000, Int.max, Int.min] {
      #expect(throws: ArrowError.self) { try compress([1], level: level) }
    }
  }
}
