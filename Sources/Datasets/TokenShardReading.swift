// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC
public import Objectives

/// Puts the batches of one token shard together to the unit that an objective frames.
public struct TokenUnitLoader {
  private let path: String
  private var documentIDs: [String] = []
  private var tokens: [TokenID] = []
  private var documentOffsets: [Int] = [0]
  private var wordStarts: [Bool]?
  private var sentences: [UInt32]?
  private var sentenceOffsets: [Int] = [0]

  /// A loader for batches of the given schema.
  ///
  /// - Parameter path: names the shard in errors.
  /// - Throws: `DatasetError` with `.notADataset` when the columns are not those of a token shard.
  public init(schema: ArrowSchema, path: String) throws(DatasetError) {
    self.path = path
    guard schema.index(of: "id") != nil, schema.index(of: "input_ids") != nil else {
      throw DatasetError(
        .notADataset, path: path, "no columns 'id' and 'input_ids': not a token shard")
    }
    if schema.index(of: "word_starts") != nil { wordStarts = [] }
    if schema.index(of: "sentence_starts") != nil { sentences = [] }
  }

  /// The columns that a loader looks at.
  public static let columnNames = ["id", "input_ids", "word_starts", "sentence_starts"]

  /// Appends the documents of a batch.
  ///
  /// - Throws: `DatasetError` with `.corrupt` when a column is not of its type.
  public mutating func append(_ batch: RecordBatch) throws(DatasetError) {
    do {
      guard let ids = batch["id"], let inputs = batch["input_ids"] else { throw fault("id") }
      for row in 0..<batch.rowCount {
        guard let id = ids.string(at: row) else { throw fault("id") }
        documentIDs.append(id)
      }
      let base = tokens.count
      tokens += try items(of: inputs, "input_ids").integers(as: TokenID.self)
      documentOffsets += inputs.listOffsets.dropFirst().map { $0 + base }
      if wordStarts != nil {
        guard let column = batch["word_starts"] else { throw fault("word_starts") }
        let starts = try items(of: column, "word_starts").bools
        wordStarts?.append(contentsOf: starts)
      }
      if sentences != nil {
        guard let column = batch["sentence_starts"] else { throw fault("sentence_starts") }
        let base = sentences?.count ?? 0
        let starts = try items(of: column, "sentence_starts").integers(as: UInt32.self)
        sentences?.append(contentsOf: starts)
        sentenceOffsets += column.listOffsets.dropFirst().map { $0 + base }
      }
    } catch let error as DatasetError {
      throw error
    } catch {
      throw DatasetError(.corrupt, path: path, "\(error)")
    }
  }

  /// The unit, once all batches are in.
  ///
  /// - Throws: `DatasetError` with `.corrupt` when the columns contradict each other.
  public consuming func unit(ordinal: UInt32) throws(DatasetError) -> TokenizedUnit {
    do {
      return try TokenizedUnit(
        ordinal: ordinal, documentIDs: documentIDs, tokens: tokens,
        documentOffsets: documentOffsets, wordStarts: wordStarts,
        sentenceStarts: sentences.map { .init(starts: $0, offsets: sentenceOffsets) })
    } catch {
      throw DatasetError(.corrupt, path: path, "\(error)")
    }
  }

  private func items(of column: ArrowArray, _ name: String) throws(DatasetError) -> ArrowArray {
    guard let child = column.children.first, column.nullCount == 0 else { throw fault(name) }
    return child
  }

  private func fault(_ name: String) -> DatasetError {
    DatasetError(.corrupt, path: path, "column '\(name)' is not of the type of a token shard")
  }
}
