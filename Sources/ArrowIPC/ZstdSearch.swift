// SPDX-License-Identifier: Apache-2.0

/// How zstd looks for matches in a buffer; zero stands for what the level and the size suggest.
struct ZstdSearch: Hashable {
  /// What a buffer holds, as far as it matters here.
  enum Content {
    case bits
    /// The items of lists that have fewer than 256 on average.
    case shortRows
    case other
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
  /// - Two ids are four bytes; zstd's own search begins at five there, which makes files 3 % larger.
  /// - Tables for small buffers leave room in the cache of a core; large buffers have matches further
  ///   back, which are found in larger tables alone.
  /// - Offsets of short rows take some percent of what their ids take. A stronger search, at half the
  ///   speed, saves as much.
  /// - Bits have few matches: level 1 is three times as fast, and as small within some percent.
  init(level: Int, bytes: Int, content: Content) {
    guard (3...4).contains(level) else {
      self.level = level
      return
    }
    let isLarge = bytes > 512 << 10
    switch content {
    case .bits: self.level = 1
    case .shortRows where isLarge: self.level = level + 3
    case .shortRows, .other:
      self.level = level
      minimumMatch = 4
      longTable = isLarge ? 18 : 16
      shortTable = isLarge ? 15 : 16
    }
  }
}
