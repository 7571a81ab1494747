// SPDX-License-Identifier: Apache-2.0

/// Many byte strings in one piece of memory, numbered from 0.
struct ByteStrings: Sendable {
  private(set) var bytes: [UInt8] = []
  private(set) var offsets: [Int] = [0]

  var count: Int { offsets.count - 1 }

  mutating func append(_ string: some Collection<UInt8>) {
    bytes.append(contentsOf: string)
    offsets.append(bytes.count)
  }

  subscript(index: Int) -> ArraySlice<UInt8> {
    bytes[offsets[index]..<offsets[index + 1]]
  }

  func length(_ index: Int) -> Int { offsets[index + 1] - offsets[index] }
}

/// Finds the number of a byte string, by open addressing.
///
/// Keys are compared byte for byte: `String` would call two spellings of `é` the same token.
struct ByteStringIndex: Sendable {
  /// Number + 1 of the entry, or 0.
  private var slots: [UInt32]
  private var used = 0
  private(set) var keys = ByteStrings()
  private(set) var values: [UInt32] = []

  init(expecting count: Int = 0) {
    slots = [UInt32](repeating: 0, count: Self.slotCount(for: count))
  }

  private static func slotCount(for count: Int) -> Int {
    var size = 16
    while size < 2 * count { size *= 2 }
    return size
  }

  /// Adds a key, unless it is there.
  /// - Returns: the value that stood there before, or nil.
  mutating func insert(_ key: [UInt8], _ value: UInt32) -> UInt32? {
    if 2 * (used + 1) > slots.count { grow() }
    let slot = key.withUnsafeBufferPointer { slotIndex(of: $0) }
    if slots[slot] != 0 { return values[Int(slots[slot]) - 1] }
    keys.append(key)
    values.append(value)
    used += 1
    slots[slot] = UInt32(used)
    return nil
  }

  func value(of key: [UInt8]) -> UInt32? {
    key.withUnsafeBufferPointer { value(of: $0) }
  }

  func value(of key: UnsafeBufferPointer<UInt8>) -> UInt32? {
    let slot = slots[slotIndex(of: key)]
    return slot == 0 ? nil : values[Int(slot) - 1]
  }

  /// The slot that holds the key, or the free one where it belongs.
  private func slotIndex(of key: UnsafeBufferPointer<UInt8>) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: ByteHash.hash(key)) & mask
    return keys.bytes.withUnsafeBufferPointer { stored in
      while slots[slot] != 0 {
        let entry = Int(slots[slot]) - 1
        let start = keys.offsets[entry]
        let length = keys.offsets[entry + 1] - start
        if length == key.count,
          UnsafeBufferPointer(rebasing: stored[start..<start + length]).elementsEqual(key)
        {
          return slot
        }
        slot = (slot + 1) & mask
      }
      return slot
    }
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: 2 * slots.count)
    let mask = slots.count - 1
    for entry in 0..<used {
      let hash = keys[entry].withUnsafeBufferPointer { ByteHash.hash($0) }
      var slot = Int(truncatingIfNeeded: hash) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(entry + 1)
    }
  }
}

/// A quick hash of bytes: eight at a time, multiplied and folded. Not keyed, so only for tables
/// whose results do not depend on it.
enum ByteHash {
  @inline(__always)
  static func mix(_ word: UInt64) -> UInt64 {
    let product = (word ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }

  static func hash(_ key: UnsafeBufferPointer<UInt8>) -> UInt64 {
    guard let base = UnsafeRawPointer(key.baseAddress) else { return mix(0) }
    return hash(base, key.count)
  }

  @inline(__always)
  static func hash(_ base: UnsafeRawPointer, _ count: Int) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: count)
    var at = 0
    while at &+ 8 <= count {
      hash = mix(hash ^ base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      at &+= 8
    }
    var tail: UInt64 = 0
    while at < count {
      tail = tail << 8 | UInt64(base.load(fromByteOffset: at, as: UInt8.self))
      at &+= 1
    }
    return mix(hash ^ tail)
  }
}
