// SPDX-License-Identifier: Apache-2.0

/// What an encoder makes of one text. Reuse it: its memory is kept.
public struct Encoding: Sendable {
  /// What is wanted besides the ids.
  public struct Parts: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8
    /// Makes a set from bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// `ends`.
    public static let ends = Parts(rawValue: 1)
    /// `wordStarts`.
    public static let wordStarts = Parts(rawValue: 2)
    /// `originalEnds`.
    public static let originalEnds = Parts(rawValue: 4)
  }

  /// What is wanted besides the ids.
  public let parts: Parts
  /// The tokens.
  public internal(set) var ids: [UInt32] = []
  /// For each token, where it ends in `normalized`, in bytes.
  public internal(set) var ends: [Int] = []
  /// For each token, whether a word starts with it: the first of a pre-tokenizer's piece, each
  /// added token, and, in scripts without blanks between words (Han, Kana, Thai, Lao, Khmer,
  /// Myanmar), every token that starts a character.
  public internal(set) var wordStarts: [Bool] = []
  /// For each token, where it ends in the text that was given, in bytes. A boundary within a
  /// stretch that normalization changed maps to the end of that stretch.
  public internal(set) var originalEnds: [Int] = []
  /// The text after normalization.
  public internal(set) var normalized: [UInt8] = []

  /// Makes an empty encoding that will have these parts.
  public init(parts: Parts = [.ends, .wordStarts]) { self.parts = parts }

  /// Empties all parts and keeps their memory.
  public mutating func removeAll() {
    ids.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    wordStarts.removeAll(keepingCapacity: true)
    originalEnds.removeAll(keepingCapacity: true)
    normalized.removeAll(keepingCapacity: true)
  }
}
