// SPDX-License-Identifier: Apache-2.0

/// Byte-pair encoding over bytes: merges, and what they are made of. Immutable once made.
struct BPEModel: Sendable {
  /// Stands for a byte without a token.
  static let noToken = UInt32.max

  /// The id of each byte.
  let byteIDs: [UInt32]
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

  init(
    byteIDs: [UInt32], table: PairTable, merges: [(left: UInt32, right: UInt32)],
    wholePieces: ByteStringIndex?, vocabulary: Vocabulary
  ) {
    self.byteIDs = byteIDs
    self.table = table
    self.merges = merges
    self.wholePieces = wholePieces
    lengths = (0..<vocabulary.size).map { UInt32(vocabulary.spelled.length($0)) }
    missingByte = byteIDs.firstIndex(of: Self.noToken).map { UInt8($0) }
  }

  /// Makes the model of a vocabulary whose tokens are written in printable characters.
  init(
    merges names: [(left: String, right: String)], vocabulary: Vocabulary, ignoresMerges: Bool
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
      let whole = try id(pair.left + pair.right)
      guard table.insert(left, right, rank: UInt32(truncatingIfNeeded: rank), id: whole) else {
        throw TokenizerError(
          .inconsistent, at: "model.merges[\(rank)]",
          "\"\(pair.left)\" and \"\(pair.right)\" are merged by an earlier line already")
      }
      merges.append((left, right))
    }
    var pieces: ByteStringIndex?
    if ignoresMerges {
      var index = ByteStringIndex(expecting: vocabulary.size)
      for id in 0..<vocabulary.size where vocabulary.isPresent[id] {
        let written = String(decoding: vocabulary.written[id], as: UTF8.self)
        if let bytes = PrintableBytes.bytes(of: written), vocabulary.spelled[id] == bytes[...] {
          _ = index.insert(bytes, UInt32(id))
        }
      }
      pieces = index
    }
    self.init(
      byteIDs: Self.byteIDs(vocabulary), table: table, merges: merges, wholePieces: pieces,
      vocabulary: vocabulary)
  }

  static func byteIDs(_ vocabulary: Vocabulary) -> [UInt32] {
    (0..<256).map { byte in
      vocabulary.id(of: PrintableBytes.string(of: [UInt8(byte)])) ?? noToken
    }
  }
}
