// SPDX-License-Identifier: Apache-2.0

import CICU

/// The Sentence_Break class of every scalar, from ICU's data, so that it is of ICU's Unicode version.
///
/// ICU's numbers of the classes are stable. A value is a pointer to a table that lives as long as the
/// process: a lookup is one load, and any number of threads and breakers share it.
struct SentenceClasses: @unchecked Sendable {
  static let other: UInt8 = 0
  static let aTerm: UInt8 = 1
  static let close: UInt8 = 2
  static let format: UInt8 = 3
  static let lower: UInt8 = 4
  static let numeric: UInt8 = 5
  static let oLetter: UInt8 = 6
  static let sep: UInt8 = 7
  static let space: UInt8 = 8
  static let sTerm: UInt8 = 9
  static let upper: UInt8 = 10
  static let carriageReturn: UInt8 = 11
  static let extend: UInt8 = 12
  static let lineFeed: UInt8 = 13
  static let sContinue: UInt8 = 14

  /// The classes of Unicode, or why ICU could not tell them.
  static let root = Result { () throws(TextError) in try SentenceClasses(further: []) }

  /// Those of ICU's rules for Greek, which end questions with a semicolon.
  static let greek = Result { () throws(TextError) in try SentenceClasses(further: [0x3B, 0x37E]) }

  /// The semicolon where it ends sentences, else a full stop, which does everywhere: what a search
  /// for ends has to look for besides.
  let furtherEnd: UInt8

  private static let count = 0x11_0000
  private let table: UnsafePointer<UInt8>

  private init(further ends: [Int]) throws(TextError) {
    var status = U_ZERO_ERROR
    guard let map = cicu_sentence_breaks(&status), cicu_failure(status) == 0 else {
      throw .failure(status, in: "reading the classes of sentence breaks")
    }
    let table = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.count)
    table.initialize(repeating: Self.other, count: Self.count)
    var start: Int32 = 0
    while true {
      var value: UInt32 = 0
      let last = cicu_map_range(map, start, &value)
      if last < start { break }
      (table + Int(start)).update(
        repeating: UInt8(truncatingIfNeeded: value), count: Int(last - start) + 1)
      start = last + 1
    }
    for scalar in ends { table[scalar] = Self.sTerm }
    furtherEnd = ends.isEmpty ? 0x2E : 0x3B
    self.table = UnsafePointer(table)
  }

  /// The class of a scalar; ``other`` beyond U+10FFFF.
  @inline(__always)
  subscript(scalar: UInt32) -> UInt8 {
    scalar < UInt32(Self.count) ? table[Int(scalar)] : Self.other
  }

  /// The class of a byte of ASCII.
  @inline(__always)
  subscript(ascii byte: UInt8) -> UInt8 { table[Int(byte)] }

  /// Whether something may end at such a character: a terminator, or a separator of paragraphs.
  @inline(__always)
  static func mayEnd(_ kind: UInt8) -> Bool { endings &>> UInt32(kind) & 1 != 0 }

  /// Whether the rules look through the class (SB5).
  @inline(__always)
  static func isIgnored(_ kind: UInt8) -> Bool { kind == extend || kind == format }

  private static let endings: UInt32 =
    1 << UInt32(aTerm) | 1 << UInt32(sTerm) | 1 << UInt32(sep) | 1 << UInt32(carriageReturn)
    | 1 << UInt32(lineFeed)
}
