// SPDX-License-Identifier: Apache-2.0

import CICU

/// ICU's own iterator over UTF-16: what the sentence rules are held against.
final class ICUSentences {
  private let iterator: OpaquePointer

  init?(locale: String) {
    var status = U_ZERO_ERROR
    guard let iterator = cicu_break_open(UBRK_SENTENCE, locale, &status) else { return nil }
    self.iterator = iterator
  }

  deinit { cicu_break_close(iterator) }

  /// The locale whose rules these are.
  var rules: String {
    var status = U_ZERO_ERROR
    return cicu_break_rules(iterator, &status).map { String(cString: $0) } ?? ""
  }

  /// Every boundary after 0, in bytes, without suppressions.
  func boundaries(of text: String, unwrap: Bool) -> [Int] {
    var units = Array(text.utf16)
    if unwrap { Self.joinSingleLines(&units) }
    var offsets: [Int] = []
    offsets.reserveCapacity(units.count + 1)
    var offset = 0
    for scalar in text.unicodeScalars {
      for _ in 0..<UTF16.width(scalar) { offsets.append(offset) }
      offset += UTF8.width(scalar)
    }
    offsets.append(offset)
    return units.withUnsafeBufferPointer { units in
      var status = U_ZERO_ERROR
      guard let start = units.baseAddress else { return [] }
      cicu_break_set_text(iterator, start, Int32(units.count), &status)
      _ = cicu_break_first(iterator)
      var all: [Int] = []
      while true {
        let boundary = Int(cicu_break_next(iterator))
        if boundary < 0 { return all }
        all.append(offsets[boundary])
      }
    }
  }

  /// Makes every line end that stands alone a blank: one with text before and after it, or blanks.
  private static func joinSingleLines(_ units: inout [UInt16]) {
    var i = 0
    while i < units.count {
      var end = i
      var lines = 0
      while end < units.count,
        [0x0A, 0x0D].contains(units[end]) || lines > 0 && [0x20, 9].contains(units[end])
      {
        let isPair = units[end] == 0x0D && end + 1 < units.count && units[end + 1] == 0x0A
        if units[end] == 0x0A || units[end] == 0x0D { lines += 1 }
        end += isPair ? 2 : 1
      }
      if lines == 1 {
        for unit in i..<end where units[unit] == 0x0A || units[unit] == 0x0D { units[unit] = 0x20 }
      }
      i = max(end, i + 1)
    }
  }

  /// The abbreviations of exactly this locale.
  static func abbreviations(of locale: String) -> [String] {
    guard let list = cicu_abbreviations_open(locale) else { return [] }
    defer { cicu_abbreviations_close(list) }
    return (0..<cicu_abbreviations_count(list)).compactMap { index in
      var length: Int32 = 0
      guard let units = cicu_abbreviation(list, index, &length) else { return nil }
      return String(decoding: UnsafeBufferPointer(start: units, count: Int(length)), as: UTF16.self)
    }
  }

  /// The scalars at which a stretch of one class of the property starts or ends.
  static func classEdges() -> [Unicode.Scalar] {
    var status = U_ZERO_ERROR
    guard let map = cicu_sentence_breaks(&status) else { return [] }
    var edges: [Unicode.Scalar] = []
    var start: Int32 = 0
    while true {
      var value: UInt32 = 0
      let last = cicu_map_range(map, start, &value)
      if last < start { return edges }
      for scalar in Set([start, last]).sorted() {
        if let scalar = Unicode.Scalar(UInt32(scalar)) { edges.append(scalar) }
      }
      start = last + 1
    }
  }
}
