// SPDX-License-Identifier: Apache-2.0

/// Whether what targets ask for stands in their own sources: the leak audit of `validate`, for rows
/// that were taken apart already.
public struct TargetLeak: Sendable {
  private var leak = LabelLeak()

  /// Nothing was seen yet.
  public init() {}

  /// Looks at a row.
  ///
  /// - Parameter isSpecial: whether an id ends a stretch of text.
  public mutating func add(source: [Int64], target: [Int64], isSpecial: (Int64) -> Bool) {
    leak.add(
      input: source.split(whereSeparator: isSpecial),
      labels: target.split(whereSeparator: isSpecial))
  }

  /// The finding, if targets leak.
  public var finding: Finding? { leak.finding }
}
