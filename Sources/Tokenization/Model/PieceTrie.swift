// SPDX-License-Identifier: Apache-2.0

/// Finds every token that is a prefix of a text, one step for each byte: a double array (Aoe 1989)
/// whose children stand at `base ^ byte`. Written while a model is made, then only read.
final class PieceTrie: @unchecked Sendable {
  // Unchecked: all writing happens in the initializer.

  struct Unit {
    /// The children stand at `base ^ byte`.
    var base: UInt32
    /// The unit whose child this is; `PieceTrie.none` in a free unit.
    var parent: UInt32
    /// The id of the token that ends here, or `PieceTrie.none`.
    var id: UInt32
  }

  /// No unit, or no token.
  static let none = UInt32.max
  static let root: UInt32 = 0

  /// As many as fill whole blocks of 256; every `base` lies in one of them.
  let units: UnsafeMutablePointer<Unit>
  let unitCount: Int
  /// The length of the longest token, in bytes.
  let longest: Int

  /// - Parameter tokens: byte strings without an empty one and their ids, below `none`; of equal
  ///   strings the last counts.
  init(_ tokens: [(bytes: ArraySlice<UInt8>, id: UInt32)]) {
    var builder = PieceTrieBuilder(tokens)
    builder.build()
    unitCount = builder.units.count
    units = .allocate(capacity: unitCount)
    _ = UnsafeMutableBufferPointer(start: units, count: unitCount).initialize(from: builder.units)
    longest = tokens.reduce(0) { max($0, $1.bytes.count) }
  }

  deinit { units.deallocate() }

  /// The child of a unit, or `none`.
  @inline(__always)
  func child(_ unit: UInt32, _ byte: UInt8) -> UInt32 {
    let at = units[Int(unit)].base ^ UInt32(byte)
    return units[Int(at)].parent == unit ? at : Self.none
  }

  /// The id of the token that ends at a unit, or `none`.
  @inline(__always)
  func id(_ unit: UInt32) -> UInt32 { units[Int(unit)].id }

  /// The id of a whole byte string, or nil.
  func id(of bytes: some Sequence<UInt8>) -> UInt32? {
    var unit = Self.root
    for byte in bytes {
      unit = child(unit, byte)
      if unit == Self.none { return nil }
    }
    let id = id(unit)
    return id == Self.none ? nil : id
  }

  /// The longest token that is a prefix of `text[start...]`, or nil.
  @inline(__always)
  func longestPrefix(_ text: TextBytes, _ start: Int) -> (id: UInt32, length: Int)? {
    var unit = Self.root
    var best: (id: UInt32, length: Int)?
    var at = start
    while at < text.count {
      unit = child(unit, text[at])
      if unit == Self.none { break }
      at &+= 1
      let id = id(unit)
      if id != Self.none { best = (id, at &- start) }
    }
    return best
  }
}

/// Places the units. Only the newest blocks are searched for room, so that the time is linear and
/// the array at most a small multiple of the bytes of the tokens.
private struct PieceTrieBuilder {
  private struct Block {
    let index: Int
    /// A bit for each free unit.
    var free: [UInt64]
    var freeCount = 256

    init(index: Int) {
      self.index = index
      free = [UInt64](repeating: .max, count: 4)
    }

    func isFree(_ low: UInt8) -> Bool { free[Int(low >> 6)] >> UInt64(low & 63) & 1 == 1 }

    mutating func take(_ low: UInt8) {
      free[Int(low >> 6)] &= ~(1 << UInt64(low & 63))
      freeCount -= 1
    }
  }

  private struct Range {
    let unit: UInt32
    let low: Int
    let high: Int
    let depth: Int
  }

  private static let openBlocks = 16

  private let tokens: [(bytes: ArraySlice<UInt8>, id: UInt32)]
  private(set) var units: [PieceTrie.Unit] = []
  private var open: [Block] = []

  init(_ tokens: [(bytes: ArraySlice<UInt8>, id: UInt32)]) {
    // Stable, so that of equal strings the last comes last.
    self.tokens = tokens.enumerated().sorted { first, second in
      let (one, other) = (first.element.bytes, second.element.bytes)
      return one.lexicographicallyPrecedes(other) || (one == other && first.offset < second.offset)
    }.map(\.element)
  }

  mutating func build() {
    addBlock()
    // The root has no parent, not even itself: a child looked for may lie at its place.
    open[0].take(0)
    var pending = [Range(unit: 0, low: 0, high: tokens.count, depth: 0)]
    var labels: [(byte: UInt8, low: Int)] = []
    while let range = pending.popLast() {
      var low = range.low
      while low < range.high, tokens[low].bytes.count == range.depth {
        units[Int(range.unit)].id = tokens[low].id
        low += 1
      }
      if low == range.high { continue }
      labels.removeAll(keepingCapacity: true)
      for index in low..<range.high {
        let bytes = tokens[index].bytes
        let byte = bytes[bytes.startIndex + range.depth]
        if labels.last?.byte != byte { labels.append((byte, index)) }
      }
      let base = place(labels)
      units[Int(range.unit)].base = base
      for (number, label) in labels.enumerated() {
        let child = base ^ UInt32(label.byte)
        units[Int(child)].parent = range.unit
        let high = number + 1 < labels.count ? labels[number + 1].low : range.high
        pending.append(Range(unit: child, low: label.low, high: high, depth: range.depth + 1))
      }
    }
  }

  private mutating func addBlock() {
    if open.count == Self.openBlocks { open.removeFirst() }
    open.append(Block(index: units.count / 256))
    units.append(
      contentsOf: repeatElement(
        PieceTrie.Unit(base: 0, parent: PieceTrie.none, id: PieceTrie.none), count: 256))
  }

  /// Takes a unit for each label.
  private mutating func place(_ labels: [(byte: UInt8, low: Int)]) -> UInt32 {
    for number in open.indices where open[number].freeCount >= labels.count {
      for low in UInt8.min...UInt8.max
      where labels.allSatisfy({ open[number].isFree(low ^ $0.byte) }) {
        return take(labels, low, in: number)
      }
    }
    addBlock()
    return take(labels, 0, in: open.count - 1)
  }

  private mutating func take(
    _ labels: [(byte: UInt8, low: Int)], _ low: UInt8, in number: Int
  ) -> UInt32 {
    for label in labels { open[number].take(low ^ label.byte) }
    let base = UInt32(truncatingIfNeeded: open[number].index * 256) | UInt32(low)
    if open[number].freeCount == 0 { open.remove(at: number) }
    return base
  }
}
