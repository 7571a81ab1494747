// SPDX-License-Identifier: Apache-2.0

import CICUText

/// What a kernel changed, if anyone wants to know.
struct ChangeList {
  let isRecorded: Bool
  var items: [cicut_change] = []

  init(isRecorded: Bool) { self.isRecorded = isRecorded }

  /// Records one changed stretch. Positions fit: a text has less than 2^31 bytes, and no kernel of
  /// this module more than doubles it.
  @inline(__always)
  mutating func append(outputStart: Int, outputEnd: Int, originalEnd: Int) {
    guard isRecorded else { return }
    items.append(
      cicut_change(
        output_start: UInt32(truncatingIfNeeded: outputStart),
        output_end: UInt32(truncatingIfNeeded: outputEnd),
        original_end: UInt32(truncatingIfNeeded: originalEnd)))
  }
}

/// The passes over the text that the steps consist of.
enum TextKernel: Sendable, Hashable {
  case orderLongMarkRuns(NormalForm, isUnicode9: Bool)
  case normalize(NormalForm, isUnicode9: Bool)
  case lowercase(finalSigma: Bool)
  case removeMarks
  case unifyNewlines
  case removeControls
  case unifySpaces
  case collapseBlanks

  static func kernels(of step: TextStep) -> [TextKernel] {
    switch step {
    case .normalize(.none): []
    case .normalizeUnicode9(.none): []
    case .normalize(let form):
      [.orderLongMarkRuns(form, isUnicode9: false), .normalize(form, isUnicode9: false)]
    case .normalizeUnicode9(let form):
      [.orderLongMarkRuns(form, isUnicode9: true), .normalize(form, isUnicode9: true)]
    case .lowercase: [.lowercase(finalSigma: true)]
    case .lowercaseScalars: [.lowercase(finalSigma: false)]
    case .stripAccents:
      kernels(of: .normalize(.nfd)) + [.removeMarks] + kernels(of: .normalize(.nfc))
    case .removeMarks: [.removeMarks]
    case .unifyNewlines: [.unifyNewlines]
    case .removeControls: [.removeControls]
    case .unifySpaces: [.unifySpaces]
    case .collapseBlanks: [.collapseBlanks]
    }
  }

  /// Replaces `output` by the transformed text and returns true; false means that the text stays as
  /// it is, whatever `output` holds then. ASCII stays ASCII in every kernel.
  func run(
    _ text: UnsafeBufferPointer<UInt8>, isASCII: Bool, into output: inout [UInt8],
    changes: inout ChangeList
  ) throws(TextError) -> Bool {
    switch self {
    case .orderLongMarkRuns(let form, let isUnicode9):
      if isASCII { return false }
      return try LongMarkRuns.order(
        text, for: form, isUnicode9: isUnicode9, into: &output, changes: &changes)
    case .normalize(let form, let isUnicode9):
      if isASCII { return form == .nfkcCasefold && LetterCase.lowercaseASCII(text, into: &output) }
      if NormalTextCheck.isNormal(text, in: form) { return false }
      try Normalization.normalize(
        text, to: form, isUnicode9: isUnicode9, into: &output, changes: &changes)
      return true
    case .lowercase(let finalSigma):
      if isASCII { return LetterCase.lowercaseASCII(text, into: &output) }
      try LetterCase.lowercase(text, finalSigma: finalSigma, into: &output, changes: &changes)
      return true
    case .removeMarks:
      return isASCII ? false : MarkRemoval.run(text, into: &output, changes: &changes)
    case .unifyNewlines:
      return NewlineRewrite.run(text, into: &output, changes: &changes)
    case .removeControls:
      return ControlRewrite.run(text, into: &output, changes: &changes)
    case .unifySpaces:
      return isASCII ? false : SpaceRewrite.run(text, into: &output, changes: &changes)
    case .collapseBlanks:
      return BlankRunRewrite.run(text, into: &output, changes: &changes)
    }
  }
}
