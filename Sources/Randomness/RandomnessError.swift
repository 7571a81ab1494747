// SPDX-License-Identifier: Apache-2.0

/// A number that does not fit its field of the counter.
public struct RandomnessError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The field that overflowed.
  public enum Code: String, Sendable, Hashable {
    /// The ordinal of the unit: 32 bits.
    case unitOutOfRange
    /// The epoch: 16 bits.
    case epochOutOfRange
    /// The component of a mixture: 8 bits.
    case componentOutOfRange
  }

  /// Which field overflowed.
  public let code: Code
  /// The number that was asked for.
  public let value: Int
  /// The largest number that fits.
  public let limit: Int

  /// One line: what, and what to do.
  public var description: String {
    switch code {
    case .unitOutOfRange:
      "unit \(value) is out of range 0...\(limit): build the corpus as several datasets"
    case .epochOutOfRange:
      "epoch \(value) is out of range 0...\(limit): use another seed for further epochs"
    case .componentOutOfRange:
      "mixture component \(value) is out of range 0...\(limit): use fewer members"
    }
  }
}
