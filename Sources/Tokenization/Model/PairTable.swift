// SPDX-License-Identifier: Apache-2.0

/// The merges of a byte-pair encoding: (left id, right id) → rank and the id of the whole.
///
/// Open addressing in raw memory; written while a model is made, then only read.
final class PairTable: @unchecked Sendable {
  // Unchecked: every insertion happens before the table is shared.

  struct Slot {
    var key: UInt64
    var value: UInt64
  }

  /// What a pair without a merge gives: a rank above all others.
  static let absent = UInt64.max
  /// Where the rank stands in a value.
  static let rankBits: UInt64 = 0xFFFF_FFFF_0000_0000

  private(set) var slots: UnsafeMutablePointer<Slot>
  /// Eight bits a slot, one set for each pair that is there: most pairs are not, and so are found
  /// missing in an eighth of the memory.
  private var filter: UnsafeMutablePointer<UInt64>
  private(set) var shift: UInt64
  private var capacity: Int
  private(set) var count = 0

  init(expecting expected: Int) {
    var bits: UInt64 = 10
    while 1 << bits < 2 * expected { bits += 1 }
    capacity = 1 << Int(bits)
    shift = 64 - bits
    slots = Self.emptySlots(capacity)
    filter = Self.emptyFilter(capacity)
  }

  deinit {
    slots.deallocate()
    filter.deallocate()
  }

  private static func emptyFilter(_ capacity: Int) -> UnsafeMutablePointer<UInt64> {
    let filter = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity / 8)
    filter.initialize(repeating: 0, count: capacity / 8)
    return filter
  }

  private static func emptySlots(_ count: Int) -> UnsafeMutablePointer<Slot> {
    let slots = UnsafeMutablePointer<Slot>.allocate(capacity: count)
    slots.initialize(repeating: Slot(key: .max, value: absent), count: count)
    return slots
  }

  @inline(__always)
  static func key(_ left: UInt32, _ right: UInt32) -> UInt64 {
    UInt64(left) << 32 | UInt64(right)
  }

  @inline(__always)
  private static func hash(_ key: UInt64) -> UInt64 {
    (key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15
  }

  /// Rank in the upper half, id in the lower; `absent` if the pair does not merge.
  @inline(__always)
  func lookup(_ left: UInt32, _ right: UInt32) -> UInt64 {
    let key = Self.key(left, right)
    let mask = capacity &- 1
    let hash = Self.hash(key)
    let bit = hash &>> (shift &- 3)
    if filter[Int(truncatingIfNeeded: bit &>> 6)] &>> (bit & 63) & 1 == 0 { return Self.absent }
    var at = Int(truncatingIfNeeded: hash &>> shift)
    while true {
      let found = slots[at].key
      if found == key { return slots[at].value }
      if found == .max { return Self.absent }
      at = (at &+ 1) & mask
    }
  }

  /// Adds a merge. Ids are below `UInt32.max`, so no key is the mark of a free slot.
  /// - Returns: false if the pair is there already.
  func insert(_ left: UInt32, _ right: UInt32, rank: UInt32, id: UInt32) -> Bool {
    if 2 * (count + 1) > capacity { grow() }
    let added = place(Slot(key: Self.key(left, right), value: UInt64(rank) << 32 | UInt64(id)))
    if added { count += 1 }
    return added
  }

  private func place(_ slot: Slot) -> Bool {
    let hash = Self.hash(slot.key)
    let bit = hash >> (shift - 3)
    filter[Int(bit >> 6)] |= 1 << (bit & 63)
    var at = Int(hash >> shift)
    while slots[at].key != .max {
      if slots[at].key == slot.key { return false }
      at = (at + 1) & (capacity - 1)
    }
    slots[at] = slot
    return true
  }

  private func grow() {
    let old = slots
    let oldCapacity = capacity
    capacity *= 2
    shift -= 1
    slots = Self.emptySlots(capacity)
    filter.deallocate()
    filter = Self.emptyFilter(capacity)
    for at in 0..<oldCapacity where old[at].key != .max { _ = place(old[at]) }
    old.deallocate()
  }
}
