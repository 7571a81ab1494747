// SPDX-License-Identifier: Apache-2.0

import CICU

/// Extended grapheme clusters (UAX #29, rules GB3 to GB13 without GB9c), scalar by scalar, so that
/// a text is walked once, in linear time.
public struct GraphemeClusters: Sendable {
  private static let other: UInt8 = 0
  private static let control: UInt8 = 1
  private static let carriageReturn: UInt8 = 2
  private static let extend: UInt8 = 3
  private static let leading: UInt8 = 4
  private static let lineFeed: UInt8 = 5
  private static let syllableLV: UInt8 = 6
  private static let syllableLVT: UInt8 = 7
  private static let trailing: UInt8 = 8
  private static let vowel: UInt8 = 9
  private static let spacingMark: UInt8 = 10
  private static let prepend: UInt8 = 11
  private static let regionalIndicator: UInt8 = 12
  private static let joiner: UInt8 = 17
  /// Not a value of ICU's: Extended_Pictographic.
  private static let pictographic: UInt8 = 32

  /// The class of each scalar. The values of ICU are stable.
  private static let classes: [UInt8] = (0..<0x11_0000).map { (scalar: Int32) in
    let value = cicu_grapheme_break(scalar)
    return value == other && cicu_is_pictographic(scalar) != 0 ? pictographic : value
  }

  private var last: UInt8 = GraphemeClusters.control
  /// Whether the cluster so far is a pictograph with its marks, and a joiner perhaps.
  private var isPicture = false
  private var isAfterOddIndicator = false

  /// Begins before the first scalar of a text.
  public init() {}

  /// Whether a cluster begins with the next scalar of the text, which is given.
  public mutating func begins(with scalar: UInt32) -> Bool {
    let classes = Self.classes
    let next = scalar < 0x11_0000 ? classes[Int(scalar)] : Self.control
    let begins = breaks(before: next)
    if next == Self.pictographic {
      isPicture = true
    } else if next != Self.extend && next != Self.joiner {
      isPicture = false
    }
    isAfterOddIndicator = next == Self.regionalIndicator && (begins || !isAfterOddIndicator)
    last = next
    return begins
  }

  private func breaks(before next: UInt8) -> Bool {
    if last == Self.carriageReturn && next == Self.lineFeed { return false }
    for side in [last, next]
    where side == Self.control || side == Self.carriageReturn || side == Self.lineFeed {
      return true
    }
    switch next {
    case Self.extend, Self.joiner, Self.spacingMark: return false
    case Self.leading, Self.syllableLV, Self.syllableLVT:
      if last == Self.leading { return false }
    case Self.vowel:
      if last == Self.leading || last == Self.vowel || last == Self.syllableLV { return false }
    case Self.trailing:
      if last == Self.vowel || last == Self.syllableLV || last == Self.syllableLVT
        || last == Self.trailing
      {
        return false
      }
    case Self.pictographic:
      if last == Self.joiner && isPicture { return false }
    case Self.regionalIndicator:
      if last == Self.regionalIndicator && isAfterOddIndicator { return false }
    default: break
    }
    return last != Self.prepend
  }
}
