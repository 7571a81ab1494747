// SPDX-License-Identifier: Apache-2.0

import CICU
import CICUText

/// Brings very long runs of combining marks into canonical order before ICU sees them.
///
/// ICU orders marks by insertion, which takes quadratic time on a long unordered run: ten million
/// marks would take days. Here such a run is decomposed and sorted by counting, in linear time; what
/// comes out is canonically (or compatibility) equivalent, and ICU then has nothing to move.
/// Runs are found by looking at one position in 128 bytes: ordinary text pays almost nothing, and
/// the runs that stay undetected are too short to matter.
enum LongMarkRuns {
  private static let stride = 128

  /// Replaces `output` by the text with its long runs in order, or returns false if it has none.
  static func order(
    _ text: UnsafeBufferPointer<UInt8>, for form: NormalForm, isUnicode9: Bool,
    into output: inout [UInt8], changes: inout ChangeList
  ) throws(TextError) -> Bool {
    guard text.count > 2 * stride else { return false }
    let decomposer = try Normalization.decomposer(of: form, isUnicode9: isUnicode9)
    var copied = 0
    var run = MarkRun(decomposer: decomposer, canVanish: form == .nfkcCasefold)
    var sample = stride
    while sample < text.count {
      guard let range = run.range(in: text, around: sample, after: copied) else {
        sample += stride
        continue
      }
      if range.count >= 2 * stride {
        if copied == 0 {
          output.removeAll(keepingCapacity: true)
          output.reserveCapacity(text.count)
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<range.lowerBound]))
        let start = output.count
        run.appendOrdered(UnsafeBufferPointer(rebasing: text[range]), to: &output)
        changes.append(outputStart: start, outputEnd: output.count, originalEnd: range.upperBound)
        copied = range.upperBound
      }
      sample += stride
      if sample < range.upperBound { sample = range.upperBound }
    }
    guard copied > 0 else { return false }
    output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
    return true
  }
}

/// Finds and sorts one run, with memory that is used again for the next.
private struct MarkRun {
  private let decomposer: OpaquePointer
  /// Whether the form maps some scalars to nothing, which then do not interrupt a run.
  private let canVanish: Bool
  private var pending: [UInt32] = []
  private var classes: [UInt8] = []
  private var sorted: [UInt32] = []
  private var mapping = [UInt32](repeating: 0, count: 64)

  init(decomposer: OpaquePointer, canVanish: Bool) {
    self.decomposer = decomposer
    self.canVanish = canVanish
  }

  /// The run around an offset, not reaching back before `lower`; nil if there is none.
  func range(
    in text: UnsafeBufferPointer<UInt8>, around offset: Int, after lower: Int
  ) -> Range<Int>? {
    // Most samples end here: no ASCII character and no scalar below U+00A8 belongs to a run.
    guard text[offset] >= 0x80 else { return nil }
    var start = offset
    while start > lower, text[start] & 0xC0 == 0x80 { start -= 1 }
    guard continues(text, at: start) else { return nil }
    var end = start
    while end < text.count, continues(text, at: end) {
      end = min(end + UTF8Scalars.length(text[end]), text.count)
    }
    while start > lower {
      var previous = start - 1
      while previous > lower, text[previous] & 0xC0 == 0x80 { previous -= 1 }
      guard continues(text, at: previous) else { break }
      start = previous
    }
    return start..<end
  }

  /// Whether the scalar decomposes to something that starts with a mark, or to nothing.
  private func continues(_ text: UnsafeBufferPointer<UInt8>, at offset: Int) -> Bool {
    guard text[offset] >= 0x80 else { return false }
    let scalar = Int32(bitPattern: UTF8Scalars.decode(text, at: offset).scalar)
    if cicut_has_boundary_before(decomposer, scalar) == 0 { return true }
    guard canVanish else { return false }
    var first: UInt32 = 0
    return cicut_decomposition(decomposer, scalar, &first, 1) == 0
  }

  /// Appends the decomposition of a run in canonical order.
  mutating func appendOrdered(_ run: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
    pending.removeAll(keepingCapacity: true)
    classes.removeAll(keepingCapacity: true)
    var i = 0
    while i < run.count {
      let (scalar, length) = UTF8Scalars.decode(run, at: i)
      i += length
      let size = cicut_decomposition(
        decomposer, Int32(bitPattern: scalar), &mapping, Int32(mapping.count))
      if size < 0 {
        add(scalar, to: &output)
      } else {
        for part in mapping.prefix(Int(size)) { add(part, to: &output) }
      }
    }
    flush(to: &output)
  }

  private mutating func add(_ scalar: UInt32, to output: inout [UInt8]) {
    let markClass = cicu_combining_class(Int32(bitPattern: scalar))
    if markClass == 0 {
      flush(to: &output)
      UTF8Scalars.append(scalar, to: &output)
    } else {
      pending.append(scalar)
      classes.append(markClass)
    }
  }

  /// A stable counting sort by combining class.
  private mutating func flush(to output: inout [UInt8]) {
    if pending.isEmpty { return }
    var starts = [Int](repeating: 0, count: 257)
    for markClass in classes { starts[Int(markClass) + 1] += 1 }
    for i in 1..<starts.count { starts[i] += starts[i - 1] }
    sorted.removeAll(keepingCapacity: true)
    sorted.append(contentsOf: repeatElement(0, count: pending.count))
    for (scalar, markClass) in zip(pending, classes) {
      sorted[starts[Int(markClass)]] = scalar
      starts[Int(markClass)] += 1
    }
    for scalar in sorted { UTF8Scalars.append(scalar, to: &output) }
    pending.removeAll(keepingCapacity: true)
    classes.removeAll(keepingCapacity: true)
  }
}
