// SPDX-License-Identifier: Apache-2.0

import CICU
import CICUText

/// Finds which scalar of a text each scalar of its normal form stands for, as Hugging Face
/// `tokenizers` has it: a composed character for the first that it is made of, so that the marks
/// which went into it lie between tokens; what is split off for the character that it was part of.
///
/// ICU tells which stretches changed. Each is decomposed, ordered and composed once more here,
/// counting how many scalars were added (above 0) or went (below 0) with each.
struct NormalizationPlaces {
  private struct Scalar {
    var value: UInt32
    var added: Int
    var markClass: UInt8 = 0
  }

  private let decomposer: OpaquePointer
  /// Nil for the forms that decompose.
  private let composer: OpaquePointer?
  private var scalars: [Scalar] = []
  private var composed: [Scalar] = []
  private var written: [UInt8] = []
  private var mapping = [UInt32](repeating: 0, count: 64)

  init(form: NormalForm, isUnicode9: Bool) throws(TextError) {
    decomposer = try Normalization.decomposer(of: form, isUnicode9: isUnicode9)
    composer =
      form == .nfd || form == .nfkd
      ? nil : try Normalization.instance(of: form, isUnicode9: isUnicode9)
  }

  /// Divides each change of several scalars into changes of one scalar of the output.
  mutating func refine(
    _ changes: inout [cicut_change], of text: UnsafeBufferPointer<UInt8>,
    output: UnsafeBufferPointer<UInt8>
  ) {
    var result: [cicut_change] = []
    result.reserveCapacity(changes.count)
    var outputEnd = 0
    var originalEnd = 0
    for change in changes {
      let start = originalEnd + Int(change.output_start) - outputEnd
      outputEnd = Int(change.output_end)
      originalEnd = Int(change.original_end)
      let first = start < originalEnd ? UTF8Scalars.length(text[start]) : 0
      if start + first >= originalEnd {
        result.append(change)
        continue
      }
      let original = UnsafeBufferPointer(rebasing: text[start..<originalEnd])
      compose(original)
      let made = UnsafeBufferPointer(rebasing: output[Int(change.output_start)..<outputEnd])
      if written.elementsEqual(made) {
        append(change, original, from: start, to: &result)
      } else {
        result.append(change)
      }
    }
    changes = result
  }

  private func append(
    _ change: cicut_change, _ original: UnsafeBufferPointer<UInt8>, from start: Int,
    to result: inout [cicut_change]
  ) {
    var at = 0
    var end = change.output_start
    var place = start
    func pass() {
      if at < original.count { at += UTF8Scalars.decode(original, at: at).length }
    }
    for scalar in composed {
      let outputStart = end
      end += UInt32(UTF8Scalars.encodedLength(scalar.value))
      if scalar.added <= 0 {
        pass()
        place = start + at
        for _ in 0..<(-scalar.added) { pass() }
      } else {
        place = start + at
      }
      result.append(
        cicut_change(
          output_start: outputStart, output_end: end,
          original_end: UInt32(truncatingIfNeeded: place)))
    }
    if place < Int(change.original_end) {
      result.append(
        cicut_change(
          output_start: change.output_end, output_end: change.output_end,
          original_end: change.original_end))
    }
  }

  /// Leaves the normal form of a stretch in `composed` and `written`.
  private mutating func compose(_ text: UnsafeBufferPointer<UInt8>) {
    decompose(text)
    composed.removeAll(keepingCapacity: true)
    if let composer { compose(composer) } else { swap(&composed, &scalars) }
    written.removeAll(keepingCapacity: true)
    for scalar in composed { UTF8Scalars.append(scalar.value, to: &written) }
  }

  private mutating func decompose(_ text: UnsafeBufferPointer<UInt8>) {
    scalars.removeAll(keepingCapacity: true)
    var pending = 0
    var at = 0
    while at < text.count {
      let (value, length) = UTF8Scalars.decode(text, at: at)
      at += length
      let size = cicut_decomposition(
        decomposer, Int32(bitPattern: value), &mapping, Int32(mapping.count))
      if size < 0 { mapping[0] = value }
      for index in 0..<max(Int(size), 1) {
        let value = mapping[index]
        let markClass = cicu_combining_class(Int32(bitPattern: value))
        if markClass == 0 { order(from: pending) }
        scalars.append(Scalar(value: value, added: index == 0 ? 0 : 1, markClass: markClass))
        if markClass == 0 { pending = scalars.count }
      }
    }
    order(from: pending)
  }

  /// Orders the marks from an index on by class; equal ones stay as they are.
  private mutating func order(from start: Int) {
    guard scalars.count - start > 1 else { return }
    let sorted = scalars[start...].enumerated().sorted {
      ($0.element.markClass, $0.offset) < ($1.element.markClass, $1.offset)
    }
    scalars.replaceSubrange(start..., with: sorted.map(\.element))
  }

  /// Unicode's canonical composition. A scalar that joins another one goes, and with it goes what
  /// it was or was not in the original.
  private mutating func compose(_ composer: OpaquePointer) {
    var starter: Int?
    var lastClass: UInt8?
    for scalar in scalars {
      if let starter, lastClass.map({ $0 != 0 && $0 < scalar.markClass }) ?? true {
        let joined = cicut_compose(
          composer, Int32(bitPattern: composed[starter].value), Int32(bitPattern: scalar.value))
        if joined >= 0 {
          composed[starter].value = UInt32(joined)
          composed[starter].added += scalar.added - 1
          continue
        }
      }
      composed.append(scalar)
      if scalar.markClass == 0 {
        starter = composed.count - 1
        lastClass = nil
      } else {
        lastClass = scalar.markClass
      }
    }
  }
}
