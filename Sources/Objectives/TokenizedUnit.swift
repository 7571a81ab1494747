// SPDX-License-Identifier: Apache-2.0

/// The tokenized documents of one unit, in corpus order.
public struct TokenizedUnit: Sendable {
  /// The ordinal of the unit, as it stands in the counter of the random streams.
  public let ordinal: UInt32
  /// The id of each document.
  public let documentIDs: [String]
  /// The raw ids of all documents, end to end.
  public let tokens: [TokenID]
  /// Where each document starts in ``tokens``, and at the end their number.
  public let documentOffsets: [Int]
  /// For each token whether a word starts there; nil if the dataset was made without.
  public let wordStarts: [Bool]?
  /// The sentence starts of all documents; nil if the dataset was made without.
  public let sentenceStarts: SentenceStarts?

  /// How many tokens each document had before it was rewritten; nil if none was.
  private(set) var sourceLengths: [Int]?
  /// The stretch of the unit as it was read that each document is; nil if documents were not
  /// selected.
  private(set) var selection: [Stretch]?
  /// Whether the documents stand in the order in which they are framed.
  public private(set) var isInFinalOrder = false

  /// Sentence starts: token positions counted from the start of the document.
  public struct SentenceStarts: Sendable {
    /// The starts of all documents, end to end; ascending in each document, 0 first.
    public let starts: [UInt32]
    /// Where the starts of each document begin in ``starts``, and at the end their number.
    public let offsets: [Int]

    /// Sentence starts, flat.
    public init(starts: [UInt32], offsets: [Int]) {
      self.starts = starts
      self.offsets = offsets
    }
  }

  /// How many documents there are.
  public var documentCount: Int { documentIDs.count }

  /// A unit whose parts agree with each other.
  ///
  /// - Throws: ``ObjectiveError`` (`inconsistentInput`, `tooLarge`) if offsets do not ascend or do
  ///   not fit their arrays, or a sentence starts outside its document.
  public init(
    ordinal: UInt32, documentIDs: [String], tokens: [TokenID], documentOffsets: [Int],
    wordStarts: [Bool]? = nil, sentenceStarts: SentenceStarts? = nil
  ) throws(ObjectiveError) {
    try Self.check(
      offsets: documentOffsets, documents: documentIDs.count, end: tokens.count,
      field: "documentOffsets")
    guard tokens.count <= Int(UInt32.max) / 2 else {
      throw ObjectiveError(
        .tooLarge, subject: "tokens", "unit \(ordinal) has \(tokens.count) tokens; at most 2^31")
    }
    if let wordStarts, wordStarts.count != tokens.count {
      throw ObjectiveError(
        .inconsistentInput, subject: "word_starts",
        "unit \(ordinal): \(wordStarts.count) word starts for \(tokens.count) tokens")
    }
    if let sentenceStarts {
      try Self.check(
        offsets: sentenceStarts.offsets, documents: documentIDs.count,
        end: sentenceStarts.starts.count, field: "sentence_starts")
      for document in 0..<documentIDs.count {
        let length = documentOffsets[document + 1] - documentOffsets[document]
        let range = sentenceStarts.offsets[document]..<sentenceStarts.offsets[document + 1]
        var next = 0
        for start in sentenceStarts.starts[range] {
          guard Int(start) >= next, Int(start) < max(length, 1), next > 0 || start == 0 else {
            throw ObjectiveError(
              .inconsistentInput, subject: "sentence_starts",
              "document \(documentIDs[document]): sentence start \(start) is out of order or"
                + " outside its \(length) tokens")
          }
          next = Int(start) + 1
        }
        guard length == 0 || !range.isEmpty else {
          throw ObjectiveError(
            .inconsistentInput, subject: "sentence_starts",
            "document \(documentIDs[document]) has no sentence start")
        }
      }
    }
    self.ordinal = ordinal
    self.documentIDs = documentIDs
    self.tokens = tokens
    self.documentOffsets = documentOffsets
    self.wordStarts = wordStarts
    self.sentenceStarts = sentenceStarts
  }

