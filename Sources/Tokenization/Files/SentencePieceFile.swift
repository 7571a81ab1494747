// SPDX-License-Identifier: Apache-2.0

/// What a sentencepiece `.model` file says (`sentencepiece_model.proto`).
struct SentencePieceFile {
  /// The kinds of pieces.
  enum Kind: UInt64, Sendable {
    case normal = 1
    case unknown = 2
    case control = 3
    case userDefined = 4
    case unused = 5
    case byte = 6
  }

  struct Piece {
    var text: [UInt8] = []
    var score: Float = 0
    var kind = Kind.normal
  }

  /// The model types that are named in messages.
  private static let modelTypes: [UInt64: String] = [1: "unigram", 2: "bpe", 3: "word", 4: "char"]

  /// The limit of the library itself.
  static let longestPiece = 8000
  /// The most pieces, far above any vocabulary.
  static let pieceLimit = 1 << 24

  private(set) var pieces: [Piece] = []
  private(set) var isUnigram = true
  private(set) var fallsBackToBytes = false
  private(set) var bosPiece = "<s>"
  private(set) var eosPiece = "</s>"
  private(set) var padPiece = "<pad>"
  private(set) var characterMap: [UInt8] = []
  private(set) var addsDummyPrefix = true
  private(set) var removesExtraBlanks = true
  private(set) var escapesBlanks = true

  /// - Throws: `.malformed`, `.inconsistent`, or `.unsupported` with the name of the setting.
  init(_ bytes: [UInt8]) throws(TokenizerError) {
    var reader = ProtobufReader(bytes[...])
    while let field = try reader.next() {
      guard case .bytes(let content) = field.value else { continue }
      switch field.number {
      case 1:
        guard pieces.count < Self.pieceLimit else {
          throw TokenizerError(.memoryLimit, "more than \(Self.pieceLimit) pieces")
        }
        pieces.append(try Self.piece(content, pieces.count))
      case 2: try readTraining(content)
      case 3: try readNormalizer(content)
      case 5: try refuseRules(content)
      default: break
      }
    }
    guard !pieces.isEmpty else {
      throw TokenizerError(.malformed, "the file has no pieces; is this a sentencepiece model?")
    }
    try check()
  }

  private static func piece(
    _ content: ArraySlice<UInt8>, _ index: Int
  ) throws(TokenizerError) -> Piece {
    let location = "piece \(index)"
    var piece = Piece()
    var reader = ProtobufReader(content)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let text)): piece.text = Array(text)
      case (2, .float(let score)): piece.score = score
      case (3, .integer(let value)):
        guard let kind = Kind(rawValue: value) else {
          throw TokenizerError(.malformed, at: location, "there is no kind \(value) of piece")
        }
        piece.kind = kind
      default: break
      }
    }
    guard !piece.text.isEmpty, piece.text.count < longestPiece, !piece.text.contains(0) else {
      throw TokenizerError(
        .malformed, at: location,
        "a piece has 1 to \(longestPiece - 1) bytes and no zero byte")
    }
    let string = String(decoding: piece.text, as: UTF8.self)
    guard Array(string.utf8) == piece.text else {
      throw TokenizerError(.malformed, at: location, "the piece is not UTF-8")
    }
    guard piece.score.isFinite else {
      throw TokenizerError(.malformed, at: location, "the score is \(piece.score)")
    }
    return piece
  }

  private mutating func readTraining(_ content: ArraySlice<UInt8>) throws(TokenizerError) {
    var reader = ProtobufReader(content)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (3, .integer(let type)):
        guard type == 1 || type == 2 else {
          throw TokenizerError(
            .unsupported, at: "trainer_spec.model_type",
            "the model type \"\(Self.modelTypes[type] ?? String(type))\" is not supported; "
              + "unigram and bpe are")
        }
        isUnigram = type == 1
      case (24, .integer(let value)):
        guard value == 0 else {
          throw TokenizerError(
            .unsupported, at: "trainer_spec.treat_whitespace_as_suffix",
            "\"treat_whitespace_as_suffix\" is not supported; train with blanks before words")
        }
      case (35, .integer(let value)): fallsBackToBytes = value != 0
      case (46, .bytes(let name)): bosPiece = String(decoding: name, as: UTF8.self)
      case (47, .bytes(let name)): eosPiece = String(decoding: name, as: UTF8.self)
      case (48, .bytes(let name)): padPiece = String(decoding: name, as: UTF8.self)
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ content: ArraySlice<UInt8>) throws(TokenizerError) {
    var reader = ProtobufReader(content)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (2, .bytes(let blob)): characterMap = Array(blob)
      case (3, .integer(let value)): addsDummyPrefix = value != 0
      case (4, .integer(let value)): removesExtraBlanks = value != 0
      case (5, .integer(let value)): escapesBlanks = value != 0
      default: break
      }
    }
  }

  private func refuseRules(_ content: ArraySlice<UInt8>) throws(TokenizerError) {
    var reader = ProtobufReader(content)
    while let field = try reader.next() {
      if field.number == 2, case .bytes(let blob) = field.value, !blob.isEmpty {
        throw TokenizerError(
          .unsupported, at: "denormalizer_spec", "rules for decoded text are not supported")
      }
    }
  }

  private func check() throws(TokenizerError) {
    guard pieces.count(where: { $0.kind == .unknown }) == 1 else {
      throw TokenizerError(.inconsistent, "a model has one piece for unknown text")
    }
    let hasBytes = pieces.contains { $0.kind == .byte }
    guard fallsBackToBytes == hasBytes else {
      throw TokenizerError(
        .inconsistent, at: "trainer_spec.byte_fallback",
        hasBytes ? "there are byte pieces, though it is false" : "there are no byte pieces")
    }
    for (index, piece) in pieces.enumerated() {
      if piece.kind == .byte, ByteTokens.byte(piece.text) == nil {
        throw TokenizerError(.malformed, at: "piece \(index)", "it stands for no byte")
      }
      if piece.kind == .unused, !isUnigram {
        throw TokenizerError(
          .unsupported, at: "piece \(index)", "unused pieces of a bpe model are not supported")
      }
      if !isUnigram, piece.text.count > Self.longestMergedPiece {
        throw TokenizerError(
          .unsupported, at: "piece \(index)",
          "a piece of \(piece.text.count) bytes in a bpe model; the limit is "
            + "\(Self.longestMergedPiece)")
      }
    }
  }

  /// Every part of a piece is looked up, so that long ones are dear.
  static let longestMergedPiece = 1024
}
