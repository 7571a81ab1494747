// SPDX-License-Identifier: Apache-2.0

/// A probability as a whole number of 2⁻⁵³, so that a draw is one integer comparison.
public struct Probability: Sendable, Hashable {
  /// How many of the 2⁵³ equally likely values are hits.
  public let threshold: UInt64

  /// The smallest multiple of 2⁻⁵³ that is not below `value`; exact for doubles from 2⁻¹ up.
  ///
  /// Values below 0 count as 0, values above 1 and NaN as 1.
  public init(_ value: Double) {
    let scaled = value * 0x1p53
    if scaled <= 0 {
      threshold = 0
    } else if scaled < 0x1p53 {
      let whole = UInt64(scaled)
      threshold = Double(whole) < scaled ? whole + 1 : whole
    } else {
      threshold = 1 << 53
    }
  }
}
