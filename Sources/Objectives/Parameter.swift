// SPDX-License-Identifier: Apache-2.0

/// The value of a parameter.
public enum ParameterValue: Sendable, Hashable, CustomStringConvertible {
  /// A whole number.
  case integer(Int)
  /// A real number.
  case real(Double)
  /// On or off.
  case flag(Bool)
  /// One of the named choices.
  case choice(String)
  /// Any text.
  case text(String)

  /// The text that `--set` takes for this value.
  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .flag(let value): value ? "true" : "false"
    case .choice(let value), .text(let value): value
    }
  }
}

/// What a parameter may be set to.
public enum ParameterKind: Sendable, Hashable {
  /// A whole number in a range.
  case integer(ClosedRange<Int>)
  /// A real number in a range.
  case real(ClosedRange<Double>)
  /// `true` or `false`.
  case flag
  /// One of these.
  case choice([String])
  /// One of these, or a text that begins so, which the objective reads itself.
  case open([String], prefix: String)
  /// Text that the objective reads itself.
  case text

  /// The type, as help shows it.
  public var summary: String {
    switch self {
    case .integer(let range): "integer \(range.lowerBound)...\(range.upperBound)"
    case .real(let range): "number \(range.lowerBound)...\(range.upperBound)"
    case .flag: "true|false"
    case .choice(let names): names.joined(separator: "|")
    case .open(let names, let prefix): names.joined(separator: "|") + "|\(prefix)…"
    case .text: "text"
    }
  }

  /// The value that a text stands for, or nil.
  func value(from text: String) -> ParameterValue? {
    switch self {
    case .integer(let range):
      guard let value = Int(text), range.contains(value) else { return nil }
      return .integer(value)
    case .real(let range):
      guard let value = Double(text), range.contains(value) else { return nil }
      return .real(value)
    case .flag:
      guard let value = Bool(text) else { return nil }
      return .flag(value)
    case .choice(let names):
      return names.contains(text) ? .choice(text) : nil
    case .open(let names, let prefix):
      return names.contains(text) || text.hasPrefix(prefix) ? .text(text) : nil
    case .text:
      return .text(text)
    }
  }
}

/// A parameter of an objective.
public struct Parameter: Sendable, Hashable {
  /// The name, as `--set` and the manifest have it.
  public let name: String
  /// What it may be set to.
  public let kind: ParameterKind
  /// What it is when nobody sets it.
  public let defaultValue: ParameterValue
  /// One sentence of help.
  public let summary: String

  static func integer(
    _ name: String, _ value: Int, in range: ClosedRange<Int>, _ summary: String
  ) -> Parameter {
    Parameter(name: name, kind: .integer(range), defaultValue: .integer(value), summary: summary)
  }

  static func real(
    _ name: String, _ value: Double, in range: ClosedRange<Double>, _ summary: String
  ) -> Parameter {
    Parameter(name: name, kind: .real(range), defaultValue: .real(value), summary: summary)
  }

  static func flag(_ name: String, _ value: Bool, _ summary: String) -> Parameter {
    Parameter(name: name, kind: .flag, defaultValue: .flag(value), summary: summary)
  }

  /// A choice; the first name is the default.
  static func choice(_ name: String, _ names: [String], _ summary: String) -> Parameter {
    Parameter(
      name: name, kind: .choice(names), defaultValue: .choice(names.first ?? ""), summary: summary)
  }
}

extension Parameter {
  /// A choice that leaves room for others; the first name is the default.
  static func open(
    _ name: String, _ names: [String], prefix: String, _ summary: String
  ) -> Parameter {
    Parameter(
      name: name, kind: .open(names, prefix: prefix), defaultValue: .text(names.first ?? ""),
      summary: summary)
  }

  static func text(_ name: String, _ value: String, _ summary: String) -> Parameter {
    Parameter(name: name, kind: .text, defaultValue: .text(value), summary: summary)
  }

  /// The longest row that any length may be set to.
  static let lengthRange = 1...1_048_576

  /// `document_order`, the same in every objective.
  static let documentOrder = choice(
    "document_order", ["shuffled", "corpus"],
    "Order of the documents of a unit before framing: a permutation by seed, epoch and unit, or as"
      + " they come.")

  /// `pad`, the same in every objective.
  static let pad = choice(
    "pad", ["fixed", "none"],
    "Fill every row to its fixed length, or write lists of varying length without padding.")

  /// `layout`, the same in every objective of input and target.
  static let layout = choice(
    "layout", ["encoder-decoder", "decoder"],
    "Input and target in rows of their own, or one behind the other in one row with -100 on the"
      + " input and prefix_lengths.")

  /// `tail`, with the objective's own default.
  static func tail(_ names: [String]) -> Parameter {
    choice("tail", names, "What becomes of the last, short window of a unit.")
  }
}

/// A named set of values that reproduces a published recipe.
public struct Preset: Sendable, Hashable {
  /// The name, as `--set preset=NAME` has it.
  public let name: String
  /// What it reproduces, and which defects of the original it keeps.
  public let note: String
  /// Where it differs from the defaults: parameter names and values.
  public let settings: [Setting]
}

/// A parameter's name with the text of its value: one `--set name=value`.
public struct Setting: Sendable, Hashable {
  /// The parameter.
  public let name: String
  /// The value as text.
  public let value: String

  /// A setting.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}
