// SPDX-License-Identifier: Apache-2.0

/// Remembers the tokens of pieces that have been merged, within a bound of memory.
///
/// Open addressing, 32 bytes an entry. A piece of up to 15 bytes is its own key, a longer one is
/// compared with a copy; so a hash collision costs time and never a wrong token. When the bound is
/// reached the cache is emptied and fills again.
struct PreTokenCache: ~Copyable {
  /// The longest piece that is remembered.
  static let longestPiece = 255
  /// The longest piece that is its own key.
  static let longestInline = 15
  private static let inlineTokens = 3

  /// A piece as it is looked up: 15 bytes and the length in the top byte, or, for a longer piece,
  /// hash and length with the top bit set.
  struct Key {
    var low: UInt64
    var high: UInt64
  }

  struct Entry {
    var low: UInt64
    /// Zero in a free entry. Of a long piece: top bit, length (bits 48…), place of its bytes.
    var high: UInt64
    var first: UInt32
    var second: UInt32
    var third: UInt32
    var count: UInt32
  }

  private var entries: UnsafeMutablePointer<Entry>
  private var capacity: Int
  private var used = 0
  private let maximumBytes: Int
  private var longKeys = RawStack<UInt8>()
  private var tokens = RawStack<UInt32>()

  /// Makes a cache that takes up to so many bytes (at least 64 KiB).
  init(maximumBytes: Int) {
    self.maximumBytes = max(maximumBytes, 1 << 16)
    capacity = 1 << 10
    entries = Self.emptyEntries(capacity)
  }

  deinit { entries.deallocate() }

  private static func emptyEntries(_ count: Int) -> UnsafeMutablePointer<Entry> {
    let entries = UnsafeMutablePointer<Entry>.allocate(capacity: count)
    entries.initialize(
      repeating: Entry(low: 0, high: 0, first: 0, second: 0, third: 0, count: 0), count: count)
    return entries
  }

  /// Bytes in use.
  var byteCount: Int {
    capacity * MemoryLayout<Entry>.stride + longKeys.capacity + 4 * tokens.capacity
  }

  /// The key of a piece of 1 to 15 bytes. `readable` bytes may be read from `piece` on.
  @inline(__always)
  static func inlineKey(_ piece: UnsafePointer<UInt8>, _ count: Int, readable: Int) -> Key {
    let raw = UnsafeRawPointer(piece)
    var low: UInt64 = 0
    var high: UInt64 = 0
    if readable >= 16 {
      low = raw.loadUnaligned(as: UInt64.self)
      high = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      if count < 8 {
        low &= (1 &<< UInt64(truncatingIfNeeded: 8 &* count)) &- 1
        high = 0
      } else {
        high &= (1 &<< UInt64(truncatingIfNeeded: 8 &* (count &- 8))) &- 1
      }
    } else {
      var at = 0
      while at < count {
        let byte = UInt64(piece[at])
        if at < 8 {
          low |= byte &<< UInt64(truncatingIfNeeded: 8 &* at)
        } else {
          high |= byte &<< UInt64(truncatingIfNeeded: 8 &* (at &- 8))
        }
        at &+= 1
      }
    }
    return Key(low: low, high: high | UInt64(truncatingIfNeeded: count) &<< 56)
  }

  @inline(__always)
  private static func start(_ low: UInt64, _ high: UInt64) -> Int {
    Int(truncatingIfNeeded: ByteHash.mix(low ^ high &* 0xA24B_AED4_963E_E407))
  }

  /// The entry of a short piece, or nil.
  @inline(__always)
  func find(_ key: Key) -> UnsafeMutablePointer<Entry>? {
    let mask = capacity &- 1
    var at = Self.start(key.low, key.high) & mask
    while true {
      let entry = entries + at
      if entry.pointee.low == key.low, entry.pointee.high == key.high { return entry }
      if entry.pointee.high == 0 { return nil }
      at = (at &+ 1) & mask
    }
  }

