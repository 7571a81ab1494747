// SPDX-License-Identifier: Apache-2.0
public import ArrowIPC

/// Which columns a token shard has; decided by parameters alone.
public struct TokenColumns: Sendable, Hashable {
  /// Whether ids need 32 bits: the vocabulary has more than 65,536 entries.
  public var wideIDs: Bool
  /// Whether word starts are stored.
  public var wordStarts: Bool
  /// Whether sentence starts are stored.
  public var sentenceStarts: Bool
  /// Whether the text itself is stored.
  public var text: Bool
  /// Fields of the corpus that are carried along, as text.
  public var keptFields: [String]

  /// Names the columns to store.
  public init(
    vocabularySize: Int, wordStarts: Bool, sentenceStarts: Bool, text: Bool, keptFields: [String]
  ) {
    wideIDs = vocabularySize > 65_536
    self.wordStarts = wordStarts
    self.sentenceStarts = sentenceStarts
    self.text = text
    self.keptFields = keptFields
  }

  /// The schema of the shards.
  ///
  /// - Parameter metadata: what the next stage of a pipe must know, under `prep:` keys.
  public func schema(metadata: [ArrowKeyValue]) -> ArrowSchema {
    let list = { (type: ArrowType) in ArrowType.list(ArrowField("item", type)) }
    var fields = [
      ArrowField("id", .utf8),
      ArrowField("input_ids", list(wideIDs ? .uint32 : .uint16)),
    ]
    if wordStarts { fields.append(ArrowField("word_starts", list(.bool))) }
    if sentenceStarts { fields.append(ArrowField("sentence_starts", list(.uint32))) }
    fields.append(ArrowField("source", .uint16))
    fields.append(ArrowField("lang", .utf8))
    if text { fields.append(ArrowField("text", .utf8)) }
    fields += keptFields.map { ArrowField($0, .utf8) }
    return ArrowSchema(fields: fields, metadata: metadata)
  }

  /// Names that `--keep-field` may not take.
  public static let reservedNames: Set<String> = [
    "id", "input_ids", "word_starts", "sentence_starts", "source", "lang", "text",
  ]
}

/// A column of byte strings: all bytes in one stretch and where each string ends.
public struct TextColumn: Sendable {
  var bytes: [UInt8] = []
  var offsets: [Int32] = [0]

  /// An empty column.
  public init() {}

  /// Appends a string.
  public mutating func append(_ text: some Collection<UInt8>) {
    bytes.append(contentsOf: text)
    offsets.append(Int32(truncatingIfNeeded: bytes.count))
  }

  mutating func append(contentsOf other: TextColumn, rows: Range<Int>) {
    let start = Int(other.offsets[rows.lowerBound])
    let end = Int(other.offsets[rows.upperBound])
    let shift = Int32(truncatingIfNeeded: bytes.count - start)
    bytes.append(contentsOf: other.bytes[start..<end])
    offsets.append(
      contentsOf: other.offsets[(rows.lowerBound + 1)...rows.upperBound].lazy.map { $0 &+ shift })
  }

  var array: ArrowArray { .utf8(bytes: bytes, offsets: offsets) }
}

/// Tokenized documents by column, on their way into a shard.
public struct TokenRows: Sendable {
  /// Where the columns of each row end.
  private var tokenOffsets: [Int32] = [0]
  private var sentenceOffsets: [Int32] = [0]

  /// Ids of the documents.
  public var ids = TextColumn()
  /// Token ids of all documents, one after another.
  public var tokens: [UInt32] = []
  /// For each token whether a word starts with it.
  public var wordStarts: [Bool] = []
  /// For each document the tokens that start a sentence.
  public var sentenceStarts: [UInt32] = []
  /// For each document the index of its source.
  public var sources: [UInt16] = []
  /// For each document its language.
  public var languages = TextColumn()
  /// For each document its text.
  public var texts = TextColumn()
  /// Kept fields by column.
  public var kept: [TextColumn]

  /// No rows yet, and room for so many tokens at once.
  public init(keptFields: Int, expectedTokens: Int = 0) {
    kept = Array(repeating: TextColumn(), count: keptFields)
    tokens.reserveCapacity(expectedTokens)
  }

  /// The number of complete rows.
  public var count: Int { tokenOffsets.count - 1 }

  /// Completes a row: what was appended to the columns since the row before belongs to it.
  public mutating func endRow() {
    tokenOffsets.append(Int32(truncatingIfNeeded: tokens.count))
    sentenceOffsets.append(Int32(truncatingIfNeeded: sentenceStarts.count))
  }

  /// The number of tokens of a row.
  public func tokenCount(row: Int) -> Int { Int(tokenOffsets[row + 1] - tokenOffsets[row]) }

  /// Appends rows of another set with the same columns.
  public mutating func append(contentsOf other: TokenRows, rows: Range<Int>) {
    guard !rows.isEmpty else { return }
    let from = Int(other.tokenOffsets[rows.lowerBound])
    let to = Int(other.tokenOffsets[rows.upperBound])
    let shift = Int32(truncatingIfNeeded: tokens.count - from)
    tokens.append(contentsOf: other.tokens[from..<to])
    if !other.wordStarts.isEmpty { wordStarts.append(contentsOf: other.wordStarts[from..<to]) }
    let ends = (rows.lowerBound + 1)...rows.upperBound
    tokenOffsets.append(contentsOf: other.tokenOffsets[ends].lazy.map { $0 &+ shift })

    let firstSentence = Int(other.sentenceOffsets[rows.lowerBound])
    let lastSentence = Int(other.sentenceOffsets[rows.upperBound])
    let sentenceShift = Int32(truncatingIfNeeded: sentenceStarts.count - firstSentence)
    sentenceStarts.append(contentsOf: other.sentenceStarts[firstSentence..<lastSentence])
    sentenceOffsets.append(contentsOf: other.sentenceOffsets[ends].lazy.map { $0 &+ sentenceShift })

    ids.append(contentsOf: other.ids, rows: rows)
    sources.append(contentsOf: other.sources[rows])
    languages.append(contentsOf: other.languages, rows: rows)
    if !other.texts.bytes.isEmpty || other.texts.offsets.count > 1 {
      texts.append(contentsOf: other.texts, rows: rows)
    }
    for index in kept.indices { kept[index].append(contentsOf: other.kept[index], rows: rows) }
  }

  /// The rows as a batch of a token shard.
  public func recordBatch(_ columns: TokenColumns, schema: ArrowSchema) -> RecordBatch {
    let ids: ArrowArray =
      columns.wideIDs
      ? .uint32(tokens) : .uint16(tokens.map { UInt16(truncatingIfNeeded: $0) })
    var arrays: [ArrowArray] = [self.ids.array, .list(offsets: tokenOffsets, ids)]
    if columns.wordStarts { arrays.append(.list(offsets: tokenOffsets, .bool(wordStarts))) }
    if columns.sentenceStarts {
      arrays.append(.list(offsets: sentenceOffsets, .uint32(sentenceStarts)))
    }
    arrays += [.uint16(sources), languages.array]
    if columns.text { arrays.append(texts.array) }
    arrays += kept.map(\.array)
    return RecordBatch(schema: schema, rowCount: count, columns: arrays)
  }
}
