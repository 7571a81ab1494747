// SPDX-License-Identifier: Apache-2.0

/// A piece of 1 to 255 bytes as the cache knows it.
struct CachedPiece {
  fileprivate let base: UnsafePointer<UInt8>
  fileprivate let count: Int
  fileprivate let key: PieceCache.Key

  /// The text must outlive the value.
  init(_ text: TextBytes, _ piece: Range<Int>) {
    base = text.base + piece.lowerBound
    count = piece.count
    key = PieceCache.Key(base, count, readable: text.count &- piece.lowerBound)
  }
}

extension PieceCache {
  /// Copies the tokens of a piece; 0 if they are not known. There must be room for `longestPiece`.
  mutating func tokens(of piece: CachedPiece, to result: UnsafeMutablePointer<UInt32>) -> Int {
    note(lookups: 1)
    return tokens(of: piece.key, piece.base, piece.count, to: result)
  }

  /// Remembers the tokens of a piece that is not there; at least one and up to `longestPiece`.
  mutating func remember(_ piece: CachedPiece, _ ids: [UInt32]) {
    ids.withUnsafeBufferPointer { buffer in
      guard let first = buffer.baseAddress else { return }
      insert(piece.key, piece.base, piece.count, first, buffer.count)
    }
  }
}