  /// The entry of a piece of 16 to 255 bytes, or nil; `hash` is `ByteHash.hash` of it.
  func findLong(
    _ piece: UnsafePointer<UInt8>, _ count: Int, hash: UInt64
  ) -> UnsafeMutablePointer<Entry>? {
    let mask = capacity &- 1
    let tag = Self.longTag(count)
    var at = Self.start(hash, tag) & mask
    while true {
      let entry = entries + at
      let high = entry.pointee.high
      if high == 0 { return nil }
      if entry.pointee.low == hash, high & Self.tagBits == tag,
        longKeys.equals(piece, count, at: Int(high & ~Self.tagBits))
      {
        return entry
      }
      at = (at &+ 1) & mask
    }
  }

  private static let tagBits: UInt64 = 0xFFFF_0000_0000_0000

  @inline(__always)
  private static func longTag(_ count: Int) -> UInt64 {
    1 &<< 63 | UInt64(truncatingIfNeeded: count) &<< 48
  }

  /// Copies the tokens of an entry; up to `longestPiece` of them.
  @inline(__always)
  func copyTokens(
    _ entry: UnsafeMutablePointer<Entry>, to result: UnsafeMutablePointer<UInt32>
  ) -> Int {
    let count = Int(entry.pointee.count)
    result[0] = entry.pointee.first
    if count == 1 { return 1 }
    if count <= Self.inlineTokens {
      result[1] = entry.pointee.second
      if count == 3 { result[2] = entry.pointee.third }
      return count
    }
    result.update(from: tokens.base + Int(entry.pointee.first), count: count)
    return count
  }

  /// Remembers the tokens of a short piece that is not there.
  @inline(never)
  mutating func insert(_ key: Key, _ ids: UnsafePointer<UInt32>, _ count: Int) {
    makeRoom(tokens: count, keyBytes: 0)
    place(newEntry(low: key.low, high: key.high, ids, count))
  }

  /// Remembers the tokens of a long piece that is not there.
  @inline(never)
  mutating func insertLong(
    _ piece: UnsafePointer<UInt8>, _ pieceCount: Int, hash: UInt64,
    _ ids: UnsafePointer<UInt32>, _ count: Int
  ) {
    makeRoom(tokens: count, keyBytes: pieceCount)
    let offset = longKeys.append(piece, pieceCount)
    place(
      newEntry(low: hash, high: Self.longTag(pieceCount) | UInt64(offset), ids, count))
  }

  private mutating func newEntry(
    low: UInt64, high: UInt64, _ ids: UnsafePointer<UInt32>, _ count: Int
  ) -> Entry {
    var entry = Entry(
      low: low, high: high, first: ids[0], second: count > 1 ? ids[1] : 0,
      third: count > 2 ? ids[2] : 0, count: UInt32(count))
    if count > Self.inlineTokens { entry.first = UInt32(tokens.append(ids, count)) }
    return entry
  }

  private mutating func place(_ entry: Entry) {
    let mask = capacity &- 1
    let tag = entry.high >> 63 == 0 ? entry.high : entry.high & Self.tagBits
    var at = Self.start(entry.low, tag) & mask
    while entries[at].high != 0 { at = (at &+ 1) & mask }
    entries[at] = entry
    used &+= 1
  }

  /// Grows at half load, or empties the cache where growth would pass the bound.
  private mutating func makeRoom(tokens newTokens: Int, keyBytes: Int) {
    let stride = MemoryLayout<Entry>.stride
    var wanted = longKeys.capacity(adding: keyBytes) + 4 * tokens.capacity(adding: newTokens)
    let full = 2 * (used + 1) > capacity
    wanted += (full ? 3 : 1) * capacity * stride  // old and new table live side by side
    if wanted > maximumBytes {
      if !full || used > 0 { removeAll() }
      return
    }
    guard full else { return }
    let old = entries
    let oldCapacity = capacity
    capacity *= 2
    entries = Self.emptyEntries(capacity)
    used = 0
    for at in 0..<oldCapacity where old[at].high != 0 { place(old[at]) }
    old.deallocate()
  }

  private mutating func removeAll() {
    entries.update(
      repeating: Entry(low: 0, high: 0, first: 0, second: 0, third: 0, count: 0), count: capacity)
    used = 0
    longKeys.removeAll()
    tokens.removeAll()
  }
}

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
