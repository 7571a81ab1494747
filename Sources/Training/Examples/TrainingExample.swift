// SPDX-License-Identifier: Apache-2.0

/// One piece of a row, short enough for the model, with the ids of the dataset.
public struct TrainingExample: Sendable, Hashable {
  /// Who may look at whom.
  public enum Attention: Sendable, Hashable {
    /// Everybody at everybody.
    case all
    /// Everybody at themselves and what stands before.
    case causal
    /// As `causal`, but the first so many see each other both ways.
    case prefix(Int)
    /// Only inside the segment that each position belongs to, both ways or backwards.
    case segments([Int32], isCausal: Bool)
    /// By the order of factorization: first the text, each position with its rank and whether it is
    /// predicted, then one query for each of the listed positions.
    case ranks([Int32], isTarget: [Bool], queries: [Int])
    /// First the history of another text, then the row's own positions, each with its segment: they
    /// see themselves and, in the place of what stands before them in their segment, that history.
    case borrowed([Int32], history: Int)
  }

  /// Where the parts of a rearranged text stand, as positions of ``inputs``.
  public struct Parts: Sendable, Hashable {
    /// The text behind the gap.
    public var suffix: Range<Int>
    /// What is to be filled in.
    public var middle: Range<Int>
  }

  /// What the model reads (the encoder, if there are two stacks).
  public var inputs: [Int32]
  /// What each output is to predict, −100 for nothing: already where the output stands.
  public var labels: [Int32]
  /// How far behind its output a predicted token stands: 1 where outputs predict the next token.
  public var labelShift = 0
  /// Who may look at whom.
  public var attention: Attention
  /// Positions from 0; nil for 0, 1, …
  public var positions: [Int32]?
  /// The segment of each position, 0 or 1; nil for 0.
  public var tokenTypes: [Int32]?
  /// What the decoder reads: the labels shifted right.
  public var decoderInputs: [Int32]?
  /// What the segments are to each other.
  public var pairLabel: Int32?
  /// How many of the first positions are source rather than target, in a decoder.
  public var sourceLength = 0
  /// Where the parts of a rearranged text stand.
  public var parts: Parts?
  /// Whether it begins where the row does.
  public var beginsRow = true
  /// Whether it ends where the row does.
  public var endsRow = true
  /// The number of the task.
  public var task = 0
  /// The document that the row begins with, as a hash, and the place in it.
  public var document = Origin()

  /// Where a row comes from.
  public struct Origin: Sendable, Hashable {
    /// A hash of the document's id.
    public var id: UInt64
    /// The first token.
    public var offset: Int

    /// A place.
    public init(id: UInt64 = 0, offset: Int = 0) {
      self.id = id
      self.offset = offset
    }
  }

  /// A piece of a row.
  public init(
    inputs: [Int32], labels: [Int32], attention: Attention, decoderInputs: [Int32]? = nil
  ) {
    self.inputs = inputs
    self.labels = labels
    self.attention = attention
    self.decoderInputs = decoderInputs
  }

  /// A label without loss.
  public static let ignored: Int32 = -100

  /// Positions with a label.
  public var labelCount: Int { labels.count { $0 != Self.ignored } }

  /// Tokens that a model works on.
  public var tokenCount: Int { inputs.count + (decoderInputs?.count ?? 0) }
}
