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

  /// Marks that Unicode 16 and 17 added, so that clusters are the same with an older ICU.
  private static let newMarks: [ClosedRange<Int32>] = [
    0x897...0x897, 0x1ACF...0x1ADD, 0x1AE0...0x1AEB, 0x10D69...0x10D6D, 0x10EFA...0x10EFC,
    0x113B8...0x113C0, 0x113C2...0x113C2, 0x113C5...0x113C5, 0x113C7...0x113CA,
    0x113CC...0x113D0, 0x113D2...0x113D2, 0x113E1...0x113E2, 0x11B60...0x11B67,
    0x11F5A...0x11F5A, 0x1611E...0x1612F, 0x1E5EE...0x1E5EF, 0x1E6E3...0x1E6E3,
    0x1E6E6...0x1E6E6, 0x1E6EE...0x1E6EF, 0x1E6F5...0x1E6F5,
  ]

  /// The class of each scalar. The values of ICU are stable.
  private static let classes: [UInt8] = {
    var classes = [UInt8](repeating: other, count: 0x11_0000)
    for scalar: Int32 in 0..<0x11_0000 {
      let value = cicu_grapheme_break(scalar)
      let isPicture = value == other && cicu_is_pictographic(scalar) != 0
      classes[Int(scalar)] = isPicture ? pictographic : value
    }
    for scalar in newMarks.joined() { classes[Int(scalar)] = extend }
    return classes
  }()

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
