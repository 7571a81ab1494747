// SPDX-License-Identifier: Apache-2.0

/// Reads a FlatBuffers buffer of unknown origin: every access is checked before it is made.
///
/// Nothing is trusted: positions are checked for bounds and alignment, offsets point forward, and
/// as offsets may share their targets (a small buffer can describe an exponential tree) the bytes
/// visited in total are limited to twice the size of the buffer.
struct FlatBufferReader {
  private let bytes: [UInt8]
  /// Where the buffer lies in the file or stream, for error messages.
  private let base: Int
  private var budget: Int
  /// Whether types that are not read may occur.
  let passesOverUnsupported: Bool

  /// A table and the extents of its vtable, all checked.
  struct Table {
    fileprivate let position: Int
    fileprivate let size: Int
    fileprivate let vtable: Int
    fileprivate let vtableSize: Int
  }

  init(_ bytes: [UInt8], base: Int, passesOverUnsupported: Bool = false) {
    self.bytes = bytes
    self.passesOverUnsupported = passesOverUnsupported
    self.base = base
    budget = bytes.count * 2
  }

  // MARK: Tables

  mutating func root() throws(ArrowError) -> Table {
    try table(at: target(ofSlot: 0))
  }

  private mutating func table(at position: Int) throws(ArrowError) -> Table {
    try require(position % 4 == 0, position, "misaligned table")
    let vtable = position - Int(try load(Int32.self, at: position))
    try require(vtable >= 0 && vtable % 2 == 0, position, "a table's vtable lies outside")
    let vtableSize = Int(try load(UInt16.self, at: vtable))
    try require(
      vtableSize >= 4 && vtableSize % 2 == 0 && vtableSize <= bytes.count - vtable, vtable,
      "a vtable of \(vtableSize) bytes")
    let size = Int(try load(UInt16.self, at: vtable + 2))
    try require(
      size >= 4 && size <= bytes.count - position, position, "a table of \(size) bytes")
    try spend(size, position)
    return Table(position: position, size: size, vtable: vtable, vtableSize: vtableSize)
  }

  /// Where a field lies, or nil when it is absent and its default counts.
  private func slot(_ table: Table, _ id: Int, size: Int) throws(ArrowError) -> Int? {
    let entry = 4 + 2 * id
    guard entry + 2 <= table.vtableSize else { return nil }
    let offset = Int(try load(UInt16.self, at: table.vtable + entry))
    guard offset != 0 else { return nil }
    let position = table.position + offset
    try require(
      offset >= 4 && offset + size <= table.size, table.position, "field \(id) outside its table")
    try require(position % size == 0, position, "misaligned field \(id)")
    return position
  }

  // MARK: Fields

  func scalar<T: FixedWidthInteger & BitwiseCopyable>(
    _ table: Table, _ id: Int, default absent: T
  ) throws(ArrowError) -> T {
    guard let slot = try slot(table, id, size: MemoryLayout<T>.size) else { return absent }
    return try load(T.self, at: slot)
  }

  func bool(_ table: Table, _ id: Int) throws(ArrowError) -> Bool {
    try scalar(table, id, default: UInt8(0)) != 0
  }

  mutating func table(_ parent: Table, _ id: Int) throws(ArrowError) -> Table? {
    guard let slot = try slot(parent, id, size: 4) else { return nil }
    return try table(at: target(ofSlot: slot))
  }

  mutating func string(_ parent: Table, _ id: Int) throws(ArrowError) -> String? {
    guard let vector = try vector(parent, id, elementSize: 1) else { return nil }
    let end = vector.start + vector.count
    try require(end < bytes.count && bytes[end] == 0, vector.start, "a string without its end")
    let text = bytes[vector.start..<end]
    try require(isUTF8(text), vector.start, "a string that is not UTF-8")
    return String(decoding: text, as: UTF8.self)
  }

  mutating func tables(_ parent: Table, _ id: Int) throws(ArrowError) -> [Table]? {
    guard let vector = try vector(parent, id, elementSize: 4) else { return nil }
    var tables: [Table] = []
    tables.reserveCapacity(vector.count)
    for index in 0..<vector.count {
      tables.append(try table(at: target(ofSlot: vector.start + 4 * index)))
    }
    return tables
  }

  /// A vector of structs that consist of 8-byte words, word by word.
  mutating func structs(_ parent: Table, _ id: Int, width: Int) throws(ArrowError) -> [Int64]? {
    guard let vector = try vector(parent, id, elementSize: width) else { return nil }
    try require(vector.count == 0 || vector.start % 8 == 0, vector.start, "misaligned structs")
    var words: [Int64] = []
    words.reserveCapacity(vector.count * width / 8)
    for index in 0..<(vector.count * width / 8) {
      words.append(try load(Int64.self, at: vector.start + 8 * index))
    }
    return words
  }

  private mutating func vector(
    _ parent: Table, _ id: Int, elementSize: Int
  ) throws(ArrowError) -> (start: Int, count: Int)? {
    guard let slot = try slot(parent, id, size: 4) else { return nil }
    let position = try target(ofSlot: slot)
    try require(position % 4 == 0, position, "misaligned vector")
    let count = Int(try load(UInt32.self, at: position))
    let start = position + 4
    try require(
      count <= (bytes.count - start) / elementSize, position, "a vector of \(count) elements")
    try spend(4 + count * elementSize, position)
    return (start, count)
  }

  // MARK: Checked access

  /// Follows the offset stored at `slot`, which points forward from there.
  private func target(ofSlot slot: Int) throws(ArrowError) -> Int {
    let offset = Int(try load(UInt32.self, at: slot))
    try require(offset > 0 && offset < bytes.count - slot, slot, "an offset that leads outside")
    return slot + offset
  }

  private func load<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, at position: Int
  ) throws(ArrowError) -> T {
    try require(
      position >= 0 && position <= bytes.count - MemoryLayout<T>.size, position,
      "metadata ends early")
    return bytes.withUnsafeBytes {
      T(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: type))
    }
  }

  private mutating func spend(_ amount: Int, _ position: Int) throws(ArrowError) {
    budget -= amount
    try require(budget >= 0, position, "metadata that repeats itself beyond measure")
  }

  private func require(
    _ condition: Bool, _ position: Int, _ message: @autoclosure () -> String
  ) throws(ArrowError) {
    if !condition { throw fault(position, message()) }
  }

  func fault(_ position: Int, _ message: String) -> ArrowError {
    ArrowError(.malformed, "flatbuffer: " + message, offset: base + max(0, position))
  }

  /// An error about a table that is sound as such.
  func fault(
    _ table: Table, _ message: String, _ code: ArrowError.Code = .malformed
  ) -> ArrowError {
    ArrowError(code, message, offset: base + table.position)
  }
}
