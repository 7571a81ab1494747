// SPDX-License-Identifier: Apache-2.0

import CICU

/// ``TextStep/removeMarks``: scalars of general category Mn go.
enum MarkRemoval {
  static func run(
    _ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8], changes: inout ChangeList
  ) -> Bool {
    let mark = Int8(truncatingIfNeeded: U_NON_SPACING_MARK.rawValue)
    var isChanged = false
    var copied = 0
    var i = ASCIIScan.endOfASCII(text, from: 0)
    while i < text.count {
      let (scalar, length) = UTF8Scalars.decode(text, at: i)
      // The first nonspacing mark is U+0300.
      if scalar >= 0x300, cicu_general_category(Int32(bitPattern: scalar)) == mark {
        if !isChanged {
          isChanged = true
          output.removeAll(keepingCapacity: true)
          output.reserveCapacity(text.count)
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<i]))
        copied = i + length
        changes.append(outputStart: output.count, outputEnd: output.count, originalEnd: copied)
      }
      i += length
      if i < text.count, text[i] < 0x80 { i = ASCIIScan.endOfASCII(text, from: i) }
    }
    if isChanged { output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...])) }
    return isChanged
  }
}
