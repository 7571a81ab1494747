// SPDX-License-Identifier: Apache-2.0

/// Tells which line ends stand alone, so that in hard-wrapped text they count as blanks: those with
/// text or blanks on both sides. Two or more line ends with nothing but blanks between them stay.
struct JoinedLines {
  /// Whether lines are joined at all.
  let isOn: Bool
  /// The stretch of line ends and blanks, from its first line end on, that was looked at last.
  private var run = 0..<0
  private var isSingle = false

  init(isOn: Bool) { self.isOn = isOn }

  /// Whether the line end at `index` counts as a blank.
  ///
  /// Asked from the front to the back, from any place that is not between the line ends of one
  /// stretch, this takes linear time in all.
  mutating func isJoined(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
    guard isOn else { return false }
    if !run.contains(index) { measure(text, from: index) }
    return isSingle
  }

  private mutating func measure(_ text: UnsafeBufferPointer<UInt8>, from start: Int) {
    var lines = 0
    var end = start
    while end < text.count {
      let byte = text[end]
      if byte == 0x0D || byte == 0x0A {
        lines += 1
        if byte == 0x0D, end + 1 < text.count, text[end + 1] == 0x0A { end += 1 }
      } else if byte != 0x20 && byte != 0x09 {
        break
      }
      end += 1
    }
    run = start..<end
    isSingle = lines == 1
  }
}
