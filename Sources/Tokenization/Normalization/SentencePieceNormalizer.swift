// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// What sentencepiece does to text before its model, in one pass: rules (the longest that fits),
/// blanks, the blank before the first word. Tokens that users defined are left as they are.
final class SentencePieceNormalizer: Sendable {
  let map: CharacterMap?
  let addsDummyPrefix: Bool
  let removesExtraBlanks: Bool
  let escapesBlanks: Bool
  /// Tokens that users defined.
  let literals: PieceTrie?
  /// Bytes below 128 that go through as they are before another such byte.
  private let isPlain: [Bool]

  init(
    map: CharacterMap?, addsDummyPrefix: Bool, removesExtraBlanks: Bool, escapesBlanks: Bool,
    literals: PieceTrie?
  ) {
    self.map = map
    self.addsDummyPrefix = addsDummyPrefix
    self.removesExtraBlanks = removesExtraBlanks
    self.escapesBlanks = escapesBlanks
    self.literals = literals
    isPlain = (0..<256).map { byte in
      byte < 0x80 && byte != 0x20 && map?.canBeginASCII(UInt8(byte)) != true
        && literals?.child(PieceTrie.root, UInt8(byte)) ?? PieceTrie.none == PieceTrie.none
    }
  }

  /// The output with the places of its stretches.
  private struct Writer {
    var output: [UInt8] = []
    /// For ends of tokens as sentencepiece gives them: where in the original the stretch begins
    /// with which a place of the output begins.
    var places: [(output: Int, original: Int)]?

    /// Notes that what is written next is made from the original at a position.
    @inline(__always)
    mutating func begin(_ original: Int) {
      guard let last = places?.last else {
        if places != nil { places?.append((output.count, original)) }
        return
      }
      if output.count - last.output != original - last.original {
        places?.append((output.count, original))
      }
    }
  }

  func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], changes: inout TextChanges?
  ) {
    output.removeAll(keepingCapacity: true)
    guard let base = text.baseAddress else { return }
    let bytes = TextBytes(base: base, count: text.count)
    var writer = Writer(places: changes == nil ? nil : [])
    swap(&writer.output, &output)
    writer.output.reserveCapacity(text.count + text.count / 4)
    let end = write(bytes, text, &writer)
    swap(&writer.output, &output)
    guard let places = writer.places, changes != nil else { return }
    record(places, end: (output.count, end), &changes)
  }

  /// Writes the text. Returns the position in the original with which the last token ends.
  private func write(
    _ bytes: TextBytes, _ text: UnsafeBufferPointer<UInt8>, _ writer: inout Writer
  ) -> Int {
    var at = 0
    while removesExtraBlanks, at < text.count {
      let (length, replacement) = prefix(bytes, text, at)
      guard let replacement, replacement.elementsEqual([0x20]) else { break }
      at += length
    }
    if at == text.count { return at }
    if addsDummyPrefix { writeBlank(at, &writer) }
    var isAfterBlank = removesExtraBlanks
    while at < text.count {
      let start = at
      while at < text.count, isPlain[Int(text[at])],
        at &+ 1 == text.count || text[at &+ 1] < 0x80
      {
        at &+= 1
      }
      if at > start {
        writer.begin(start)
        writer.output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<at]))
        isAfterBlank = false
        continue
      }
      let (length, replacement) = prefix(bytes, text, at)
      guard var stretch = replacement else {
        writer.begin(at)
        writer.output.append(contentsOf: UnsafeBufferPointer(rebasing: text[at..<at + length]))
        isAfterBlank = false
        at += length
        continue
      }
      if isAfterBlank { stretch = stretch.drop { $0 == 0x20 } }
      for byte in stretch {
        if byte == 0x20 {
          writeBlank(at, &writer)
        } else {
          // All bytes of a replacement have one place.
          writer.begin(at)
          writer.output.append(byte)
        }
      }
      if let last = stretch.last { isAfterBlank = removesExtraBlanks && last == 0x20 }
      at += length
    }
    if removesExtraBlanks { at = trim(&writer, at) }
    return at
  }

  private func writeBlank(_ original: Int, _ writer: inout Writer) {
    writer.begin(original)
    if escapesBlanks {
      writer.output.append(contentsOf: BlankMark.bytes)
    } else {
      writer.output.append(0x20)
    }
  }

  /// Takes blanks from the end. Returns where the first of them stood.
  private func trim(_ writer: inout Writer, _ end: Int) -> Int {
    let blank = escapesBlanks ? BlankMark.bytes : [0x20]
    var end = end
    while writer.output.count >= blank.count, writer.output.suffix(blank.count).elementsEqual(blank)
    {
      let count = writer.output.count - blank.count
      while let last = writer.places?.last, last.output > count { writer.places?.removeLast() }
      if let last = writer.places?.last { end = last.original + count - last.output }
      writer.output.removeLast(blank.count)
    }
    return end
  }

  private static let blank: ArraySlice<UInt8> = [0x20]
  private static let replacementCharacter: ArraySlice<UInt8> = [0xEF, 0xBF, 0xBD]

  /// How much of the text at a position is replaced at once, and by what; nil if it stays.
  private func prefix(
    _ bytes: TextBytes, _ text: UnsafeBufferPointer<UInt8>, _ at: Int
  ) -> (length: Int, replacement: ArraySlice<UInt8>?) {
    if let literal = literals?.longestPrefix(bytes, at) {
      let stretch = UnsafeBufferPointer(rebasing: text[at..<at + literal.length])
      return (literal.length, stretch.contains(0x20) ? Array(stretch)[...] : nil)
    }
    if let found = map?.longest(text, at..<text.count) {
      return (found.length, found.replacement)
    }
    if text[at] == 0x20 { return (1, Self.blank) }
    let (scalar, length) = bytes.scalar(at)
    return scalar == .max ? (1, Self.replacementCharacter) : (length, nil)
  }

  /// Turns places into changes: a token that ends at a place ends where that begins.
  private func record(
    _ places: [(output: Int, original: Int)], end: (output: Int, original: Int),
    _ changes: inout TextChanges?
  ) {
    var last = (output: 0, original: 0)
    for place in places + [end] {
      if place.output - last.output == place.original - last.original { continue }
      changes?.append(
        outputStart: max(place.output - 1, last.output), outputEnd: place.output,
        originalEnd: place.original)
      last = place
    }
  }
}

extension SentencePieceNormalizer: Hashable {
  static func == (first: SentencePieceNormalizer, second: SentencePieceNormalizer) -> Bool {
    first === second
  }

  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
