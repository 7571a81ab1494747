// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// The `Replace` normalizer: every match of a pattern becomes a fixed text.
struct TextReplacement: Sendable, Hashable {
  /// What is looked for: a text, or one of the expressions that published tokenizers use.
  enum Pattern: Sendable, Hashable {
    case text([UInt8])
    /// ` {2,}`
    case blankRun
    /// `\A | \z`
    case outerBlank

    /// The pattern of an expression, if it is one of these.
    init?(expression: String) {
      switch Array(expression.utf8) {
      case Array(" {2,}".utf8): self = .blankRun
      case Array(#"\A | \z"#.utf8): self = .outerBlank
      default: return nil
      }
    }
  }

  let pattern: Pattern
  let content: [UInt8]

  func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], changes: inout TextChanges?
  ) {
    output.removeAll(keepingCapacity: true)
    output.reserveCapacity(text.count)
    var copied = 0
    var at = 0
    while at < text.count {
      let length = matchLength(text, at)
      if length == 0 {
        at += 1
        continue
      }
      output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<at]))
      let start = output.count
      output.append(contentsOf: content)
      at += length
      copied = at
      if content.count != length || length > 1 {
        changes?.append(outputStart: start, outputEnd: output.count, originalEnd: at)
      }
    }
    output.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
  }

  /// The length of the match that begins at a position, or 0.
  @inline(__always)
  private func matchLength(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> Int {
    switch pattern {
    case .text(let wanted):
      guard text[at] == wanted[0], wanted.count <= text.count - at else { return 0 }
      for index in wanted.indices where text[at + index] != wanted[index] { return 0 }
      return wanted.count
    case .blankRun:
      guard text[at] == 0x20 else { return 0 }
      var end = at + 1
      while end < text.count, text[end] == 0x20 { end += 1 }
      return end - at > 1 ? end - at : 0
    case .outerBlank:
      return text[at] == 0x20 && (at == 0 || at + 1 == text.count) ? 1 : 0
    }
  }
}

/// The `Prepend` normalizer: a text that is not empty gets another one before it.
struct TextPrefix: Sendable, Hashable {
  let content: [UInt8]

  func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], changes: inout TextChanges?
  ) {
    output.removeAll(keepingCapacity: true)
    guard let first = text.first else { return }
    output.reserveCapacity(content.count + text.count)
    output.append(contentsOf: content)
    output.append(contentsOf: text)
    // The prefix shares the place of the first character.
    let length = min(UTF8Length.of(first), text.count)
    changes?.append(outputStart: 0, outputEnd: content.count + length, originalEnd: length)
  }
}

/// The `Strip` normalizer: no white space at the ends.
struct TextStrip: Sendable, Hashable {
  let left: Bool
  let right: Bool

  func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], changes: inout TextChanges?
  ) {
    output.removeAll(keepingCapacity: true)
    guard let base = text.baseAddress else { return }
    let bytes = TextBytes(base: base, count: text.count)
    let start = left ? bytes.runEnd(PieceClass.space, 0) : 0
    var end = text.count
    while right, end > start {
      var before = end - 1
      while before > start, text[before] & 0xC0 == 0x80 { before -= 1 }
      guard bytes.classAndLength(before).kind == PieceClass.space else { break }
      end = before
    }
    if start > 0 { changes?.append(outputStart: 0, outputEnd: 0, originalEnd: start) }
    output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<end]))
  }
}

/// The `Nmt` normalizer: control characters go, other blanks become spaces.
enum NmtRewrite {
  static func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], changes: inout TextChanges?
  ) {
    output.removeAll(keepingCapacity: true)
    output.reserveCapacity(text.count)
    guard let base = text.baseAddress else { return }
    let bytes = TextBytes(base: base, count: text.count)
    var at = 0
    while at < text.count {
      let (scalar, length) = bytes.scalar(at)
      let start = output.count
      at += length
      switch scalar {
      case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F:
        changes?.append(outputStart: start, outputEnd: start, originalEnd: at)
      case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF,
        0xFFFD:
        output.append(0x20)
        if length > 1 {
          changes?.append(outputStart: start, outputEnd: start + 1, originalEnd: at)
        }
      default:
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[at - length..<at]))
      }
    }
  }
}
