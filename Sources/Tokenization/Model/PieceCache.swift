// SPDX-License-Identifier: Apache-2.0

internal import CProcessor

/// Remembers the tokens of pieces of bytes, within a bound of memory.
///
/// Entries of 32 bytes, two to a cache line; a piece is looked for in its line and then in the lines
/// after it. A piece of up to 15 bytes is its own key. A longer one is found by hash and length and
/// then compared with a copy, so that a collision costs time and never a wrong token. When the bound
/// is reached, or most pieces are new, the cache is emptied down to its seed and fills again.
struct PieceCache: ~Copyable {
  /// The longest piece that is remembered.
  static let longestPiece = 255
  /// The longest piece that is its own key.
  static let longestInline = 15
  /// Tokens that stand in an entry.
  static let inlineTokens = 4
  /// The size of a line of two entries.
  static let lineBytes = 64
  /// A table of so many bytes grows only if it is of use: the processor's caches hold no larger one.
  private static let largeTable = 8 << 20
  /// The size of an entry in words of 64 bits.
  static let entryWords = 4

  /// A piece as it is looked up.
  struct Key: BitwiseCopyable {
    /// Its first eight bytes, or the hash of a long piece.
    var low: UInt64
    /// Seven more bytes and above them the length; or `longMark`, the length of a long piece, zeros.
    /// Never zero, which marks a free entry.
    var high: UInt64
    /// Chooses the line.
    var hash: UInt64

    @inline(__always)
    init(low: UInt64, high: UInt64) {
      self.low = low
      self.high = high
      let product = (low ^ 0x9E37_79B9_7F4A_7C15)
        .multipliedFullWidth(by: high ^ 0xA24B_AED4_963E_E407)
      hash = product.high ^ product.low
    }

    /// A piece. `readable` bytes may be read from its first on.
    @inline(__always)
    init(_ piece: UnsafePointer<UInt8>, _ count: Int, readable: Int) {
      if count > PieceCache.longestInline {
        self.init(long: piece, count)
      } else if readable >= 16 {
        let raw = UnsafeRawPointer(piece)
        var low = raw.loadUnaligned(as: UInt64.self)
        var high = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        // Shifts by 64 and more give zero.
        low &= ~(UInt64.max << UInt64(8 * count))
        high &= ~(UInt64.max << UInt64(max(0, 8 * count - 64)))
        self.init(low: low, high: high | UInt64(truncatingIfNeeded: count) << 56)
      } else {
        self.init(short: piece, count)
      }
    }

    /// A piece of 1 to 15 bytes, read byte by byte.
    init(short piece: UnsafePointer<UInt8>, _ count: Int) {
      var low: UInt64 = 0
      var high: UInt64 = 0
      for at in 0..<count {
        let byte = UInt64(piece[at])
        if at < 8 { low |= byte << UInt64(8 * at) } else { high |= byte << UInt64(8 * at - 64) }
      }
      self.init(low: low, high: high | UInt64(count) << 56)
    }

    /// A longer piece.
    init(long piece: UnsafePointer<UInt8>, _ count: Int) {
      let isCached = count <= PieceCache.longestPiece
      self.init(
        low: isCached ? ByteHash.hash(UnsafeRawPointer(piece), count) : 0,
        high: isCached ? PieceCache.longMark | UInt64(count) << 48 : Self.uncachedMark)
    }

    /// Stands in `high` for a piece that is not remembered.
    static let uncachedMark = UInt64.max
    /// The key of a piece that is not remembered.
    static var uncached: Key { Key(low: 0, high: uncachedMark) }
  }

  private static let longMark: UInt64 = 1 << 63
  /// Stands in an entry for a number of tokens, where the tokens stand elsewhere.
  private static let elsewhere: UInt64 = 0xFF

  /// The lines. An entry: the words of its key; the first token, their number in its upper eight
  /// bits, and the second token; the third and the fourth, or where in `store` they are all.
  private(set) var table: UnsafeMutableRawPointer
  /// By how much a hash is shifted to the right to be the place of a line, after `lineMask`.
  private(set) var shift: UInt64
  private var lineCount: Int
  private var used = 0
  /// Entries there were when the table was made, and pieces looked for since.
  private var usedBefore = 0
  private var lookups = 0
  private let maximumBytes: Int
  private let seed: PieceSeed?
  /// Numbers of tokens, tokens, and the bytes of long pieces.
  private var store = RawStack<UInt8>(capacity: 1 << 12)

  static let lineMask = ~UInt64(63)

