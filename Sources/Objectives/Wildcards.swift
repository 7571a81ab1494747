// SPDX-License-Identifier: Apache-2.0

/// Whether a corrupted text can have come from its source: masks stand for stretches of it.
enum Wildcards {
  /// Whether `pattern` becomes `text` when every wildcard is replaced by at least `minimum` items.
  ///
  /// Each piece between wildcards is placed as far to the left as it goes, the last at the end.
  static func match(
    _ pattern: ArraySlice<Int64>, _ text: ArraySlice<Int64>, minimum: Int,
    isWildcard: (Int64) -> Bool
  ) -> Bool {
    var position = text.startIndex
    var gap = 0
    var isAnchored = true
    var index = pattern.startIndex
    while index < pattern.endIndex {
      if isWildcard(pattern[index]) {
        gap += minimum
        isAnchored = false
        index += 1
        continue
      }
      let end = pattern[index...].firstIndex(where: isWildcard) ?? pattern.endIndex
      let piece = pattern[index..<end]
      position += gap
      gap = 0
      if end == pattern.endIndex, !isAnchored {
        // The last piece stands at the end, wherever else it would fit.
        let start = text.endIndex - piece.count
        return start >= position && text[start...] == piece
      }
      var last = text.endIndex - piece.count
      if isAnchored { last = min(last, position) }
      while position <= last, text[position..<position + piece.count] != piece { position += 1 }
      guard position <= last else { return false }
      position += piece.count
      index = end
      isAnchored = true
    }
    let rest = text.endIndex - position
    return isAnchored ? rest == 0 : rest >= gap
  }

  /// Whether leaving items out of `text` gives `pattern`.
  static func isSubsequence(_ pattern: ArraySlice<Int64>, of text: ArraySlice<Int64>) -> Bool {
    var next = pattern.startIndex
    for value in text where next < pattern.endIndex && pattern[next] == value { next += 1 }
    return next == pattern.endIndex
  }

  /// Whether all of `items` occur in `text`, as often.
  static func isContained(_ items: ArraySlice<Int64>, in text: ArraySlice<Int64>) -> Bool {
    isSubsequence(items.sorted()[...], of: text.sorted()[...])
  }

  /// Whether a text is another one rotated: whether it occurs in the other written twice
  /// (Knuth, Morris and Pratt 1977).
  static func isRotation(_ text: ArraySlice<Int64>, of source: ArraySlice<Int64>) -> Bool {
    let pattern = Array(text)
    let twice = Array(source)
    guard pattern.count == twice.count else { return false }
    guard !pattern.isEmpty else { return true }
    var borders = [Int](repeating: 0, count: pattern.count)
    var length = 0
    for index in pattern.indices.dropFirst() {
      while length > 0, pattern[index] != pattern[length] { length = borders[length - 1] }
      if pattern[index] == pattern[length] { length += 1 }
      borders[index] = length
    }
    length = 0
    for index in 0..<2 * twice.count {
      let value = twice[index % twice.count]
      while length > 0, value != pattern[length] { length = borders[length - 1] }
      if value == pattern[length] { length += 1 }
      if length == pattern.count { return true }
    }
    return false
  }
}
