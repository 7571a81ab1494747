// SPDX-License-Identifier: Apache-2.0

import UnicodeText

/// The normalizers of sentencepiece's kin.
enum PieceNormalization: Sendable, Hashable {
  /// `Precompiled`
  case precompiled(PrecompiledRewrite)
  /// `Nmt`
  case nmt
  /// `Replace`
  case replace(TextReplacement)
  /// `Prepend`
  case prepend(TextPrefix)
  /// `Strip`
  case strip(TextStrip)
  /// All that a `.model` file does.
  case sentencePiece(SentencePieceNormalizer)

  var name: String {
    switch self {
    case .precompiled: "precompiled"
    case .nmt: "nmt"
    case .replace: "replace"
    case .prepend: "prepend"
    case .strip: "strip"
    case .sentencePiece: "sentencepiece"
    }
  }

  /// Replaces `output` by the normalized text.
  func apply(
    _ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], changes: inout TextChanges?
  ) throws(TokenizerError) {
    guard text.count <= TextPipeline.maximumTextLength / 4 else {
      throw TokenizerError(
        .normalization,
        "a text of \(text.count) bytes is too long to be normalized: the limit is "
          + "\(TextPipeline.maximumTextLength / 4); split the document")
    }
    switch self {
    case .precompiled(let rewrite): rewrite.apply(text, to: &output, changes: &changes)
    case .nmt: NmtRewrite.apply(text, to: &output, changes: &changes)
    case .replace(let replacement): replacement.apply(text, to: &output, changes: &changes)
    case .prepend(let prefix): prefix.apply(text, to: &output, changes: &changes)
    case .strip(let strip): strip.apply(text, to: &output, changes: &changes)
    case .sentencePiece(let normalizer): normalizer.apply(text, to: &output, changes: &changes)
    }
  }
}
