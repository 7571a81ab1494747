// SPDX-License-Identifier: Apache-2.0

/// A piece of 1 to 255 bytes as the cache knows it.
struct CachedPiece {
  private let base: UnsafePointer<UInt8>
  private let count: Int
  private let key: PreTokenCache.Key
  private let hash: UInt64

  /// The text must outlive the value.
  init(_ text: TextBytes, _ piece: Range<Int>) {
    base = text.base + piece.lowerBound
    count = piece.count
    if count <= PreTokenCache.longestInline {
      key = PreTokenCache.inlineKey(base, count, readable: text.count &- piece.lowerBound)
      hash = 0
    } else {
      key = PreTokenCache.Key(low: 0, high: 0)
      hash = ByteHash.hash(UnsafeRawPointer(base), count)
    }
  }

  fileprivate func entry(
    in cache: borrowing PreTokenCache
  ) -> UnsafeMutablePointer<PreTokenCache.Entry>? {
    count <= PreTokenCache.longestInline
      ? cache.find(key) : cache.findLong(base, count, hash: hash)
  }

  fileprivate func insert(
    _ ids: UnsafePointer<UInt32>, _ idCount: Int, in cache: inout PreTokenCache
  ) {
    if count <= PreTokenCache.longestInline {
      cache.insert(key, ids, idCount)
    } else {
      cache.insertLong(base, count, hash: hash, ids, idCount)
    }
  }
}

extension PreTokenCache {
  /// Copies the tokens of a piece; 0 if they are not known.
  func tokens(of piece: CachedPiece, to result: UnsafeMutablePointer<UInt32>) -> Int {
    piece.entry(in: self).map { copyTokens($0, to: result) } ?? 0
  }

  /// Remembers the tokens of a piece that is not there; at least one and up to 255.
  mutating func remember(_ piece: CachedPiece, _ ids: [UInt32]) {
    ids.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { piece.insert(base, buffer.count, in: &self) }
    }
  }
}
