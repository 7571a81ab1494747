// SPDX-License-Identifier: Apache-2.0

/// What a parser accepts beyond the grammar.
public struct JSONLimits: Sendable, Hashable {
  /// What is done about a key that stands twice in one object.
  public enum DuplicateKeys: Sendable, Hashable {
    /// It is refused.
    case refused
    /// The last one counts, as in most readers.
    case lastCounts
  }

  /// The most levels of nesting that any limit allows: the parser recurses once a level.
  public static let deepest = 2048

  /// The largest text in bytes.
  public var maximumBytes: Int
  /// The most levels of arrays and objects, at most `deepest`.
  public var maximumDepth: Int
  /// What is done about a key that stands twice.
  public var duplicateKeys: DuplicateKeys

  /// Makes limits.
  public init(
    maximumBytes: Int = 1 << 30, maximumDepth: Int = 512, duplicateKeys: DuplicateKeys = .refused
  ) {
    self.maximumBytes = maximumBytes
    self.maximumDepth = maximumDepth
    self.duplicateKeys = duplicateKeys
  }

  /// 1 GiB, 512 levels, no key twice.
  public static let standard = JSONLimits()
}
