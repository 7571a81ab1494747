// SPDX-License-Identifier: Apache-2.0

import CICU

/// Tells quickly that a text is in a normal form already, as most texts are (UAX #15, section 9).
///
/// A text is in a form if each of its characters may occur there, whatever is around it, and none is a
/// mark that would have to be put in order. Of the others ICU finds out what becomes of them.
struct NormalTextCheck: Sendable {
  /// Only characters of the first two planes are known.
  private static let limit: UInt32 = 0x2_0000
  private static let nfc = NormalTextCheck(UCHAR_NFC_QUICK_CHECK)
  private static let nfd = NormalTextCheck(UCHAR_NFD_QUICK_CHECK)
  private static let nfkc = NormalTextCheck(UCHAR_NFKC_QUICK_CHECK)
  private static let nfkd = NormalTextCheck(UCHAR_NFKD_QUICK_CHECK)

  /// A bit for each character.
  private let settled: [UInt64]

  private init(_ property: UProperty) {
    var settled = [UInt64](repeating: 0, count: Int(Self.limit) / 64)
    for scalar in 0..<Int(Self.limit) where cicu_is_settled(UChar32(scalar), property) != 0 {
      settled[scalar >> 6] |= 1 << UInt64(scalar & 63)
    }
    self.settled = settled
  }

  /// Whether a text is certainly in a form. False says nothing.
  static func isNormal(_ text: UnsafeBufferPointer<UInt8>, in form: NormalForm) -> Bool {
    switch form {
    case .none: true
    case .nfc: nfc.isNormal(text)
    case .nfd: nfd.isNormal(text)
    case .nfkc: nfkc.isNormal(text)
    case .nfkd: nfkd.isNormal(text)
    case .nfkcCasefold: false
    }
  }

  private func isNormal(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    settled.withUnsafeBufferPointer { settled in
      var at = ASCIIScan.endOfASCII(text, from: 0)
      while at < text.count {
        let (scalar, length) = UTF8Scalars.decode(text, at: at)
        guard scalar < Self.limit else { return false }
        let bits = settled[Int(truncatingIfNeeded: scalar &>> 6)]
        guard bits &>> UInt64(scalar & 63) & 1 != 0 else { return false }
        at &+= length
        if at < text.count, text[at] < 0x80 { at = ASCIIScan.endOfASCII(text, from: at) }
      }
      return true
    }
  }
}