  /// The unit with its documents rewritten, without word and sentence starts.
  ///
  /// - Throws: ``ObjectiveError`` as the initializer.
  func rewritten(
    tokens: [TokenID], documentOffsets: [Int]
  ) throws(ObjectiveError) -> TokenizedUnit {
    var unit = try TokenizedUnit(
      ordinal: ordinal, documentIDs: documentIDs, tokens: tokens, documentOffsets: documentOffsets)
    unit.selection = selection
    unit.isInFinalOrder = isInFinalOrder
    unit.sourceLengths = (0..<documentCount).map {
      self.documentOffsets[$0 + 1] - self.documentOffsets[$0]
    }
    return unit
  }

  /// Where the tokens of pieces come from in the source: of rewritten documents the whole.
  ///
  /// Documents are those of this unit; offsets count from where the document as it was read begins.
  public func sources(of pieces: [Piece]) -> [Piece] {
    guard sourceLengths != nil || selection != nil else { return pieces }
    return pieces.map { piece in
      let shift = selection.map { Int($0[piece.document].offset) } ?? 0
      guard let sourceLengths else {
        return Piece(
          document: piece.document, offset: piece.offset + shift, length: piece.length,
          start: piece.start)
      }
      return Piece(
        document: piece.document, offset: shift, length: sourceLengths[piece.document],
        start: piece.start)
    }
  }

  /// The unit made of some stretches of its documents, each a document of its own: repeated as
  /// often as it is listed.
  ///
  /// - Parameters:
  ///   - stretches: inside their documents, and not empty.
  ///   - isInFinalOrder: Whether framing keeps this order, rather than permuting it.
  /// - Throws: ``ObjectiveError`` as the initializer, `inconsistentInput` if a stretch is not inside
  ///   its document.
  public func selecting(
    _ stretches: [Stretch], isInFinalOrder: Bool
  ) throws(ObjectiveError) -> TokenizedUnit {
    var ids: [String] = []
    var tokens: [TokenID] = []
    var offsets = [0]
    var words: [Bool]? = wordStarts == nil ? nil : []
    var starts: [UInt32] = []
    var startOffsets = [0]
    for stretch in stretches {
      let document = Int(stretch.document)
      guard document < documentCount, stretch.length > 0,
        documentOffsets[document] + Int(stretch.offset) + Int(stretch.length)
          <= documentOffsets[document + 1]
      else {
        throw ObjectiveError(
          .inconsistentInput, subject: "documents",
          "unit \(ordinal) has no tokens \(stretch.offset)..<\(stretch.offset + stretch.length) of"
            + " document \(document)")
      }
      let first = documentOffsets[document] + Int(stretch.offset)
      let range = first..<(first + Int(stretch.length))
      ids.append(documentIDs[document])
      tokens += self.tokens[range]
      offsets.append(tokens.count)
      if let wordStarts { words?.append(contentsOf: wordStarts[range]) }
      guard let sentences = sentenceStarts else { continue }
      starts.append(0)
      let own = sentences.starts[sentences.offsets[document]..<sentences.offsets[document + 1]]
      for start in own
      where start > stretch.offset && start - stretch.offset < stretch.length {
        starts.append(start - stretch.offset)
      }
      startOffsets.append(starts.count)
    }
    var unit = try TokenizedUnit(
      ordinal: ordinal, documentIDs: ids, tokens: tokens, documentOffsets: offsets,
      wordStarts: words,
      sentenceStarts: sentenceStarts == nil ? nil : .init(starts: starts, offsets: startOffsets))
    unit.selection = stretches.map { stretch in
      guard let earlier = selection?[Int(stretch.document)] else { return stretch }
      return Stretch(
        document: earlier.document, offset: Int(earlier.offset + stretch.offset),
        length: Int(stretch.length))
    }
    unit.isInFinalOrder = isInFinalOrder
    return unit
  }

  /// A stretch of this unit in the unit as it was read.
  func source(of stretch: Stretch) -> Stretch {
    guard let selected = selection?[Int(stretch.document)] else { return stretch }
    return Stretch(
      document: selected.document, offset: Int(selected.offset + stretch.offset),
      length: Int(stretch.length))
  }

  private static func check(
    offsets: [Int], documents: Int, end: Int, field: String
  ) throws(ObjectiveError) {
    var previous = 0
    for offset in offsets {
      guard offset >= previous else {
        throw ObjectiveError(.inconsistentInput, subject: field, "\(field) do not ascend")
      }
      previous = offset
    }
    guard offsets.count == documents + 1, offsets.first == 0, previous == end else {
      throw ObjectiveError(
        .inconsistentInput, subject: field,
        "\(field) do not span \(end) items of \(documents) documents")
    }
  }
}
