// SPDX-License-Identifier: Apache-2.0

/// The linked list and the queue with which one long piece is merged in O(n log n).
///
/// The queue is a sorted list and a heap of what came since: long runs of one rank, as in a million
/// blanks, are mostly read from the list, and the heap is sorted when the list is used up.
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
  /// Entries in order, from `nextSorted` on.
  private var sorted: UnsafeMutablePointer<UInt64>
  private var sortedCount = 0
  private var nextSorted = 0
  private var spare: UnsafeMutablePointer<UInt64>

  init(capacity: Int) {
    self.capacity = capacity
    ids = .allocate(capacity: capacity)
    next = .allocate(capacity: capacity)
    previous = .allocate(capacity: capacity)
    pairs = .allocate(capacity: capacity)
    // Each merge takes an entry and adds two at most.
    heap = .allocate(capacity: 2 * capacity)
    sorted = .allocate(capacity: capacity)
    spare = .allocate(capacity: capacity)
  }

  deinit {
    ids.deallocate()
    next.deallocate()
    previous.deallocate()
    pairs.deallocate()
    heap.deallocate()
    sorted.deallocate()
    spare.deallocate()
  }

  /// Merges the symbols and writes the tokens, and of how many symbols each is.
  mutating func merge(
    _ symbols: UnsafePointer<UInt32>, _ length: Int, _ table: PairTable,
    to result: UnsafeMutablePointer<UInt32>, spans: UnsafeMutablePointer<UInt32>
  ) -> Int {
    start(symbols, length, table)
    while let entry = nextEntry() {
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
      let after = next[Int(at)]
      spans[count] = (after == Self.none ? UInt32(truncatingIfNeeded: length) : after) &- at
      count &+= 1
      at = after
    }
    return count
  }

  private mutating func start(
    _ symbols: UnsafePointer<UInt32>, _ length: Int, _ table: PairTable
  ) {
    heapCount = 0
    sortedCount = 0
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
      sorted[sortedCount] = entry(pair, at)
      sortedCount &+= 1
    }
    sort()
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

  /// Takes the smallest entry.
  @inline(__always)
  private mutating func nextEntry() -> UInt64? {
    if nextSorted == sortedCount, heapCount > 0 { takeHeap() }
    if nextSorted == sortedCount { return nil }
    let entry = sorted[nextSorted]
    if heapCount > 0, heap[0] < entry { return popSmallest() }
    nextSorted &+= 1
    return entry
  }

  /// Makes the fresh entries of the heap the list; there is at most one for each position, but of
  /// equal ones.
  private mutating func takeHeap() {
    sortedCount = 0
    for index in 0..<heapCount {
      let at = Int(UInt32(truncatingIfNeeded: heap[index]))
      if pairs[at] >> 32 != heap[index] >> 32 { continue }
      if sortedCount == capacity {
        sort()
        dropEqual()
      }
      sorted[sortedCount] = heap[index]
      sortedCount &+= 1
    }
    heapCount = 0
    sort()
  }

  private mutating func dropEqual() {
    var kept = 1
    for index in 1..<sortedCount where sorted[index] != sorted[kept &- 1] {
      sorted[kept] = sorted[index]
      kept &+= 1
    }
    sortedCount = kept
  }

  /// Sorts the list by its bytes, the least first (radix sort), leaving out those that are equal
  /// in all entries.
  private mutating func sort() {
    nextSorted = 0
    var isInOrder = true
    var differing: UInt64 = 0
    var at = 1
    while at < sortedCount {
      differing |= sorted[at] ^ sorted[at &- 1]
      if sorted[at] < sorted[at &- 1] { isInOrder = false }
      at &+= 1
    }
    if isInOrder { return }
    for shift in stride(from: UInt64(0), to: 64, by: 8) where differing &>> shift & 0xFF != 0 {
      withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { places in
        places.initialize(repeating: 0)
        for index in 0..<sortedCount { places[Int(sorted[index] &>> shift & 0xFF)] &+= 1 }
        var start = 0
        for digit in 0..<256 {
          let count = places[digit]
          places[digit] = start
          start &+= count
        }
        for index in 0..<sortedCount {
          let digit = Int(sorted[index] &>> shift & 0xFF)
          spare[places[digit]] = sorted[index]
          places[digit] &+= 1
        }
      }
      swap(&sorted, &spare)
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
