// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// Normalizer steps that look at one scalar at a time.
enum ScalarRewrite: Sendable, Hashable {
  /// BERT's clean-up: control characters go, white space becomes a blank.
  case cleanText
  /// A blank before and after each ideograph.
  case spaceIdeographs
  /// Nonspacing marks go (Mn): BERT's way to strip accents, after decomposition.
  case removeNonspacingMarks
  /// Combining marks go (M).
  case removeCombiningMarks
  /// Each scalar becomes its small letter.
  case lowercase

  var name: String {
    switch self {
    case .cleanText: "clean-text"
    case .spaceIdeographs: "space-ideographs"
    case .removeNonspacingMarks: "remove-nonspacing-marks"
    case .removeCombiningMarks: "remove-marks"
    case .lowercase: "lowercase"
    }
  }

  private enum Replacement {
    case keep, remove, putWithDot, setApart
    case put(UInt32)
  }

  func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], changes: inout TextChanges?
  ) {
    output.removeAll(keepingCapacity: true)
    guard let base = text.baseAddress else { return }
    let bytes = TextBytes(base: base, count: text.count)
    output.reserveCapacity(text.count)
    var copied = 0
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      if byte < 0x80 {
        let small = asciiReplacement(byte)
        if small == byte, small != 0 || self != .cleanText {
          at &+= 1
          continue
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<at]))
        at &+= 1
        copied = at
        if small == 0 {
          changes?.append(outputStart: output.count, outputEnd: output.count, originalEnd: at)
        } else {
          output.append(small)
        }
        continue
      }
      let (scalar, length) = bytes.scalar(at)
      let replacement = scalar == .max ? Replacement.keep : replacement(scalar)
      if case .keep = replacement {
        at &+= length
        continue
      }
      output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<at]))
      let start = output.count
      switch replacement {
      case .keep, .remove: break
      case .put(let other): Self.append(other, to: &output)
      case .putWithDot: output.append(contentsOf: [0x69, 0xCC, 0x87])
      case .setApart:
        output.append(0x20)
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[at..<at + length]))
        output.append(0x20)
      }
      at &+= length
      copied = at
      if output.count - start != length {
        changes?.append(outputStart: start, outputEnd: output.count, originalEnd: at)
      }
    }
    output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
  }

  /// The byte that stands for an ASCII byte; 0 where it goes.
  @inline(__always)
  private func asciiReplacement(_ byte: UInt8) -> UInt8 {
    switch self {
    case .cleanText:
      if byte >= 0x20 { return byte == 0x7F ? 0 : byte }
      return byte == 0x09 || byte == 0x0A || byte == 0x0D ? 0x20 : 0
    case .lowercase: return byte &- 0x41 < 26 ? byte | 0x20 : byte
    case .spaceIdeographs, .removeNonspacingMarks, .removeCombiningMarks: return byte
    }
  }

  private func replacement(_ scalar: UInt32) -> Replacement {
    switch self {
    case .cleanText:
      if scalar == 0xFFFD || ScalarSets.contains(scalar, ScalarSets.control) { return .remove }
      return CharacterClasses.isWhitespace(scalar) ? .put(0x20) : .keep
    case .spaceIdeographs: return ScalarSets.isIdeograph(scalar) ? .setApart : .keep
    case .removeNonspacingMarks:
      return ScalarSets.contains(scalar, ScalarSets.nonspacingMark) ? .remove : .keep
    case .removeCombiningMarks:
      return ScalarSets.contains(scalar, ScalarSets.combiningMark) ? .remove : .keep
    case .lowercase:
      if scalar == 0x130 { return .putWithDot }
      let small = ScalarSets.lowercase(scalar)
      return small == scalar ? .keep : .put(small)
    }
  }

  private static func append(_ value: UInt32, to output: inout [UInt8]) {
    if let scalar = Unicode.Scalar(value) {
      output.append(contentsOf: UTF8.encode(scalar) ?? .init())
    }
  }
}
