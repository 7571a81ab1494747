// SPDX-License-Identifier: Apache-2.0

import CProcessor
import Testing

@testable import Randomness

/// The known-answer vectors of the authors' Random123 library (`kat_vectors`, philox4x32 10).
@Suite struct PhiloxTests {
  @Test func allZerosGivesThePublishedWords() {
    let words = Philox.block(counter: .zero, key: .zero)
    #expect(words == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
  }

  @Test func allOnesGivesThePublishedWords() {
    let words = Philox.block(
      counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
    #expect(words == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
  }

  @Test func digitsOfPiGiveThePublishedWords() {
    let words = Philox.block(
      counter: SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344),
      key: SIMD2(0xA409_3822, 0x299F_31D0))
    #expect(words == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
  }

  /// Vectors of any width, and a first word that runs over.
  @Test(arguments: [UInt32(0), 7, 0xFFFF_FFFD])
  func eightBlocksAreThoseOfEightCounters(first: UInt32) {
    let key = SIMD2<UInt32>(0xA409_3822, 0x299F_31D0)
    let expected = (0..<8).flatMap { block -> [UInt32] in
      let words = Philox.block(
        counter: SIMD4(first &+ UInt32(block), 0xFFFF_FFFF, 3, 0x0370_7344), key: key)
      return (0..<4).map { words[$0] }
    }
    let ways = [cprocessor_portable, cprocessor_sse2, cprocessor_avx2, cprocessor_avx512]
    for way in ways where way.rawValue <= UInt32(cprocessor_best()) {
      var words = [UInt32](repeating: 0, count: 32)
      cprocessor_philox8(
        Int32(way.rawValue), [first, 0xFFFF_FFFF, 3, 0x0370_7344], [0xA409_3822, 0x299F_31D0],
        &words)
      #expect(words == expected)
    }
    var words = [UInt32](repeating: 0, count: 32)
    Philox.eightBlocks(
      counter: SIMD4(first, 0xFFFF_FFFF, 3, 0x0370_7344), key: key, into: &words)
    #expect(words == expected)
  }
}