  /// A cache that takes up to so many bytes (at least 64 KiB), beginning with a seed if it fits.
  init(maximumBytes: Int, seed: PieceSeed? = nil) {
    self.maximumBytes = max(maximumBytes, 1 << 16)
    let bytes = seed.map { $0.lineCount * Self.lineBytes } ?? 0
    let fits = 4 * bytes <= self.maximumBytes
    self.seed = fits ? seed : nil
    lineCount = self.seed?.lineCount ?? 1 << 8
    shift = Self.shift(lineCount)
    table = Self.allocate(lineCount)
    plant(isEmpty: true)
  }

  deinit { table.deallocate() }

  private static func shift(_ lineCount: Int) -> UInt64 {
    UInt64(64 - lineCount.trailingZeroBitCount - 6)
  }

  private static func allocate(_ lineCount: Int) -> UnsafeMutableRawPointer {
    let bytes = lineCount * lineBytes
    let isLarge = bytes >= 1 << 21
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: bytes, alignment: isLarge ? 1 << 21 : lineBytes)
    // Before the pages are touched: with small pages prefetches are lost where addresses are not
    // known to the processor.
    if isLarge { cprocessor_advise_large_pages(memory, bytes) }
    return memory
  }

  private mutating func startCounting() {
    usedBefore = used
    lookups = 0
  }

  /// Makes the cache what it was at first.
  private mutating func plant(isEmpty: Bool) {
    defer { startCounting() }
    store.removeAll()
    let bytes = lineCount * Self.lineBytes
    guard let seed else {
      table.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      used = 0
      return
    }
    if lineCount != seed.lineCount {
      table.deallocate()
      lineCount = seed.lineCount
      shift = Self.shift(lineCount)
      table = Self.allocate(lineCount)
    }
    table.copyMemory(from: seed.table, byteCount: seed.lineCount * Self.lineBytes)
    used = seed.used
    seed.store.withUnsafeBufferPointer { bytes in
      if let base = bytes.baseAddress { _ = store.append(base, bytes.count) }
    }
  }

  /// The table as a seed of other caches.
  func asSeed() -> PieceSeed {
    let words = UnsafeMutableRawPointer.allocate(
      byteCount: lineCount * Self.lineBytes, alignment: Self.lineBytes)
    words.copyMemory(from: table, byteCount: lineCount * Self.lineBytes)
    return PieceSeed(
      table: words, lineCount: lineCount, used: used,
      store: Array(UnsafeBufferPointer(start: store.base, count: store.count)))
  }

  @inline(__always)
  private func line(_ place: UInt64) -> UnsafeMutablePointer<UInt64> {
    (table + Int(truncatingIfNeeded: place)).assumingMemoryBound(to: UInt64.self)
  }

  /// Where the line of a hash is in the table.
  @inline(__always)
  static func place(_ hash: UInt64, _ shift: UInt64) -> Int {
    Int(truncatingIfNeeded: hash &>> shift & lineMask)
  }

  /// Copies the tokens of a piece that is there, and returns how many they are; else 0. There must
  /// be room for `inlineTokens`, and for as many as the piece has bytes.
  func tokens(
    of key: Key, _ piece: UnsafePointer<UInt8>, _ count: Int,
    to result: UnsafeMutablePointer<UInt32>
  ) -> Int {
    guard let entry = find(key) else { return 0 }
    let tokenCount = entry[2] >> 24 & 0xFF
    if tokenCount != Self.elsewhere {
      result[0] = UInt32(truncatingIfNeeded: entry[2] & 0xFF_FFFF)
      result[1] = UInt32(truncatingIfNeeded: entry[2] >> 32)
      result[2] = UInt32(truncatingIfNeeded: entry[3])
      result[3] = UInt32(truncatingIfNeeded: entry[3] >> 32)
      return Int(tokenCount)
    }
    let stored = UnsafeRawPointer(store.base + Int(entry[3]))
    let storedCount = Int(stored.loadUnaligned(as: UInt32.self))
    let isLong = count > Self.longestInline
    if isLong, !isEqual(stored + 4 + 4 * storedCount, piece, count) { return 0 }
    UnsafeMutableRawPointer(result).copyMemory(from: stored + 4, byteCount: 4 * storedCount)
    return storedCount
  }

  private func isEqual(_ stored: UnsafeRawPointer, _ piece: UnsafePointer<UInt8>, _ count: Int)
    -> Bool
  {
    ByteCompare.equal(stored.assumingMemoryBound(to: UInt8.self), piece, count)
  }

  private func find(_ key: Key) -> UnsafeMutablePointer<UInt64>? {
    let end = UInt64(lineCount * Self.lineBytes)
    var place = UInt64(Self.place(key.hash, shift))
    while true {
      let first = line(place)
      if first[0] == key.low, first[1] == key.high { return first }
      if first[1] == 0 { return nil }
      let second = first + Self.entryWords
      if second[0] == key.low, second[1] == key.high { return second }
      if second[1] == 0 { return nil }
      place += UInt64(Self.lineBytes)
      if place == end { place = 0 }
    }
  }

  /// Remembers the tokens of a piece, unless its place is taken by one with the same hash.
  mutating func insert(
    _ key: Key, _ piece: UnsafePointer<UInt8>, _ count: Int,
    _ ids: UnsafePointer<UInt32>, _ idCount: Int
  ) {
    let isLong = count > Self.longestInline
    if isLong, find(key) != nil { return }
    let isElsewhere = isLong || idCount > Self.inlineTokens || ids[0] > 0xFF_FFFF
    makeRoom(storing: isElsewhere ? 4 + 4 * idCount + (isLong ? count : 0) : 0)
    var first = UInt64(ids[0] & 0xFF_FFFF)
    var second: UInt64 = 0
    if isElsewhere {
      first |= Self.elsewhere << 24
      second = UInt64(store.count)
      var number = UInt32(idCount)
      withUnsafeBytes(of: &number) { append($0) }
      append(UnsafeRawBufferPointer(start: ids, count: 4 * idCount))
      if isLong { append(UnsafeRawBufferPointer(start: piece, count: count)) }
    } else {
      first |= UInt64(idCount) << 24
      if idCount > 1 { first |= UInt64(ids[1]) << 32 }
      if idCount > 2 { second = UInt64(ids[2]) }
      if idCount > 3 { second |= UInt64(ids[3]) << 32 }
    }
    place(key.low, key.high, key.hash, first, second)
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if let base = bytes.baseAddress {
      _ = store.append(base.assumingMemoryBound(to: UInt8.self), bytes.count)
    }
  }

  private mutating func place(
    _ low: UInt64, _ high: UInt64, _ hash: UInt64, _ first: UInt64, _ second: UInt64
  ) {
    let end = UInt64(lineCount * Self.lineBytes)
    var at = UInt64(Self.place(hash, shift))
    while true {
      let line = line(at)
      let entry = line[1] == 0 ? line : line + Self.entryWords
      if entry[1] == 0 {
        entry[0] = low
        entry[1] = high
        entry[2] = first
        entry[3] = second
        used &+= 1
        return
      }
      at += UInt64(Self.lineBytes)
      if at == end { at = 0 }
    }
  }

  /// Bytes in use.
  var byteCount: Int { lineCount * Self.lineBytes + store.capacity }

  /// Tells that so many pieces are being looked for.
  mutating func note(lookups added: Int) { lookups &+= added }

  /// Whether a larger table would be of use: most pieces that are looked for have been there before.
  private var isOfUse: Bool { 2 * (used - usedBefore) <= lookups }

  /// Grows at half load. Where growth would pass the bound, or the table is large and most pieces
  /// are new, as in random text, fills it to three quarters, and then goes back to the seed.
  private mutating func makeRoom(storing bytes: Int) {
    let tableBytes = lineCount * Self.lineBytes
    let stored = store.capacity(adding: bytes)
    // The old and the new table are there together.
    let canGrow =
      stored + 3 * tableBytes <= maximumBytes && (tableBytes < Self.largeTable || isOfUse)
    guard used >= lineCount, canGrow else {
      let isFull = used >= lineCount + lineCount / 2
      if isFull || stored + tableBytes > maximumBytes, used > (seed?.used ?? 0) {
        plant(isEmpty: false)
      }
      return
    }
    let old = table
    lineCount *= 2
    shift -= 1
    table = Self.allocate(lineCount)
    table.initializeMemory(as: UInt8.self, repeating: 0, count: 2 * tableBytes)
    used = 0
    defer { startCounting() }
    let words = old.assumingMemoryBound(to: UInt64.self)
    var at = 0
    while at < tableBytes / 8 {
      let entry = words + at
      if entry[1] != 0 {
        let key = Key(low: entry[0], high: entry[1])
        place(key.low, key.high, key.hash, entry[2], entry[3])
      }
      at &+= Self.entryWords
    }
    old.deallocate()
  }
}

/// What a cache begins with: the tokens of a tokenizer, each as merging splits it. Made once for a
/// model and copied into each cache.
final class PieceSeed: @unchecked Sendable {
  // Unchecked: the memory is written before the value is made, and then only read.

  let table: UnsafeMutableRawPointer
  let lineCount: Int
  let used: Int
  let store: [UInt8]

  init(table: UnsafeMutableRawPointer, lineCount: Int, used: Int, store: [UInt8]) {
    self.table = table
    self.lineCount = lineCount
    self.used = used
    self.store = store
  }

  deinit { table.deallocate() }
}
