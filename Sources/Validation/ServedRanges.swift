// SPDX-License-Identifier: Apache-2.0
internal import Objectives

/// The stretches of documents that the rows of one shard name as their source.
///
/// They are kept for one shard at a time, 40 bytes each.
struct ServedRanges: Sendable {
  /// A stretch of a document.
  struct Stretch: Sendable {
    /// The document: its index in the source, or the hash of its id.
    let document: UInt64
    let offset: UInt32
    let length: UInt32
    let row: UInt32
    /// Hashes of the stretch's tokens and of its first eight; 0 if they are not known.
    let content: UInt64
    let start: UInt64
  }

  /// Tokens that were served, once or more often.
  private(set) var tokens = 0
  /// Tokens that were served again.
  private(set) var again = 0
  /// Documents of one id whose texts differ.
  private(set) var ambiguous = 0
  private var first: (row: UInt32, earlier: UInt32, offset: Int, length: Int)?
  private var times = 0

  /// - Parameters:
  ///   - stretches: in the order of the rows.
  ///   - overlap: tokens that neighbours may share.
  ///   - isIdentified: whether `document` names a document for sure.
  ///   - copies: how often a document may be served.
  init(_ stretches: [Stretch], overlap: Int, isIdentified: Bool, copies: Int = 1) {
    let sorted = stretches.filter { $0.length > 0 }.sorted {
      ($0.document, $0.offset, $0.row) < ($1.document, $1.offset, $1.row)
    }
    var start = 0
    while start < sorted.count {
      var end = start
      while end < sorted.count, sorted[end].document == sorted[start].document { end += 1 }
      let document = sorted[start..<end]
      tokens += document.reduce(0) { $0 + Int($1.length) }
      if !isIdentified, Self.isAmbiguous(document) {
        ambiguous += 1
      } else if copies > 1 {
        scan(document, overlap, copies: copies)
      } else {
        scan(document, overlap)
      }
      start = end
    }
  }

  private mutating func scan(_ document: ArraySlice<Stretch>, _ overlap: Int) {
    var reach = 0
    var reacher: UInt32 = 0
    for stretch in document {
      let from = Int(stretch.offset)
      let to = from + Int(stretch.length)
      let shared = min(to, reach) - from
      if shared > 0 { again += shared }
      if shared > overlap {
        times += 1
        if first == nil || stretch.row < first?.row ?? 0 {
          first = (max(stretch.row, reacher), min(stretch.row, reacher), from, shared)
        }
      }
      if to > reach {
        reach = to
        reacher = stretch.row
      }
    }
  }

  /// As above, where each token may be served several times.
  private mutating func scan(_ document: ArraySlice<Stretch>, _ overlap: Int, copies: Int) {
    var open: [(end: Int, row: UInt32)] = []
    for stretch in document {
      let from = Int(stretch.offset)
      let to = from + Int(stretch.length)
      open.removeAll { $0.end <= from + overlap }
      if open.count >= copies, let other = open.min(by: { $0.row < $1.row }) {
        times += 1
        if first == nil || stretch.row < first?.row ?? 0 {
          first = (
            max(stretch.row, other.row), min(stretch.row, other.row), from,
            min(to, other.end) - from
          )
        }
      }
      open.append((to, stretch.row))
    }
  }

  /// Two documents have one id if what is there at one offset differs.
  private static func isAmbiguous(_ document: ArraySlice<Stretch>) -> Bool {
    zip(document, document.dropFirst()).contains { one, other in
      guard one.offset == other.offset, one.start != 0, other.start != 0 else { return false }
      return one.length == other.length
        ? one.content != other.content
        : min(one.length, other.length) >= 8 && one.start != other.start
    }
  }

  /// The finding, if something is served twice.
  func finding(file: String, copies: Int) -> Finding? {
    guard let first else { return nil }
    return Finding(
      rule: "served-twice", file: file, row: Int(first.row),
      "\(first.length) source tokens from offset \(first.offset) of a document were served in row "
        + "\(first.earlier) already\(copies > 1 ? ", and \(copies) times is the most" : "")",
      count: times)
  }
}
