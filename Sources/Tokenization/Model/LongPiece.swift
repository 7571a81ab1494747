// SPDX-License-Identifier: Apache-2.0

/// The linked list and the heap with which one long piece is merged in O(n log n).
struct LongPiece: ~Copyable {
  private static let none = UInt32.max

  let capacity: Int
  /// Id at a position; `none` once the position has been merged into its left neighbour.
  private let ids: UnsafeMutablePointer<UInt32>
  private let next: UnsafeMutablePointer<UInt32>
  private let previous: UnsafeMutablePointer<UInt32>
  /// Rank of the pair that begins at a position, and the id that it becomes.
  private let pairs: UnsafeMutablePointer<UInt64>
  /// Rank above position, smallest first. Entries go stale when a neighbour merges.
  private let heap: UnsafeMutablePointer<UInt64>
  private var heapCount = 0

  init(capacity: Int) {
    self.capacity = capacity
    ids = .allocate(capacity: capacity)
    next = .allocate(capacity: capacity)
    previous = .allocate(capacity: capacity)
    pairs = .allocate(capacity: capacity)
    // Each merge takes an entry and adds two at most.
    heap = .allocate(capacity: 2 * capacity)
  }

  deinit {
    ids.deallocate()
    next.deallocate()
    previous.deallocate()
    pairs.deallocate()
    heap.deallocate()
  }

  /// Merges the symbols and leaves the tokens in their place.
  mutating func merge(
    _ result: UnsafeMutablePointer<UInt32>, _ length: Int, _ table: PairTable
  ) -> Int {
    start(result, length, table)
    while heapCount > 0 {
      let entry = popSmallest()
      let position = UInt32(truncatingIfNeeded: entry)
      let at = Int(position)
      let pair = pairs[at]
      // A position that was merged away holds `absent`, whose rank no entry has.
      if pair >> 32 != entry >> 32 { continue }
      ids[at] = UInt32(truncatingIfNeeded: pair)
      let gone = Int(next[at])
      let after = next[gone]
      ids[gone] = Self.none
      pairs[gone] = PairTable.absent
      next[at] = after
      if after != Self.none { previous[Int(after)] = position }
      refresh(at, table)
      let before = previous[at]
      if before != Self.none { refresh(Int(before), table) }
    }
    var count = 0
    var at: UInt32 = 0
    while at != Self.none {
      result[count] = ids[Int(at)]
      count &+= 1
      at = next[Int(at)]
    }
    return count
  }

  private mutating func start(
    _ symbols: UnsafePointer<UInt32>, _ length: Int, _ table: PairTable
  ) {
    heapCount = 0
    for at in 0..<length {
      ids[at] = symbols[at]
      previous[at] = UInt32(truncatingIfNeeded: at) &- 1
      next[at] = UInt32(truncatingIfNeeded: at) &+ 1
      pairs[at] = PairTable.absent
    }
    next[length &- 1] = Self.none
    for at in 0..<(length &- 1) {
      let pair = table.lookup(ids[at], ids[at &+ 1])
      if pair == PairTable.absent { continue }
      pairs[at] = pair
      heap[heapCount] = entry(pair, at)
      heapCount &+= 1
    }
    orderHeap()
  }

  @inline(__always)
  private func entry(_ pair: UInt64, _ at: Int) -> UInt64 {
    pair & 0xFFFF_FFFF_0000_0000 | UInt64(truncatingIfNeeded: at)
  }

  /// Looks up anew the pair that begins at a position.
  private mutating func refresh(_ at: Int, _ table: PairTable) {
    let right = next[at]
    let pair =
      right == Self.none ? PairTable.absent : table.lookup(ids[at], ids[Int(right)])
    pairs[at] = pair
    if pair == PairTable.absent { return }
    heap[heapCount] = entry(pair, at)
    heapCount &+= 1
    siftUp(heapCount &- 1)
  }

  private mutating func orderHeap() {
    var at = heapCount / 2
    while at > 0 {
      at &-= 1
      siftDown(at)
    }
  }

  private mutating func popSmallest() -> UInt64 {
    let smallest = heap[0]
    heapCount &-= 1
    heap[0] = heap[heapCount]
    siftDown(0)
    return smallest
  }

  private func siftUp(_ start: Int) {
    let heap = heap
    let value = heap[start]
    var at = start
    while at > 0 {
      let parent = (at &- 1) / 2
      if heap[parent] <= value { break }
      heap[at] = heap[parent]
      at = parent
    }
    heap[at] = value
  }

  private func siftDown(_ start: Int) {
    let heap = heap
    let count = heapCount
    if start >= count { return }
    let value = heap[start]
    var at = start
    while true {
      var child = 2 &* at &+ 1
      if child >= count { break }
      if child &+ 1 < count, heap[child &+ 1] < heap[child] { child &+= 1 }
      if value <= heap[child] { break }
      heap[at] = heap[child]
      at = child
    }
    heap[at] = value
  }
}
