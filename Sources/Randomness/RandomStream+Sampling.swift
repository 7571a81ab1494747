// SPDX-License-Identifier: Apache-2.0

extension RandomStream {
  /// Shuffles in place: for i from the last index down to 1, swap i with `uniform(below: i + 1)`
  /// (Fisher and Yates; Durstenfeld 1964).
  @inlinable
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    var index = elements.count &- 1
    while index > 0 {
      let other = uniform(below: index &+ 1)
      elements.swapAt(index, other)
      index &-= 1
    }
  }

  /// A permutation of `0..<count`, by ``shuffle(_:)`` of the identity.
  ///
  /// - Precondition: `count` fits 32 bits.
  public mutating func permutation(count: Int) -> [UInt32] {
    precondition(count >= 0 && count <= Int(UInt32.max), "a permutation holds at most 2^32 items")
    var order = [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer[index] = UInt32(truncatingIfNeeded: index) }
      initialized = count
    }
    shuffle(&order)
    return order
  }

  /// Marks a uniformly random subset with 1s; every subset of this size is equally likely.
  ///
  /// Robert Floyd's algorithm (Bentley, "Programming Pearls", CACM 30(9), 1987): for j from
  /// n − k to n − 1, draw t in `0...j` and mark t, or j if t is marked already.
  ///
  /// - Parameters:
  ///   - size: How many are marked, at most `marks.count`.
  ///   - marks: One byte an item, all 0 on entry.
  /// - Complexity: O(size).
  @inlinable
  public mutating func markSubset(ofSize size: Int, in marks: UnsafeMutableBufferPointer<UInt8>) {
    precondition(size >= 0 && size <= marks.count, "a subset is at most the whole")
    var last = marks.count &- size
    while last < marks.count {
      let drawn = uniform(below: last &+ 1)
      if marks[drawn] == 0 {
        marks[drawn] = 1
      } else {
        marks[last] = 1
      }
      last &+= 1
    }
  }

  /// Splits `total` into `parts.count` positive parts; every composition is equally likely.
  ///
  /// The cuts are a subset of the `total − 1` gaps, drawn by ``markSubset(ofSize:in:)``.
  ///
  /// - Parameters:
  ///   - total: The sum of the parts, at least their number.
  ///   - parts: Where the parts go, in order.
  ///   - scratch: At least `total − 1` bytes; left all 0.
  @inlinable
  public mutating func composition(
    of total: Int, into parts: UnsafeMutableBufferPointer<Int>,
    scratch: UnsafeMutableBufferPointer<UInt8>
  ) {
    precondition(!parts.isEmpty && parts.count <= total, "every part is at least one")
    precondition(scratch.count >= total - 1, "one byte a gap")
    let gaps = UnsafeMutableBufferPointer(rebasing: scratch[0..<(total &- 1)])
    gaps.update(repeating: 0)
    markSubset(ofSize: parts.count &- 1, in: gaps)
    var part = 0
    var start = 0
    for gap in 0..<gaps.count where gaps[gap] != 0 {
      gaps[gap] = 0
      parts[part] = gap &+ 1 &- start
      start = gap &+ 1
      part &+= 1
    }
    parts[part] = total &- start
  }
}
