// SPDX-License-Identifier: Apache-2.0

internal import CProcessor

/// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw,
/// "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
///
/// A block is a pure function of a 128-bit counter and a 64-bit key: there is no state to share,
/// to advance or to save. The known-answer vectors of the authors' Random123 library hold.
public enum Philox {
  @usableFromInline static let multiplier0: UInt32 = 0xD251_1F53
  @usableFromInline static let multiplier1: UInt32 = 0xCD9E_8D57
  @usableFromInline static let weyl0: UInt32 = 0x9E37_79B9
  @usableFromInline static let weyl1: UInt32 = 0xBB67_AE85

  /// The four random words of one counter under one key, after ten rounds.
  @inlinable
  public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var x0 = counter[0]
    var x1 = counter[1]
    var x2 = counter[2]
    var x3 = counter[3]
    var k0 = key[0]
    var k1 = key[1]
    for _ in 0..<10 {
      let p0 = UInt64(multiplier0) &* UInt64(x0)
      let p1 = UInt64(multiplier1) &* UInt64(x2)
      x0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ x1 ^ k0
      x1 = UInt32(truncatingIfNeeded: p1)
      x2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ x3 ^ k1
      x3 = UInt32(truncatingIfNeeded: p0)
      k0 &+= weyl0
      k1 &+= weyl1
    }
    return SIMD4(x0, x1, x2, x3)
  }
  private static let way = cprocessor_best()

  /// The blocks of eight counters, the first word counted up from the given one, as 32 words in
  /// order: by the widest vectors that the processor has.
  static func eightBlocks(
    counter: SIMD4<UInt32>, key: SIMD2<UInt32>, into words: UnsafeMutablePointer<UInt32>
  ) {
    withUnsafePointer(to: counter) { counter in
      withUnsafePointer(to: key) { key in
        counter.withMemoryRebound(to: UInt32.self, capacity: 4) { counter in
          key.withMemoryRebound(to: UInt32.self, capacity: 2) { key in
            cprocessor_philox8(way, counter, key, words)
          }
        }
      }
    }
  }
}
