// SPDX-License-Identifier: Apache-2.0

/// One transformation of a text. Steps compose in the order given (``TextPipeline``).
public enum TextStep: Sendable, Hashable {
  /// Brings the text into a normal form.
  case normalize(NormalForm)
  /// Brings the characters of Unicode 9.0 into a normal form and leaves younger ones as they are:
  /// the `NFC`, `NFD`, `NFKC` and `NFKD` normalizers of Hugging Face tokenizers. Of `nfkcCasefold`
  /// there is no such form; it counts as ``normalize(_:)``.
  case normalizeUnicode9(NormalForm)
  /// Full lower-casing by the default algorithm of Unicode (§3.13) in the root locale: the same
  /// everywhere (no Turkish or Lithuanian rules), with the final sigma: `ΟΔΟΣ` → `οδος`.
  case lowercase
  /// Lower-casing of each scalar on its own, without the final sigma: `ΟΔΟΣ` → `οδοσ`. This is what
  /// the `Lowercase` normalizer of Hugging Face tokenizers does.
  case lowercaseScalars
  /// Accents off: NFD, nonspacing marks (Mn) removed, NFC. Also removes the vowel signs of scripts
  /// that write them as nonspacing marks (Hebrew points, Devanagari, Thai, …).
  case stripAccents
  /// Removes nonspacing marks (Mn) that stand in the text as scalars of their own, nothing else:
  /// the `StripAccents` normalizer of Hugging Face tokenizers.
  case removeMarks
  /// CRLF, CR, VT, FF, NEL (U+0085), U+2028 and U+2029 become LF.
  case unifyNewlines
  /// Removes control characters (Cc), but not those that are white space: TAB, LF, VT, FF, CR, NEL.
  case removeControls
  /// Every space separator (Zs: no-break space, em space, ideographic space, …) becomes a space.
  case unifySpaces
  /// Two or more spaces and tabs in a row become one space. Other spaces count only after
  /// ``unifySpaces``.
  case collapseBlanks

  /// The steps that clean white space, in an order in which each sees what the ones before it made.
  public static let whitespaceCleanup: [TextStep] = [
    .unifyNewlines, .removeControls, .unifySpaces, .collapseBlanks,
  ]

  /// Every step, once.
  public static let all: [TextStep] =
    NormalForm.allCases.map { .normalize($0) }
    + [.nfc, .nfd, .nfkc, .nfkd].map { .normalizeUnicode9($0) } + [
      .lowercase, .lowercaseScalars, .stripAccents, .removeMarks, .unifyNewlines, .removeControls,
      .unifySpaces, .collapseBlanks,
    ]

  /// The stable name for manifests and command lines. A normal form has its own name.
  public var name: String {
    switch self {
    case .normalize(let form): form.rawValue
    case .normalizeUnicode9(let form): "\(form.rawValue)-unicode-9"
    case .lowercase: "lowercase"
    case .lowercaseScalars: "lowercase-scalars"
    case .stripAccents: "strip-accents"
    case .removeMarks: "remove-marks"
    case .unifyNewlines: "newlines"
    case .removeControls: "controls"
    case .unifySpaces: "spaces"
    case .collapseBlanks: "blanks"
    }
  }

  /// The step with this name, or nil.
  public init?(name: String) {
    guard let step = TextStep.all.first(where: { $0.name == name }) else { return nil }
    self = step
  }
}
