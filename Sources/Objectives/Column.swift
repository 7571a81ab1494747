// SPDX-License-Identifier: Apache-2.0

/// One column of an example, known from the parameters alone.
public struct Column: Sendable, Hashable {
  /// What a value is. The caller writes token ids as uint16 or uint32, by the vocabulary's size.
  public enum Element: String, Sendable, Hashable {
    /// A token id.
    case tokenID
    /// A byte: flags, masks, labels of few classes.
    case uint8
    /// A signed number: labels with −100, positions.
    case int32
    /// A real number.
    case float32
  }

  /// How many values a row has.
  public enum Shape: Sendable, Hashable {
    /// One.
    case scalar
    /// Always as many.
    case fixed(Int)
    /// As many as it needs.
    case list
  }

  /// The name, in the terms of `transformers`.
  public let name: String
  /// The type of a value.
  public let element: Element
  /// The number of values in a row.
  public let shape: Shape
  /// Whether the model takes the column as an argument of this name.
  public let isModelInput: Bool
  /// What the values mean, and what padding looks like.
  public let meaning: String

  /// A column.
  public init(
    _ name: String, _ element: Element, _ shape: Shape, isModelInput: Bool = true, meaning: String
  ) {
    self.name = name
    self.element = element
    self.shape = shape
    self.isModelInput = isModelInput
    self.meaning = meaning
  }
}

extension Column {
  /// The value of a label without loss.
  public static let ignoredLabel: Int32 = -100

  /// The shape of a padded or unpadded row.
  static func shape(length: Int, padding: Padding) -> Shape {
    padding == .fixed ? .fixed(length) : .list
  }

  static func inputIDs(_ shape: Shape) -> Column {
    Column(
      "input_ids", .tokenID, shape, meaning: "What the model reads; filled with the pad token.")
  }

  static func attentionMask(_ shape: Shape) -> Column {
    Column("attention_mask", .uint8, shape, meaning: "1 at tokens, 0 at padding.")
  }
}

/// The values of `pad`: whether rows are filled up.
enum Padding: String {
  case fixed
  case none
}

/// The values of `tail`: what becomes of the last, short window of a unit.
enum Tail: String {
  case pad
  case drop
}
