// SPDX-License-Identifier: Apache-2.0

/// What a model is fed: dense arrays, row-major, every row of the same length.
public struct TrainingBatch: Sendable {
  /// What the decoder of an encoder–decoder is fed.
  public struct Decoder: Sendable {
    /// Positions in a row.
    public var length: Int
    /// rows × `length`: the labels shifted right, the start token first.
    public var inputIDs: [Int32]
    /// rows × `length` × `length`: 1 where the query (first) may attend to the key (second).
    public var visible: [UInt8]
    /// rows × `length` × length of the encoder: 1 where a position may attend to the input.
    public var cross: [UInt8]

    /// The inputs of a decoder.
    public init(length: Int, inputIDs: [Int32], visible: [UInt8], cross: [UInt8]) {
      self.length = length
      self.inputIDs = inputIDs
      self.visible = visible
      self.cross = cross
    }
  }

  /// Rows.
  public var rows: Int
  /// Positions in a row (of the encoder, if there are two stacks).
  public var length: Int
  /// rows × `length`
  public var inputIDs: [Int32]
  /// rows × `length`; nil for 0, 1, … in every row.
  public var positionIDs: [Int32]?
  /// rows × `length`; nil for 0 everywhere.
  public var tokenTypeIDs: [Int32]?
  /// rows × `length` × `length`: 1 where the query (first) may attend to the key (second). Padding,
  /// causality, prefixes, segments of packed rows and orders of factorization are all said here.
  public var visible: [UInt8]
  /// rows × ``labelLength``: the id that the output *at this position* is to predict, −100 for none
  /// (for decoders therefore shifted already); for ELECTRA 0 original, 1 replaced, −100 none.
  public var labels: [Int32]
  /// What the decoder of an encoder–decoder is fed.
  public var decoder: Decoder?
  /// One label a row for the head over pairs of segments (0 or 1; −100 for none).
  public var pairLabels: [Int32]?

  /// A batch.
  public init(
    rows: Int, length: Int, inputIDs: [Int32], positionIDs: [Int32]? = nil,
    tokenTypeIDs: [Int32]? = nil, visible: [UInt8], labels: [Int32], decoder: Decoder? = nil,
    pairLabels: [Int32]? = nil
  ) {
    self.rows = rows
    self.length = length
    self.inputIDs = inputIDs
    self.positionIDs = positionIDs
    self.tokenTypeIDs = tokenTypeIDs
    self.visible = visible
    self.labels = labels
    self.decoder = decoder
    self.pairLabels = pairLabels
  }

  /// Positions that have a label: the decoder's where there is one.
  public var labelLength: Int { decoder?.length ?? length }
}
