// SPDX-License-Identifier: Apache-2.0
internal import Digests
internal import JSON

/// Which share of the documents goes to which split.
///
/// A document's split is decided by a hash of its text as the tokenizer's model sees it
/// (SHA-256, first 64 bits): equal documents stay together, wherever and in whatever order they
/// occur, and a document keeps its split when others are added.
public struct SplitShares: Sendable, Hashable {
  /// The splits in byte order of their names: the order in which they were given decides nothing.
  public let names: [String]
  /// Their shares, which add up to one.
  public let shares: [Double]
  /// For each split but the last, the hash from which on documents belong to a later one.
  private let bounds: [UInt64]

  /// Everything in `train`.
  public static let trainOnly = SplitShares(names: ["train"], shares: [1], bounds: [])

  private init(names: [String], shares: [Double], bounds: [UInt64]) {
    self.names = names
    self.shares = shares
    self.bounds = bounds
  }

  /// Reads `train=0.99,validation=0.01`.
  ///
  /// - Throws: `PipelineError` with `.usage` for anything that is not one or more distinct names
  ///   with positive shares that add up to one.
  public init(_ text: String) throws(PipelineError) {
    var splits: [(name: String, share: Double)] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "=", omittingEmptySubsequences: false)
      guard pieces.count == 2, let share = Double(pieces[1]), share > 0, share <= 1,
        !pieces[0].isEmpty, pieces[0].utf8.allSatisfy(Self.isNameByte)
      else {
        throw PipelineError(
          .usage, "--split: '\(part)' is not NAME=SHARE with a share above 0, as in train=0.99")
      }
      splits.append((String(pieces[0]), share))
    }
    splits.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let names = splits.map(\.name)
    let shares = splits.map(\.share)
    guard !names.contains("all") else {
      throw PipelineError(
        .usage, "--split: 'all' stands for all splits together; take another name")
    }
    guard Set(names).count == names.count else {
      throw PipelineError(.usage, "--split: a split is named twice in '\(text)'")
    }
    let sum = shares.reduce(0, +)
    guard abs(sum - 1) < 1e-9 else {
      throw PipelineError(.usage, "--split: the shares in '\(text)' add up to \(sum), not to 1")
    }
    var bounds: [UInt64] = []
    var cumulative = 0.0
    for share in shares.dropLast() {
      cumulative += share
      // 2^53 steps are exact in a double, whatever the shares.
      bounds.append(UInt64(min(cumulative * 9_007_199_254_740_992, 9_007_199_254_740_991)) << 11)
    }
    self.init(names: names, shares: shares, bounds: bounds)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// The index of the split that a text belongs to.
  func index(of text: [UInt8]) -> Int {
    guard !bounds.isEmpty else { return 0 }
    let hash = SHA256.digest(of: text).leadingWord
    return bounds.firstIndex { hash < $0 } ?? bounds.count
  }

  var json: JSONValue {
    .object(
      zip(names, shares).reduce(into: [:]) { $0[$1.0] = .double($1.1) })
  }
}
