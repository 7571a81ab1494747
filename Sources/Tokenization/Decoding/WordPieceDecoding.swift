// SPDX-License-Identifier: Apache-2.0

/// Joins the tokens of WordPiece: a blank before each that does not continue a word.
struct WordPieceDecoding: Sendable, Hashable {
  let prefix: [UInt8]
  /// Whether blanks before punctuation and in contractions are taken back.
  let cleansUp: Bool

  private static let replacements: [([UInt8], [UInt8])] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

  func apply(_ tokens: inout [[UInt8]]) {
    for index in tokens.indices {
      if index > 0 {
        if tokens[index].starts(with: prefix) {
          tokens[index].removeFirst(prefix.count)
        } else {
          tokens[index].insert(0x20, at: 0)
        }
      }
      if cleansUp {
        for (old, new) in Self.replacements {
          tokens[index] = ByteReplacement.replacing(old, with: new, in: tokens[index])
        }
      }
    }
  }
}

/// Replaces byte strings.
enum ByteReplacement {
  /// The bytes with every occurrence of `old`, from the left and not overlapping, made `new`.
  static func replacing(_ old: [UInt8], with new: [UInt8], in bytes: [UInt8]) -> [UInt8] {
    guard !old.isEmpty, bytes.count >= old.count else { return bytes }
    var result: [UInt8] = []
    var at = 0
    while at < bytes.count {
      if bytes[at] == old[0], bytes[at...].starts(with: old) {
        result += new
        at += old.count
      } else {
        result.append(bytes[at])
        at += 1
      }
    }
    return result
  }
}
