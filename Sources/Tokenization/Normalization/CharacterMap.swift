// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// The compiled normalization rules of sentencepiece: byte strings and what replaces them.
///
/// The form is that of its `precompiled_charsmap`: the length of a double array (`darts-clone`), the
/// array, and the replacements, each ended by a zero byte.
struct CharacterMap: Sendable, Hashable {
  private let units: [UInt32]
  private let replacements: [UInt8]
  /// Whether a rule begins with a byte.
  private let isFirst: [Bool]
  /// Whether a rule begins with a byte below 128 and goes on, if it does, with another one.
  private let isFirstOfASCII: [Bool]

  /// - Throws: `.malformed` if the form is another one; the array is walked once, so that no later
  ///   step can leave it or go round in circles.
  init(_ blob: [UInt8], at location: String) throws(TokenizerError) {
    func malformed(_ what: String) -> TokenizerError {
      TokenizerError(.malformed, at: location, "the table of normalization rules \(what)")
    }
    guard blob.count >= 4 else { throw malformed("is cut off") }
    let length = Int(Self.word(blob, 0))
    guard length <= blob.count - 4, length % 4 == 0 else {
      throw malformed("claims \(length) bytes and has \(blob.count - 4)")
    }
    guard length >= 1024 else { throw malformed("is too short") }
    let units = (0..<length / 4).map { Self.word(blob, 4 + 4 * $0) }
    let replacements = Array(blob[(4 + length)...])
    guard replacements.withUnsafeBufferPointer({ UTF8Repair.firstInvalid($0) }) == nil else {
      throw malformed("has replacements that are not UTF-8")
    }
    self.units = units
    self.replacements = replacements
    isFirst = (0..<256).map { byte in
      let at = Self.offset(units[0]) ^ byte
      return byte != 0 && at < units.count && Self.label(units[at]) == UInt32(byte)
    }
    isFirstOfASCII = isFirst.enumerated().map { byte, isFirst in
      guard isFirst, byte < 0x80 else { return false }
      let at = Self.offset(units[0]) ^ byte
      if Self.hasLeaf(units[at]) { return true }
      let children = at ^ Self.offset(units[at])
      return (1..<0x80).contains { next in
        let child = children ^ next
        return child < units.count && Self.label(units[child]) == UInt32(next)
      }
    }
    guard Self.isAcyclic(units, replacements) else { throw malformed("is damaged") }
  }

  private static func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) }
  }

  @inline(__always)
  private static func hasLeaf(_ unit: UInt32) -> Bool { unit >> 8 & 1 == 1 }
  @inline(__always)
  private static func label(_ unit: UInt32) -> UInt32 { unit & 0x8000_00FF }
  @inline(__always)
  private static func value(_ unit: UInt32) -> Int { Int(unit & 0x7FFF_FFFF) }
  @inline(__always)
  private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 0x200) >> 6) }

  /// Whether no way through the array leads round, and every value is the start of a character.
  /// Ways may meet: equal endings of rules are stored once.
  private static func isAcyclic(_ units: [UInt32], _ replacements: [UInt8]) -> Bool {
    enum State: UInt8 { case new, open, done }
    var states = [State](repeating: .new, count: units.count)
    // The unit on the way, where its children stand, and the next of them to be tried.
    var way = [(unit: 0, base: offset(units[0]), byte: 1)]
    return units.withUnsafeBufferPointer { units in
      while let (unit, base, byte) = way.last {
        if byte == 256 {
          states[unit] = .done
          way.removeLast()
          continue
        }
        way[way.count - 1].byte += 1
        let at = base ^ byte
        guard at < units.count, label(units[at]) == UInt32(byte), states[at] != .done else {
          continue
        }
        if states[at] == .open { return false }
        states[at] = .open
        let next = at ^ offset(units[at])
        if hasLeaf(units[at]) {
          guard next < units.count else { return false }
          let value = value(units[next])
          guard value <= replacements.count,
            value == replacements.count || replacements[value] & 0xC0 != 0x80
          else { return false }
        }
        way.append((at, next, 1))
      }
      return true
    }
  }

  /// Whether a rule can begin with a byte.
  @inline(__always)
  func canBegin(_ byte: UInt8) -> Bool { isFirst[Int(byte)] }

  /// Whether a rule can begin with a byte below 128 that another such byte, or none, follows.
  @inline(__always)
  func canBeginASCII(_ byte: UInt8) -> Bool { isFirstOfASCII[Int(byte)] }

  /// The replacement of the shortest rule that is a prefix of a stretch of text, or nil.
  func shortest(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> ArraySlice<UInt8>? {
    var found: ArraySlice<UInt8>?
    walk(text, range) { _, value in
      found = replacement(value)
      return false
    }
    return found
  }

  /// The replacement of the longest rule that is a prefix of a stretch of text, and how much it
  /// replaces; nil if there is none.
  func longest(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) -> (length: Int, replacement: ArraySlice<UInt8>)? {
    var best: (length: Int, value: Int)?
    walk(text, range) { length, value in
      best = (length, value)
      return true
    }
    return best.map { ($0.length, replacement($0.value)) }
  }

  @inline(__always)
  private func walk(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ body: (Int, Int) -> Bool
  ) {
    units.withUnsafeBufferPointer { units in
      var at = Self.offset(units[0])
      var position = range.lowerBound
      while position < range.upperBound {
        let byte = text[position]
        at ^= Int(byte)
        guard byte != 0, at < units.count else { return }
        let unit = units[at]
        guard Self.label(unit) == UInt32(byte) else { return }
        position &+= 1
        at ^= Self.offset(unit)
        if Self.hasLeaf(unit), !body(position &- range.lowerBound, Self.value(units[at])) {
          return
        }
      }
    }
  }

  private func replacement(_ value: Int) -> ArraySlice<UInt8> {
    let tail = replacements[value...]
    return tail.prefix { $0 != 0 }
  }
}
