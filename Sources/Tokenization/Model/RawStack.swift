// SPDX-License-Identifier: Apache-2.0

/// A growing block of trivial values.
struct RawStack<Element: BitwiseCopyable>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 256) {
    self.capacity = capacity
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  /// What the capacity will be once `added` more elements are in.
  func capacity(adding added: Int) -> Int {
    count + added <= capacity ? capacity : max(2 * capacity, count + added)
  }

  /// Appends elements. Returns where they begin.
  mutating func append(_ elements: UnsafePointer<Element>, _ added: Int) -> Int {
    reserve(added)
    (base + count).update(from: elements, count: added)
    count += added
    return count - added
  }

  /// Appends an element.
  mutating func append(_ element: Element) {
    reserve(1)
    (base + count).initialize(to: element)
    count += 1
  }

  /// Makes room for so many more elements.
  @inline(__always)
  mutating func reserve(_ added: Int) {
    if count &+ added > capacity { grow(added) }
  }

  @inline(never)
  private mutating func grow(_ added: Int) {
    let wanted = capacity(adding: added)
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
    capacity = wanted
  }

  /// Where the next reserved element goes.
  @inline(__always)
  var end: UnsafeMutablePointer<Element> { base + count }

  /// Counts elements that were written at `end`.
  @inline(__always)
  mutating func advance(_ added: Int) { count &+= added }

  /// Forgets the elements and keeps the memory.
  mutating func removeAll() { count = 0 }

  /// Forgets the last elements.
  @inline(__always)
  mutating func removeLast(_ removed: Int) { count &-= removed }

  func equals(_ other: UnsafePointer<Element>, _ length: Int, at offset: Int) -> Bool
  where Element: Equatable {
    UnsafeBufferPointer(start: base + offset, count: length)
      .elementsEqual(UnsafeBufferPointer(start: other, count: length))
  }
}
