// SPDX-License-Identifier: Apache-2.0
internal import JSON
public import Tokenization

/// A row of a dataset as a person wants to read it: decoded, with what is special and what is
/// predicted told apart.
public struct RowDisplay {
  /// How a stretch of text is told apart.
  public enum Style: Sendable, Hashable {
    /// Text that the model reads.
    case plain
    /// A special token.
    case special
    /// A position that the model predicts and whose input was changed.
    case changed
    /// A position that the model predicts and whose input was kept.
    case kept
    /// What the model must predict.
    case target
    /// Padding, names, numbers.
    case quiet
  }

  /// A stretch of text in one style.
  public typealias Stretch = (text: String, style: Style)

  /// One line of the display: a column's name and what it shows.
  public typealias Line = (name: String, stretches: [Stretch])

  private let tokenizer: Tokenizer?

  /// A display that decodes with a tokenizer, or shows ids without one.
  public init(tokenizer: Tokenizer?) {
    self.tokenizer = tokenizer
  }

  /// The lines of a row.
  public func lines(_ row: Inspection.Row) -> [Line] {
    let values = row.values
    let ids = Self.integers(values["input_ids"])
    var lines: [Line] = []
    var shown: Set<String> = []
    if let ids {
      let labels = Self.integers(values["labels"])
      let mask = Self.integers(values["attention_mask"])
      let isAligned = labels?.count == ids.count && labels.map { $0 != ids } ?? false
      let isMasked = isAligned && labels?.contains { $0 == -100 } ?? false
      lines.append(
        ("input_ids", inputs(ids, labels: isMasked ? labels : nil, mask: mask)))
      shown = ["input_ids", "attention_mask"]
      if let labels {
        if !isMasked { lines.append(("labels", targets(labels))) }
        shown.insert("labels")
      }
    }
    for entry in values.entries where !shown.contains(entry.key) {
      lines.append((Self.visible(entry.key), [(Self.visible(Self.short(entry.value)), .quiet)]))
    }
    return lines
  }

  /// Inputs, with the labels of masked positions in braces behind them.
  private func inputs(_ ids: [Int], labels: [Int]?, mask: [Int]?) -> [Stretch] {
    var line = Builder()
    let end = mask.map { $0.prefix(ids.count).lastIndex(of: 1).map { $0 + 1 } ?? 0 } ?? ids.count
    for (position, id) in ids[..<end].enumerated() {
      let label = labels.map { $0[position] } ?? -100
      if label == -100 {
        line.add(bytes(id), isSpecial(id) ? .special : .plain)
      } else if label == id {
        line.add(bytes(id) + Array("{=}".utf8), .kept)
      } else {
        line.add(bytes(id), .changed)
        line.add(Array("{".utf8) + bytes(label) + Array("}".utf8), .target)
      }
    }
    if end < ids.count { line.add(" + \(ids.count - end) padding", .quiet) }
    return line.stretches
  }

  /// Targets of a decoder: sentinels stand out, positions without loss are left out.
  private func targets(_ labels: [Int]) -> [Stretch] {
    var line = Builder()
    for label in labels where label != -100 {
      line.add(bytes(label), isSpecial(label) ? .special : .target)
    }
    let ignored = labels.count { $0 == -100 }
    if ignored > 0 { line.add(" + \(ignored) without loss", .quiet) }
    return line.stretches
  }

  /// Joins the bytes of one style before they are decoded: a character may be spread over several
  /// tokens.
  private struct Builder {
    private var parts: [(bytes: [UInt8], style: Style)] = []

    mutating func add(_ text: String, _ style: Style) { add(Array(text.utf8), style) }

    mutating func add(_ bytes: [UInt8], _ style: Style) {
      if parts.last?.style == style {
        parts[parts.count - 1].bytes += bytes
      } else {
        parts.append((bytes, style))
      }
    }

    var stretches: [Stretch] {
      parts.map { (RowDisplay.visible(String(decoding: $0.bytes, as: UTF8.self)), $0.style) }
    }
  }

  /// Text without anything that a terminal would obey.
  public static func visible(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0A: shown += "⏎"
      case 0x09: shown += "⇥"
      case 0..<0x20, 0x7F..<0xA0: shown += "\\x\(String(scalar.value, radix: 16))"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  private func bytes(_ id: Int) -> [UInt8] {
    guard let tokenizer else { return Array("\(id) ".utf8) }
    return UInt32(exactly: id).flatMap { tokenizer.bytes(of: $0) } ?? Array("<\(id)?>".utf8)
  }

  private func isSpecial(_ id: Int) -> Bool {
    guard let tokenizer, let id = UInt32(exactly: id) else { return false }
    return tokenizer.isSpecial(id)
  }

  private static func integers(_ value: JSONValue?) -> [Int]? {
    guard let elements = value?.arrayValue else { return nil }
    let integers = elements.compactMap(\.integerValue)
    return integers.count == elements.count ? integers : nil
  }

  /// A value on one line, long lists cut with their length.
  private static func short(_ value: JSONValue) -> String {
    guard let elements = value.arrayValue, elements.count > 12 else {
      return String(decoding: value.serialized(), as: UTF8.self)
    }
    let first = JSONValue.array(Array(elements.prefix(12))).serialized().dropLast()
    return "\(String(decoding: first, as: UTF8.self)), …] (\(elements.count))"
  }
}
