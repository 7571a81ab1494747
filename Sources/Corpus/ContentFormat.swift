// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// Whether decoded content is JSON Lines or text.
enum ContentFormat {
  /// Whether a name says that the file holds JSON Lines, compressed or not.
  ///
  /// Then a first line that is not valid JSON is reported and not taken as text.
  static func isNamedJSON(_ name: String) -> Bool {
    var name = name.lowercased()[...]
    for suffix in [".gz", ".zst", ".zstd"] where name.hasSuffix(suffix) {
      name = name.dropLast(suffix.count)
      break
    }
    return [".jsonl", ".ndjson", ".json"].contains { name.hasSuffix($0) }
  }

  /// Whether the first line that is not blank is a JSON object. Reads that line to its end if it
  /// begins like one, so that the answer does not depend on the size of the buffer.
  static func beginsWithObject(
    _ buffer: DecodedBuffer, maximum: Int
  ) throws(CorpusError) -> Bool {
    var searched = 0
    while true {
      let bytes = buffer.bytes
      let start = bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0
      let isBlank = { (byte: UInt8) in byte == 0x20 || byte &- 0x09 < 5 }
      guard let first = bytes[start...].firstIndex(where: { !isBlank($0) }), bytes[first] == 0x7B
      else { return false }
      let feed = bytes[max(first, searched)...].firstIndex(of: 0x0A)
      if let end = feed ?? (buffer.isAtEnd ? bytes.count : nil) {
        return isObject(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[first..<end])))
      }
      searched = bytes.count
      guard bytes.count <= maximum else { return false }
      try buffer.fill(to: bytes.count * 2)
    }
  }

  static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  private static func isObject(_ line: UnsafeRawBufferPointer) -> Bool {
    var fields = JSONFields()
    do throws(JSONError) {
      try JSONFieldReader(paths: []).read(line, into: &fields)
      return fields.isObject
    } catch {
      return false
    }
  }
}
