// SPDX-License-Identifier: Apache-2.0

/// How zstd looks for matches in a buffer; zero stands for what the level and the size suggest.
struct ZstdSearch: Hashable {
  /// What a buffer holds, as far as it matters here.
  enum Content {
    case bits
    /// Numbers of so many bytes each; `inShortRows` if they are the items of lists that have fewer
    /// than 256 on average.
    case numbers(width: Int, inShortRows: Bool = false)
    case text
  }

  let level: Int
  /// The shortest match in bytes.
  var minimumMatch = 0
  /// Sizes of the tables of long and short matches, as logarithms.
  var longTable = 0
  var shortTable = 0

  /// The search for a buffer of so many bytes, for those who ask for a level.
  ///
  /// Levels 3 and 4 are what token shards are made for, and are adapted to them:
  /// - Two ids of 16 bits are four bytes, where zstd's own search begins at five: files get 3 % smaller,
  ///   as they do with ids of 32 bits in large buffers. Small ones of 32 bits do not, and five is faster.
  /// - Tables for small buffers leave room in the cache of a core; large buffers have matches further
  ///   back, which are found in larger tables alone.
  /// - Offsets of short rows take some percent of what their ids take. A stronger search, at half the
  ///   speed, saves as much.
  /// - Bits have few matches: level 1 is three times as fast, and as small within some percent.
  init(level: Int, bytes: Int, content: Content) {
    let isLarge = bytes > 512 << 10
    switch content {
    case _ where !(3...4).contains(level): self.level = level
    case .bits: self.level = 1
    case .text: self.level = level
    case .numbers(_, inShortRows: true) where isLarge: self.level = level + 3
    case .numbers(let width, _):
      self.level = level
      minimumMatch = width > 2 && !isLarge ? 5 : 4
      longTable = isLarge ? 18 : 16
      shortTable = isLarge ? 15 : 16
    }
  }
}
