// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// The `Precompiled` normalizer, as Hugging Face `tokenizers` applies a `CharacterMap`.
///
/// Not as sentencepiece does: a grapheme cluster of less than six bytes is replaced as a whole by
/// what the shortest rule at its beginning gives (so `ſ̃` becomes `s`); otherwise each scalar is
/// replaced on its own.
struct PrecompiledRewrite: Sendable, Hashable {
  let map: CharacterMap

  func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], changes: inout TextChanges?
  ) {
    output.removeAll(keepingCapacity: true)
    output.reserveCapacity(text.count)
    var places = changes == nil ? nil : Places()
    guard let base = text.baseAddress else { return }
    let bytes = TextBytes(base: base, count: text.count)
    defer {
      places?.close()
      if let places {
        changes =
          places.lag == 0
          ? places.changes : Self.lagging(places.changes, by: places.lag, bytes, output)
      }
    }
    var at = 0
    while at < text.count {
      let plain = endOfPlain(text, at)
      output.append(contentsOf: UnsafeBufferPointer(rebasing: text[at..<plain]))
      at = plain
      if at < text.count { at = rewriteCluster(bytes, text, at, &output, &places) }
    }
  }

  /// The end of the ASCII that no rule touches; the scalar before anything else belongs to what
  /// follows, which may be a mark of it.
  @inline(__always)
  private func endOfPlain(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var at = start
    while at < text.count {
      let byte = text[at]
      // A carriage return and a line feed are one cluster.
      if byte >= 0x80 || byte == 0x0D || map.canBeginASCII(byte) { return at }
      if at &+ 1 < text.count, text[at &+ 1] >= 0x80 { return at }
      at &+= 1
    }
    return at
  }

  /// Writes a cluster and returns its end.
  private func rewriteCluster(
    _ bytes: TextBytes, _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ output: inout [UInt8],
    _ places: inout Places?
  ) -> Int {
    var clusters = GraphemeClusters()
    var end = start
    repeat {
      let (scalar, length) = bytes.scalar(end)
      if !clusters.begins(with: scalar) || end == start { end += length } else { break }
    } while end < text.count
    if end - start < 6, let replacement = map.shortest(text, start..<end) {
      replace(bytes, start..<end, replacement, &output, &places)
      return end
    }
    var at = start
    while at < end {
      let next = at + bytes.scalar(at).length
      if let replacement = map.shortest(text, at..<next) {
        replace(bytes, at..<next, replacement, &output, &places)
      } else {
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[at..<next]))
      }
      at = next
    }
    return end
  }

  /// Writes a replacement. Scalar stands for scalar; further new ones stand for the last old one;
  /// further old ones are deleted, or give their place to the new one before, as in the original.
  private func replace(
    _ bytes: TextBytes, _ range: Range<Int>, _ replacement: ArraySlice<UInt8>,
    _ output: inout [UInt8], _ places: inout Places?
  ) {
    guard places != nil else {
      output.append(contentsOf: replacement)
      return
    }
    var old = range.lowerBound
    var at = replacement.startIndex
    while at < replacement.endIndex {
      let length = min(UTF8Length.of(replacement[at]), replacement.endIndex - at)
      let start = output.count
      output.append(contentsOf: replacement[at..<at + length])
      let isInserted = old == range.upperBound
      if !isInserted { old += bytes.scalar(old).length }
      places?.append(start..<output.count, end: old, isInserted: isInserted)
      at += length
    }
    if old < range.upperBound {
      var count = 0
      for at in old..<range.upperBound where bytes[at] & 0xC0 != 0x80 { count += 1 }
      places?.delete(
        through: range.upperBound, first: old + bytes.scalar(old).length, count: count,
        at: output.count)
    }
  }

  /// As in the original, scalars that are left out before all others are never passed: whatever
  /// follows ends so many scalars too early.
  private static func lagging(
    _ changes: TextChanges, by lag: Int, _ text: TextBytes, _ output: [UInt8]
  ) -> TextChanges {
    var alignment = TextAlignment()
    alignment.append(changes, outputCount: output.count)
    var outputEnds: [Int] = []
    var at = 0
    while at < output.count {
      at = min(at + UTF8Length.of(output[at]), output.count)
      outputEnds.append(at)
    }
    var ends = outputEnds
    alignment.mapEnds(&ends)
    var scalarEnds = [0]
    while let last = scalarEnds.last, last < text.count {
      scalarEnds.append(last + text.scalar(last).length)
    }
    var result = TextChanges()
    var start = 0
    var passed = 0
    for (outputEnd, end) in zip(outputEnds, ends) {
      while passed + 1 < scalarEnds.count, scalarEnds[passed] < end { passed += 1 }
      result.append(
        outputStart: start, outputEnd: outputEnd, originalEnd: scalarEnds[max(passed - lag, 0)])
      start = outputEnd
    }
    return result
  }

  /// Where replacements come from. The last of them is open: a deletion may still move it.
  struct Places {
    private(set) var changes = TextChanges()
    private var last: (output: Range<Int>, end: Int, isInserted: Bool)?
    /// How many scalars were left out before all others.
    private(set) var lag = 0

    mutating func append(_ output: Range<Int>, end: Int, isInserted: Bool) {
      close()
      last = (output, end, isInserted)
    }

    /// Notes that the original is left out up to a position.
    /// - Parameter first: the end of the first scalar that is left out.
    /// - Parameter count: how many scalars are left out.
    mutating func delete(through end: Int, first: Int, count: Int, at output: Int) {
      if output == 0 { lag += count }
      if let open = last, open.isInserted, open.output.upperBound == output {
        last = (open.output, first, false)
      }
      close()
      changes.append(outputStart: output, outputEnd: output, originalEnd: end)
    }

    mutating func close() {
      if let last {
        changes.append(
          outputStart: last.output.lowerBound, outputEnd: last.output.upperBound,
          originalEnd: last.end)
      }
      last = nil
    }
  }
}
