// SPDX-License-Identifier: Apache-2.0

/// The pairs seen in training, numbered in order of appearance: how often each stands in the corpus
/// and at which cells it may stand.
struct PairCounts: ~Copyable {
  struct Pair: BitwiseCopyable {
    var key: UInt64
    var total: Int64
    var places: UnsafeMutablePointer<UInt32>?
    var placeCount: UInt32
    var placeCapacity: UInt32
    var isTouched: Bool
  }

  private var pairs = RawStack<Pair>(capacity: 1 << 12)
  private var keys: UnsafeMutablePointer<UInt64>
  private var slots: UnsafeMutablePointer<UInt32>
  private var bits: UInt64 = 13

  init() {
    keys = .allocate(capacity: 1 << 13)
    slots = .allocate(capacity: 1 << 13)
    keys.initialize(repeating: .max, count: 1 << 13)
  }

  deinit {
    for index in 0..<pairs.count { pairs.base[index].places?.deallocate() }
    keys.deallocate()
    slots.deallocate()
  }

  var count: Int { pairs.count }

  func key(_ slot: Int) -> UInt64 { pairs.base[slot].key }

  func total(_ slot: Int) -> Int64 { pairs.base[slot].total }

  /// The number of a pair; a new one if it has none.
  @inline(__always)
  mutating func slot(_ key: UInt64) -> Int {
    let mask = 1 &<< Int(bits) &- 1
    var at = start(key)
    while keys[at] != .max {
      if keys[at] == key { return Int(slots[at]) }
      at = (at &+ 1) & mask
    }
    return insert(key, at)
  }

  @inline(__always)
  private func start(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: ((key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15) &>> (64 &- bits))
  }

  @inline(never)
  private mutating func insert(_ key: UInt64, _ at: Int) -> Int {
    let slot = pairs.count
    pairs.append(
      Pair(key: key, total: 0, places: nil, placeCount: 0, placeCapacity: 0, isTouched: false))
    keys[at] = key
    slots[at] = UInt32(truncatingIfNeeded: slot)
    if 2 * pairs.count > 1 << Int(bits) { grow() }
    return slot
  }

  private mutating func grow() {
    keys.deallocate()
    slots.deallocate()
    bits += 1
    let size = 1 << Int(bits)
    keys = .allocate(capacity: size)
    slots = .allocate(capacity: size)
    keys.initialize(repeating: .max, count: size)
    for slot in 0..<pairs.count {
      let key = pairs.base[slot].key
      var at = start(key)
      while keys[at] != .max { at = (at &+ 1) & (size - 1) }
      keys[at] = key
      slots[at] = UInt32(truncatingIfNeeded: slot)
    }
  }

  /// Counts a pair at a place. Places ascend, as merging goes from left to right.
  @inline(__always)
  mutating func add(_ slot: Int, _ count: Int64, at place: UInt32) {
    let pair = pairs.base + slot
    pair.pointee.total &+= count
    if pair.pointee.placeCount == pair.pointee.placeCapacity { growPlaces(pair) }
    pair.pointee.places?[Int(pair.pointee.placeCount)] = place
    pair.pointee.placeCount &+= 1
  }

  @inline(__always)
  mutating func subtract(_ slot: Int, _ count: Int64) { pairs.base[slot].total &-= count }

  /// Whether a pair is counted for the first time since `endTouch`.
  @inline(__always)
  mutating func isFirstTouch(_ slot: Int) -> Bool {
    if pairs.base[slot].isTouched { return false }
    pairs.base[slot].isTouched = true
    return true
  }

  mutating func endTouch(_ slot: Int) { pairs.base[slot].isTouched = false }

  @inline(never)
  private func growPlaces(_ pair: UnsafeMutablePointer<Pair>) {
    let capacity = max(4, 2 * Int(pair.pointee.placeCapacity))
    let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
    if let places = pair.pointee.places {
      larger.update(from: places, count: Int(pair.pointee.placeCount))
      places.deallocate()
    }
    pair.pointee.places = larger
    pair.pointee.placeCapacity = UInt32(truncatingIfNeeded: capacity)
  }

  /// Hands over the places of a pair; the caller frees them.
  mutating func take(_ slot: Int) -> UnsafeMutableBufferPointer<UInt32> {
    let pair = pairs.base + slot
    let places = UnsafeMutableBufferPointer(
      start: pair.pointee.places, count: Int(pair.pointee.placeCount))
    pair.pointee.places = nil
    pair.pointee.placeCount = 0
    pair.pointee.placeCapacity = 0
    return places
  }

  /// Forgets the count of a pair that was merged everywhere.
  mutating func clear(_ slot: Int) { pairs.base[slot].total = 0 }
}
