// SPDX-License-Identifier: Apache-2.0

/// The memory of a tensor.
typealias Floats = UnsafeMutablePointer<Float>

extension UnsafeMutablePointer where Pointee == Float {
  /// Four neighbours from index `index` on.
  @inline(__always)
  subscript(four index: Int) -> SIMD4<Float> {
    get { UnsafeRawPointer(self + index).loadUnaligned(as: SIMD4<Float>.self) }
    nonmutating set {
      UnsafeMutableRawPointer(self + index).storeBytes(of: newValue, as: SIMD4<Float>.self)
    }
  }

  /// The `count` (1 to 3) last values of a row, the rest of the vector filled up.
  @inline(__always)
  func last(_ index: Int, _ count: Int, filling: Float = 0) -> SIMD4<Float> {
    var vector = SIMD4<Float>(repeating: filling)
    for lane in 0..<count { vector[lane] = self[index &+ lane] }
    return vector
  }

  /// Stores the first `count` lanes.
  @inline(__always)
  func storeLast(_ vector: SIMD4<Float>, _ index: Int, _ count: Int) {
    for lane in 0..<count { self[index &+ lane] = vector[lane] }
  }

  /// Stores f(i) for all i below `count`, four at a time; of the last vector only what counts.
  @inline(__always)
  func fill(_ count: Int, _ vector: (Int) -> SIMD4<Float>, last: (Int, Int) -> SIMD4<Float>) {
    var index = 0
    while index &+ 4 <= count {
      self[four: index] = vector(index)
      index &+= 4
    }
    if index < count { storeLast(last(index, count &- index), index, count &- index) }
  }

  /// Sets `count` values to zero.
  func clear(_ count: Int) { update(repeating: 0, count: count) }

  /// Adds `count` values.
  @inline(__always)
  func add(_ other: Floats, _ count: Int) {
    fill(count) {
      self[four: $0] + other[four: $0]
    } last: {
      self.last($0, $1) + other.last($0, $1)
    }
  }
}

/// A block of memory that is freed with its owner.
final class FloatBuffer {
  /// The first value.
  let base: Floats
  /// How many there are.
  let count: Int

  /// `count` zeros.
  init(count: Int) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(1, count) * MemoryLayout<Float>.stride, alignment: 64)
    base = raw.bindMemory(to: Float.self, capacity: max(1, count))
    base.initialize(repeating: 0, count: max(1, count))
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
