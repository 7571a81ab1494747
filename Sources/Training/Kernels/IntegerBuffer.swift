// SPDX-License-Identifier: Apache-2.0

/// Memory for ids, labels and positions, filled anew for each batch.
final class IntegerBuffer {
  let base: UnsafeMutablePointer<Int32>
  let capacity: Int
  /// How many values are in use.
  private(set) var count = 0

  init(capacity: Int) {
    self.capacity = max(1, capacity)
    base = .allocate(capacity: self.capacity)
    base.initialize(repeating: 0, count: self.capacity)
  }

  deinit { base.deallocate() }

  /// Replaces the values by an array, which must fit.
  func assign(_ values: [Int32]) {
    precondition(values.count <= capacity, "more values than the graph was built for")
    values.withUnsafeBufferPointer {
      if let source = $0.baseAddress { base.update(from: source, count: values.count) }
    }
    count = values.count
  }

  func removeAll() { count = 0 }

  func append(_ value: Int32) {
    precondition(count < capacity, "more values than the graph was built for")
    base[count] = value
    count += 1
  }
}
