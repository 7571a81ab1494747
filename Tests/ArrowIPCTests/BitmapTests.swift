// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArrowIPC

/// Bit loops against the same on arrays of truth values, on every length up to 40.
@Suite struct BitmapTests {
  static func sample(_ count: Int) -> [Bool] { (0..<count).map { ($0 * 37 + $0 / 3) % 5 < 2 } }

  @Test(arguments: 0...40) func packingAndCountingAgreeWithArrays(count: Int) {
    let values = Self.sample(count)
    let bytes = Bitmap.packed(values)
    #expect(bytes.count == (count + 7) / 8)
    #expect((0..<count).map { Bitmap.bit(bytes, $0) } == values)
    #expect(Bitmap.countOnes(bytes, count) == values.filter { $0 }.count)
    // Bits behind the end do not count.
    var dirty = bytes
    if !dirty.isEmpty { dirty[dirty.count - 1] |= ~Bitmap.lastMask(count) }
    #expect(Bitmap.countOnes(dirty, count) == values.filter { $0 }.count)
    #expect(Bitmap.packed(dirty, [0..<count]) == bytes)
    #expect(Bitmap.isClean(bytes, count))
    #expect(Bitmap.isClean(dirty, count) == (count % 8 == 0))
  }

  @Test func runsAgreeWithArrays() {
    let values = Self.sample(40)
    let bytes = Bitmap.packed(values)
    for start in 0...40 {
      for end in start...40 {
        let ranges = [0..<(start / 2), start..<end].filter { !$0.isEmpty }
        let expected = ranges.flatMap { $0 }.filter { values[$0] }
        let runs = Bitmap.runs(bytes, in: ranges)
        #expect(runs.flatMap { $0 } == expected)
        #expect(runs.allSatisfy { !$0.isEmpty })
        let packed = Bitmap.packed(bytes, ranges)
        #expect(packed == Bitmap.packed(ranges.flatMap { $0 }.map { values[$0] }))
      }
    }
  }

  @Test func offsetBoundsAgreeWithTheDefinition() {
    for a in -1...2 {
      for b in -1...2 {
        for c in -1...2 {
          let offsets = [Int32(a), Int32(b), Int32(c)]
          let isGood = a >= 0 && a <= b && b <= c
          let bounds = try? OffsetKernel.bounds(rawBytes(of: offsets), width: 4)
          #expect(bounds == (isGood ? a..<c : nil))
          let wide = offsets.map { Int64($0) }
          #expect((try? OffsetKernel.bounds(rawBytes(of: wide), width: 8)) == bounds)
        }
      }
    }
  }
}
