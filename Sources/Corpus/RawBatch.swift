// SPDX-License-Identifier: Apache-2.0

/// Where one document lies in a batch, before anything in it is decoded.
public struct RawRecord: Sendable, Hashable {
  /// Where it was in the decoded file.
  public enum Place: Sendable, Hashable {
    /// The number of its first line, from 1.
    case line(Int)
    /// The offset of its first byte.
    case byte(Int)
    /// The number of its row, from 0.
    case row(Int)
  }

  /// Its bytes in the batch, without what ends it.
  public let range: Range<Int>
  /// Its number among the records of the file, from 0.
  public let ordinal: Int
  /// Where it was in the decoded file.
  public let place: Place
}

/// Some whole records of one file, all of one cut.
///
/// The batches of a cut, one after the other, hold every decoded byte of it: also what lies
/// between records.
public struct RawBatch: Sendable {
  /// The decoded bytes, in UTF-8 (or what the file claims is).
  public let bytes: [UInt8]
  /// The records in order.
  public var records: [RawRecord]
  /// The file that they came from.
  public let file: InputFile
  /// The cut that they belong to, from 0.
  public let cut: Int
  /// Whether a record is a JSON text rather than the text itself.
  public let isJSON: Bool
  /// Whether a record is a row of a table, put as JSON: there a text may be null.
  public let isTable: Bool
}

/// What a cut was read from.
public struct CutRange: Sendable, Hashable {
  /// The name of the file in which it begins.
  public let startFile: String
  /// The offset there, in decoded bytes.
  public let startOffset: Int
  /// The name of the file in which it ends.
  public let endFile: String
  /// The offset there after its last byte, in decoded bytes.
  public let endOffset: Int
  /// Its length in decoded bytes, all files together.
  public let byteCount: Int
  /// Makes a range from its facts.
  public init(
    startFile: String, startOffset: Int, endFile: String, endOffset: Int, byteCount: Int
  ) {
    self.startFile = startFile
    self.startOffset = startOffset
    self.endFile = endFile
    self.endOffset = endOffset
    self.byteCount = byteCount
  }
}
