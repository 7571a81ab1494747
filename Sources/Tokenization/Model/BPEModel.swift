// SPDX-License-Identifier: Apache-2.0

/// What is written before a symbol that continues a word, and after one that ends it.
struct BPEAffixes: Sendable, Hashable {
  let prefix: String
  let suffix: String

  static let none = BPEAffixes(prefix: "", suffix: "")

  var isEmpty: Bool { prefix.isEmpty && suffix.isEmpty }
}

/// Byte-pair encoding over bytes: merges, and what they are made of. Immutable once made.
struct BPEModel: Sendable {
  /// Stands for a byte without a token.
  static let noToken = UInt32.max

  /// The id of each byte; where symbols have affixes, of each that begins a piece of several.
  let byteIDs: [UInt32]
  let affixes: BPEAffixes
  /// Where symbols have affixes: the ids of bytes inside a piece, at its end, and alone in it.
  let innerIDs: [UInt32]
  let lastIDs: [UInt32]
  let onlyIDs: [UInt32]
  /// Stands for bytes without a token.
  let unknown: UInt32?
  let table: PairTable
  /// The pairs in order of rank, for writing.
  let merges: [(left: UInt32, right: UInt32)]
  /// Whether a piece that is a token is that token, whatever merging would give.
  let wholePieces: ByteStringIndex?
  /// The bytes of text that each id covers. Exact for every id that merging can give, as each
  /// printable character is one byte.
  let lengths: [UInt32]
  /// Bytes without a token, if there are any.
  let missingByte: UInt8?
  /// The bytes of each token.
  let spelled: ByteStrings
  private let derived = DerivedParts()

  init(
    byteIDs: [UInt32], table: PairTable, merges: [(left: UInt32, right: UInt32)],
    wholePieces: ByteStringIndex?, vocabulary: Vocabulary, affixes: BPEAffixes = .none,
    unknown: UInt32? = nil
  ) {
    self.affixes = affixes
    self.unknown = unknown
    func ids(_ prefix: String, _ suffix: String) -> [UInt32] {
      if affixes.isEmpty { return [] }
      return (0..<256).map { byte in
        let symbol = PrintableBytes.string(of: [UInt8(byte)])
        return vocabulary.id(of: prefix + symbol + suffix) ?? unknown ?? Self.noToken
      }
    }
    innerIDs = ids(affixes.prefix, "")
    lastIDs = ids(affixes.prefix, affixes.suffix)
    onlyIDs = ids("", affixes.suffix)
    let missing = byteIDs.firstIndex(of: Self.noToken).map { UInt8($0) }
    let byteIDs = byteIDs.map { $0 == Self.noToken ? unknown ?? $0 : $0 }
    self.byteIDs = byteIDs
    self.table = table
    self.merges = merges
    self.wholePieces = wholePieces
    spelled = vocabulary.spelled
    lengths = (0..<vocabulary.size).map { UInt32(vocabulary.spelled.length($0)) }
    missingByte =
      missing ?? innerIDs.firstIndex(of: Self.noToken).map { UInt8($0) }
      ?? lastIDs.firstIndex(of: Self.noToken).map { UInt8($0) }
      ?? onlyIDs.firstIndex(of: Self.noToken).map { UInt8($0) }
  }

  /// What caches of this model begin with; made when it is first asked for.
  var seed: PieceSeed { derived.seed(of: self) }
  /// Where pieces can be merged in parts; made when it is first asked for.
  var cuts: CutTable { derived.cuts(of: self) }
  /// What two bytes become; made when it is first asked for.
  var bytePairs: BytePairs { derived.bytePairs(of: self) }

  /// Makes the model of a vocabulary whose tokens are written in printable characters.
  /// - Parameter wholeTokens: the tokens that a piece is as a whole, whatever merging would give.
  init(
    merges names: [(left: String, right: String)], vocabulary: Vocabulary,
    affixes: BPEAffixes = .none, unknown: UInt32? = nil, wholeTokens: [Int]
  ) throws(TokenizerError) {
    let table = PairTable(expecting: names.count)
    var merges: [(left: UInt32, right: UInt32)] = []
    merges.reserveCapacity(names.count)
    for (rank, pair) in names.enumerated() {
      func id(_ token: String) throws(TokenizerError) -> UInt32 {
        if let id = vocabulary.id(of: token) { return id }
        throw TokenizerError(
          .inconsistent, at: "model.merges[\(rank)]",
          "the token \"\(token)\" is not in the vocabulary")
      }
      let left = try id(pair.left)
      let right = try id(pair.right)
      let continuation = affixes.prefix.isEmpty ? pair.right : Self.trimmed(pair.right, affixes)
      let whole = try id(pair.left + continuation)
      guard table.insert(left, right, rank: UInt32(truncatingIfNeeded: rank), id: whole) else {
        throw TokenizerError(
          .inconsistent, at: "model.merges[\(rank)]",
          "\"\(pair.left)\" and \"\(pair.right)\" are merged by an earlier line already")
      }
      merges.append((left, right))
    }
    var pieces: ByteStringIndex?
    if !wholeTokens.isEmpty {
      var index = ByteStringIndex(expecting: wholeTokens.count)
      for id in wholeTokens {
        let written = String(decoding: vocabulary.written[id], as: UTF8.self)
        if let bytes = PrintableBytes.bytes(of: written), vocabulary.spelled[id] == bytes[...] {
          _ = index.insert(bytes, UInt32(id))
        }
      }
      pieces = index
    }
    self.init(
      byteIDs: Self.byteIDs(vocabulary), table: table, merges: merges, wholePieces: pieces,
      vocabulary: vocabulary, affixes: affixes, unknown: unknown)
  }

  /// A symbol that continues a word, without its prefix, which the library takes for granted.
  private static func trimmed(_ symbol: String, _ affixes: BPEAffixes) -> String {
    String(
      String.UnicodeScalarView(symbol.unicodeScalars.dropFirst(affixes.prefix.unicodeScalars.count))
    )
  }

  static func byteIDs(_ vocabulary: Vocabulary) -> [UInt32] {
    (0..<256).map { byte in
      vocabulary.id(of: PrintableBytes.string(of: [UInt8(byte)])) ?? noToken
    }
  }
}
