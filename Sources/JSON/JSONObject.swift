// SPDX-License-Identifier: Apache-2.0

/// The members of a JSON object, in the order in which they were written.
///
/// Keys are compared by their UTF-8 bytes, as JSON tools do, and not by Unicode equivalence as
/// `String` does: a vocabulary may hold `é` as one scalar and as two. Two objects are equal when
/// they have the same members in any order.
public struct JSONObject: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  /// One member.
  public struct Entry: Sendable {
    /// The key.
    public let key: String
    /// The value.
    public var value: JSONValue
  }

  /// The members in order.
  public private(set) var entries: [Entry] = []
  /// Positions by key; empty while a search through `entries` is as quick.
  private var positions: [ByteKey: Int] = [:]

  private static let smallCount = 8

  /// Makes an object without members.
  public init() {}

  /// Makes an object from pairs; of equal keys the last counts.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    for (key, value) in elements { self[key] = value }
  }

  /// Makes room for so many members.
  public mutating func reserveCapacity(_ count: Int) {
    entries.reserveCapacity(count)
    if count > Self.smallCount { positions.reserveCapacity(count) }
  }

  /// The number of members.
  public var count: Int { entries.count }

  /// The keys in order.
  public var keys: [String] { entries.map(\.key) }

  /// The value of a key; setting nil removes the member, a new key goes to the end.
  public subscript(key: String) -> JSONValue? {
    get { position(of: key).map { entries[$0].value } }
    set {
      switch (position(of: key), newValue) {
      case (let index?, let value?):
        entries[index].value = value
      case (let index?, nil):
        entries.remove(at: index)
        positions = [:]
        indexIfLarge()
      case (nil, let value?):
        append(key, value)
      case (nil, nil):
        break
      }
    }
  }

  func position(of key: String) -> Int? {
    guard entries.count > Self.smallCount else {
      return entries.firstIndex { ByteKey($0.key) == ByteKey(key) }
    }
    return positions[ByteKey(key)]
  }

  /// Adds a key that is not there yet.
  mutating func append(_ key: String, _ value: JSONValue) {
    entries.append(Entry(key: key, value: value))
    if entries.count > Self.smallCount + 1 {
      positions[ByteKey(key)] = entries.count - 1
    } else {
      indexIfLarge()
    }
  }

  private mutating func indexIfLarge() {
    guard entries.count > Self.smallCount else { return }
    for (index, entry) in entries.enumerated() { positions[ByteKey(entry.key)] = index }
  }

  /// Whether both have the same members, in any order.
  public static func == (first: JSONObject, second: JSONObject) -> Bool {
    first.count == second.count
      && first.entries.allSatisfy { second[$0.key] == $0.value }
  }

  /// Hashes the keys, without regard to their order.
  public func hash(into hasher: inout Hasher) {
    var sum = 0
    for entry in entries { sum &+= ByteKey(entry.key).hashValue }
    hasher.combine(sum)
  }
}

/// A string that is equal to another only if its UTF-8 bytes are.
struct ByteKey: Hashable {
  let string: String

  init(_ string: String) { self.string = string }

  static func == (first: ByteKey, second: ByteKey) -> Bool {
    first.string.utf8.elementsEqual(second.string.utf8)
  }

  func hash(into hasher: inout Hasher) {
    var copy = string
    copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(UInt8(0xFF))
  }

  static func precedes(_ first: String, _ second: String) -> Bool {
    first.utf8.lexicographicallyPrecedes(second.utf8)
  }
}
