// SPDX-License-Identifier: Apache-2.0

/// How a dataset of an objective is examined beyond single rows.
///
/// What ``Objective/faults(in:)`` states holds for every row. What stands here holds for many rows
/// together, or needs more than the row: shares, shapes, the source, the surface of pairs.
public struct Examination: Sendable, Hashable {
  /// How often a source token is served in an epoch.
  public enum Serving: Sendable, Hashable {
    /// Once, unless a framing drops and counts it.
    case once
    /// Once, but neighbouring stretches of a document may share so many tokens.
    case overlapping(Int)
    /// As often as chance has it.
    case repeatedly
  }

  /// What is counted over the rows, in the order of ``Observations``.
  public var statistics: [ExpectedStatistic] = []
  /// How often each source token is served.
  public var serving = Serving.once
  /// Whether what the labels say is missing from the input, so that finding it there is a leak.
  public var hidesLabels = false
  /// Whether a model predicts each label from the token before it, so that none at the start of a
  /// row has a loss.
  public var shiftsLabels = false
  /// The column of 0 and 1 that says what the two segments of a row are to each other.
  public var pairLabel: String?
  /// Whether the label 1 says that the segments are swapped, rather than that they do not belong
  /// together.
  public var swapsSegments = false
  /// Why a published recipe lets the label of a pair be told from its surface, if it does.
  public var knownShortcut: String?

  /// Nothing to examine.
  public init() {}
}

/// A share or a distribution that many rows follow together.
public struct ExpectedStatistic: Sendable, Hashable {
  /// What is counted.
  public enum Kind: Sendable, Hashable {
    /// How many draws were hits.
    case rate
    /// Into which of so many bins the draws fell.
    case shape(bins: Int)
  }

  /// Which draws are independent of each other.
  public enum Unit: String, Sendable, Hashable {
    /// All of them.
    case draw
    /// Those of different rows; the draws of one row hang together.
    case row
  }

  /// A stable name; the rule that a finding carries.
  public let name: String
  /// What the number is, for people.
  public let meaning: String
  /// What is counted.
  public let kind: Kind
  /// Which draws are independent.
  public let unit: Unit
  /// The share of the expected hits that is seen for certain; others may be hidden.
  public var leastShare = 1.0
  /// How far the rate may lie above what is expected for a reason that is no fault.
  public var headroom = 0.0
  /// How far the rate may lie below what is expected for a reason that is no fault.
  public var legroom = 0.0
  /// A count of the manifest: so many draws were made misses for a known reason.
  public var knownMisses: String?

  /// A count of the manifest: so many draws were hits.
  public var knownHits: String?

  /// How far a rate may be off, and the total variation a shape may have, before it is a fault.
  public var tolerance: Double { (kind == .rate ? 0.002 : 0.01) + slack }
  /// How much more a shape may vary for a reason that is no fault.
  public var slack = 0.0

  init(_ name: String, _ meaning: String, _ kind: Kind, by unit: Unit) {
    self.name = name
    self.meaning = meaning
    self.kind = kind
    self.unit = unit
  }
}

extension Objective {
  /// Nothing but the rules of single rows.
  public var examination: Examination { Examination() }

  /// Observes nothing.
  public func observe(_ row: ExampleRow, into observations: inout Observations) {}

  /// Cannot be inverted.
  public func restore(_ row: ExampleRow) -> [Int64]? { nil }

  /// Cannot be inverted.
  public func restoreStretches(_ row: ExampleRow) -> [[Int64]]? { nil }
}

extension Framing {
  /// What follows the end of a document in a frame, if anything.
  public var separator: TokenID? {
    switch method {
    case .concatenate(let rule): rule.separator
    case .turns(let turns): turns.separator
    case .fullSentences(let rule): rule.separator
    case .documents(let rule): rule.separator
    case .bestFit(let rule): rule.separator
    case .fragments(let rule): rule.separator
    case .sentences, .pairs: nil
    }
  }
}
