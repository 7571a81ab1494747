// SPDX-License-Identifier: Apache-2.0

/// One of several equal shares of a piece of work, as `--part R/W` and `--task I/N` name it.
///
/// Items of the whole are dealt out to the parts in turn.
public struct Part: Sendable, Hashable, CustomStringConvertible {
  /// Which of them, from 0.
  public let index: Int
  /// How many there are.
  public let count: Int

  /// The whole, undivided.
  public static let whole = Part(index: 0, count: 1)

  private static let most = 1_000_000

  private init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// Reads `R/W`.
  ///
  /// - Parameter option: the option's name, for the error.
  /// - Throws: `DatasetError` with `.usage` for anything but two numbers with `R` below `W`.
  public init(_ text: String, option: String) throws(DatasetError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let isNumber = { (part: Substring) in !part.isEmpty && part.utf8.allSatisfy { 48...57 ~= $0 } }
    guard parts.count == 2, parts.allSatisfy(isNumber), let index = Int(parts[0]),
      let count = Int(parts[1]), (1...Self.most).contains(count)
    else {
      throw DatasetError(
        .usage, path: "",
        "\(option) takes one of 0/W to W-1/W with W up to 1,000,000, as in 0/4, not '\(text)'")
    }
    guard index < count else {
      throw DatasetError(
        .usage, path: "",
        "\(option) \(text): parts count from 0, so the last of \(count) is \(count - 1)/\(count)")
    }
    self.init(index: index, count: count)
  }

  /// `R/W`.
  public var description: String { "\(index)/\(count)" }

  /// Whether this part has the item at a position of the whole.
  public func has(_ position: Int) -> Bool { position % count == index }
}
