// SPDX-License-Identifier: Apache-2.0

/// The state of training: the words as tokens, the counts of pairs and where they stand.
///
/// All words lie in one array of cells, a cell for each byte. A token of several bytes has its id in
/// its first cell and its length in its last, so both neighbours are found in one step; a merge
/// touches only the places where the pair stands, however long the words are.
struct MergeLoop: ~Copyable {
  private struct Candidate {
    var count: Int64
    var key: UInt64
    var slot: UInt32

    /// Higher counts first, then smaller ids.
    @inline(__always)
    func precedes(_ other: Candidate) -> Bool {
      count != other.count ? count > other.count : key < other.key
    }
  }

  /// Set in cells that do not begin a token; ids are below it.
  private static let mark: UInt32 = 1 << 31
  /// Between words.
  private static let border = UInt32.max

  private let cells: UnsafeMutablePointer<UInt32>
  private let wordOfCell: UnsafeMutablePointer<UInt32>
  private let cellCount: Int
  private var wordCounts: [Int64] = []
  private var lengths: [UInt32] = []
  private var pairs: PairCounts
  private var heap: [Candidate] = []
  private var touched: [UInt32] = []

  /// Tokens of this length and more are not made.
  private let lengthBound: UInt32
  /// Words of one byte, which have no cells.
  private var shortWords: Int64 = 0

  init(
    _ counts: borrowing WordCounter, byteIDs: [UInt32], lengthBound: UInt32? = nil
  ) throws(TokenizerError) {
    self.lengthBound = lengthBound ?? .max
    var total = 1
    var words = 0
    counts.forEachWord { word, _ in
      if word.count > 1 {
        total += word.count + 1
        words += 1
      }
    }
    guard total < Int(Self.mark) else {
      throw TokenizerError(
        .memoryLimit,
        "the different words have \(total) bytes together, too many to train on; train on less text"
      )
    }
    cellCount = total
    cells = .allocate(capacity: total)
    wordOfCell = .allocate(capacity: total)
    pairs = PairCounts()
    wordCounts.reserveCapacity(words)
    let cells = cells
    let wordOfCell = wordOfCell
    var wordCounts: [Int64] = []
    var at = 0
    cells[0] = Self.border
    wordOfCell[0] = 0
    counts.forEachWord { word, count in
      guard word.count > 1 else { return }
      for byte in word {
        at += 1
        cells[at] = byteIDs[Int(byte)]
        wordOfCell[at] = UInt32(truncatingIfNeeded: wordCounts.count)
      }
      at += 1
      cells[at] = Self.border
      wordOfCell[at] = 0
      wordCounts.append(count)
    }
    self.wordCounts = wordCounts
    var short: Int64 = 0
    counts.forEachWord { word, count in
      if word.count == 1 { short += count }
    }
    shortWords = short
    let highest = byteIDs.filter { $0 != BPEModel.noToken }.max() ?? 0
    lengths = [UInt32](repeating: 1, count: Int(highest) + 1)
    countPairs(cellCount: total)
  }

  deinit {
    cells.deallocate()
    wordOfCell.deallocate()
  }

