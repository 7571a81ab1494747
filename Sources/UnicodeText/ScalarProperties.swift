// SPDX-License-Identifier: Apache-2.0

/// General categories and scripts of scalars, from generated tables of the Unicode version by which
/// the engines of Hugging Face `tokenizers` and of `tiktoken` split text. ICU's own may be older or
/// newer. How the tables are made: `ScalarProperties+Tables.swift`.
public enum ScalarProperties {
  /// Categories by scalar, in ICU's numbers.
  private static let categories: [UInt8] = {
    var result = [UInt8](repeating: 0, count: 0x11_0000)
    for (index, run) in categoryRuns.enumerated() {
      let end = index + 1 < categoryRuns.count ? categoryRuns[index + 1] >> 5 : 0x11_0000
      for scalar in run >> 5..<end { result[Int(scalar)] = UInt8(run & 31) }
    }
    return result
  }()

  /// The number of the general category of a scalar, as ICU counts them; 0, unassigned, for a value
  /// beyond U+10FFFF.
  @inline(__always)
  static func category(of scalar: UInt32) -> UInt8 {
    scalar < 0x11_0000 ? categories[Int(scalar)] : 0
  }

  /// The first and the last scalar of each run with a property, in order.
  /// - Parameter name: a general category of one or two letters, such as `L` or `Lu`, or a script,
  ///   such as `Han`.
  /// - Returns: nil for a name that is not known.
  public static func runs(named name: String) -> [(UInt32, UInt32)]? {
    if let known = scriptRuns[name] { return known }
    guard let categories = GeneralCategories(named: name) else { return nil }
    var result: [(UInt32, UInt32)] = []
    for (index, run) in categoryRuns.enumerated()
    where categories.rawValue & 1 << (run & 31) != 0 {
      let end = index + 1 < categoryRuns.count ? categoryRuns[index + 1] >> 5 : 0x11_0000
      if let last = result.last, last.1 + 1 == run >> 5 {
        result[result.count - 1].1 = end - 1
      } else {
        result.append((run >> 5, end - 1))
      }
    }
    return result
  }
}
