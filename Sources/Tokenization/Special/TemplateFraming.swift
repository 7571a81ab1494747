// SPDX-License-Identifier: Apache-2.0

/// What a tokenizer's own post-processor puts around one text or a pair of texts.
public struct TemplateFraming: Sendable, Hashable {
  /// A part of a template.
  public enum Part: Sendable, Hashable {
    /// The first text.
    case first(type: Int)
    /// The second text of a pair.
    case second(type: Int)
    /// A token.
    case token(UInt32, type: Int)
  }

  /// The template of one text.
  public let single: [Part]
  /// The template of a pair.
  public let pair: [Part]

  /// Nothing around the texts.
  public static let none = TemplateFraming(
    single: [.first(type: 0)], pair: [.first(type: 0), .second(type: 1)])

  /// Makes a framing.
  public init(single: [Part], pair: [Part]) {
    self.single = single
    self.pair = pair
  }

  /// Whether nothing is added.
  public var isEmpty: Bool { prefix.isEmpty && suffix.isEmpty && single.count == 1 }

  /// The tokens before one text.
  public var prefix: [UInt32] { Self.tokens(single.prefix { !$0.isFirst }) }
  /// The tokens after one text.
  public var suffix: [UInt32] { Self.tokens(single.drop { !$0.isFirst }) }
  /// The tokens before the first text of a pair.
  public var pairPrefix: [UInt32] { Self.tokens(pair.prefix { !$0.isFirst }) }
  /// The tokens between the texts of a pair.
  public var pairMiddle: [UInt32] {
    Self.tokens(pair.drop { !$0.isFirst }.prefix { !$0.isSecond })
  }
  /// The tokens after the second text of a pair.
  public var pairSuffix: [UInt32] { Self.tokens(pair.drop { !$0.isSecond }) }

  private static func tokens(_ parts: ArraySlice<Part>) -> [UInt32] {
    parts.compactMap { if case .token(let id, _) = $0 { id } else { nil } }
  }
}

extension TemplateFraming.Part {
  var isFirst: Bool { if case .first = self { true } else { false } }
  var isSecond: Bool { if case .second = self { true } else { false } }
}