  private mutating func countPairs(cellCount: Int) {
    var at = 1
    while at &+ 1 < cellCount {
      let left = cells[at]
      let right = cells[at &+ 1]
      if left != Self.border, right != Self.border {
        let slot = pairs.slot(PairTable.key(left, right))
        pairs.add(slot, wordCounts[Int(wordOfCell[at])], at: UInt32(truncatingIfNeeded: at))
      }
      at &+= 1
    }
    for slot in 0..<pairs.count {
      heap.append(
        Candidate(count: pairs.total(slot), key: pairs.key(slot), slot: UInt32(slot)))
    }
    for at in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(at) }
  }

  /// The pair to be merged next, or nil if none is as frequent as `minimum` (and at least once).
  mutating func nextPair(minimum: Int64) -> (left: UInt32, right: UInt32)? {
    while let top = heap.first {
      let count = pairs.total(Int(top.slot))
      if count == top.count {
        guard count >= 1, count >= minimum else { return nil }
        popTop()
        return (UInt32(top.key >> 32), UInt32(truncatingIfNeeded: top.key))
      }
      // The entry is stale. Counts fall only, except of pairs that get an entry of their own.
      if count < 1 {
        popTop()
      } else {
        heap[0].count = count
        siftDown(0)
      }
    }
    return nil
  }

  /// How many tokens the words are now.
  func measure() -> BPETrainer.Measure {
    var bytes = shortWords
    var tokens = shortWords
    var at = 1
    while at < cellCount {
      if cells[at] != Self.border {
        let count = wordCounts[Int(wordOfCell[at])]
        bytes += count
        if cells[at] & Self.mark == 0 { tokens += count }
      }
      at &+= 1
    }
    return BPETrainer.Measure(
      bytes: bytes, words: wordCounts.reduce(shortWords, +), tokens: tokens)
  }

  /// Gives up a pair that must not be merged.
  mutating func discard(_ left: UInt32, _ right: UInt32) {
    pairs.clear(pairs.slot(PairTable.key(left, right)))
  }

  /// Replaces a pair by its new token wherever it stands, from left to right.
  mutating func merge(_ left: UInt32, _ right: UInt32, into id: UInt32, length: UInt32) {
    while lengths.count <= Int(id) { lengths.append(0) }
    lengths[Int(id)] = length
    let slot = pairs.slot(PairTable.key(left, right))
    let places = pairs.take(slot)
    defer { places.deallocate() }
    let leftLength = Int(lengths[Int(left)])
    let rightLength = Int(lengths[Int(right)])
    touched.removeAll(keepingCapacity: true)
    for index in 0..<places.count {
      let at = Int(places[index])
      let second = at &+ leftLength
      guard cells[at] == left, cells[second] == right else { continue }
      let count = wordCounts[Int(wordOfCell[at])]
      let before = cells[at &- 1]
      if before != Self.border {
        let start = before & Self.mark == 0 ? at &- 1 : at &- Int(before & ~Self.mark)
        change(cells[start], left, -count, at: start)
        if isAllowed(cells[start], length) { change(cells[start], id, count, at: start) }
      }
      let next = second &+ rightLength
      let after = cells[next]
      if after != Self.border {
        change(right, after, -count, at: second)
        if isAllowed(after, length) { change(id, after, count, at: at) }
      }
      cells[at] = id
      cells[second] = Self.mark
      cells[next &- 1] = Self.mark | UInt32(truncatingIfNeeded: leftLength &+ rightLength)
    }
    pairs.clear(slot)
    for slot in touched {
      pairs.endTouch(Int(slot))
      let total = pairs.total(Int(slot))
      if total > 0 {
        push(Candidate(count: total, key: pairs.key(Int(slot)), slot: slot))
      }
    }
  }

  /// Whether a token and one of a length may be merged; a pair that may not is never counted.
  @inline(__always)
  private func isAllowed(_ neighbour: UInt32, _ length: UInt32) -> Bool {
    lengthBound == .max || lengths[Int(neighbour)] &+ length < lengthBound
  }

  @inline(__always)
  private mutating func change(_ left: UInt32, _ right: UInt32, _ count: Int64, at place: Int) {
    let slot = pairs.slot(PairTable.key(left, right))
    if count < 0 {
      pairs.subtract(slot, -count)
      return
    }
    if pairs.isFirstTouch(slot) { touched.append(UInt32(truncatingIfNeeded: slot)) }
    pairs.add(slot, count, at: UInt32(truncatingIfNeeded: place))
  }

  private mutating func push(_ candidate: Candidate) {
    heap.append(candidate)
    var at = heap.count - 1
    while at > 0 {
      let parent = (at - 1) / 2
      if !candidate.precedes(heap[parent]) { break }
      heap[at] = heap[parent]
      at = parent
    }
    heap[at] = candidate
  }

  private mutating func popTop() {
    let last = heap.removeLast()
    if heap.isEmpty { return }
    heap[0] = last
    siftDown(0)
  }

  private mutating func siftDown(_ start: Int) {
    let count = heap.count
    heap.withUnsafeMutableBufferPointer { heap in
      let value = heap[start]
      var at = start
      while true {
        var child = 2 &* at &+ 1
        if child >= count { break }
        if child &+ 1 < count, heap[child &+ 1].precedes(heap[child]) { child &+= 1 }
        if !heap[child].precedes(value) { break }
        heap[at] = heap[child]
        at = child
      }
      heap[at] = value
    }
  }
}
