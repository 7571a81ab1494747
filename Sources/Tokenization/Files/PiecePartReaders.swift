// SPDX-License-Identifier: Apache-2.0

import JSON

/// Reads the normalizers of sentencepiece's kin.
enum PieceNormalizationReader {
  /// The step, or nil if the part is of another kind.
  static func step(_ part: JSONPart) throws(TokenizerError) -> PieceNormalization? {
    switch try part.type() {
    case "Precompiled": return .precompiled(PrecompiledRewrite(map: try map(part)))
    case "Nmt": return .nmt
    case "Prepend":
      return .prepend(TextPrefix(content: Array(try part.required("prepend").string().utf8)))
    case "Strip":
      return .strip(
        TextStrip(
          left: try part.bool("strip_left", default: true),
          right: try part.bool("strip_right", default: true)))
    default: return nil
    }
  }

  private static func map(_ part: JSONPart) throws(TokenizerError) -> CharacterMap {
    let field = try part.required("precompiled_charsmap")
    guard let blob = Base64.decode(Array(try field.string().utf8)) else {
      throw TokenizerError(.malformed, at: field.path, "it is not base64")
    }
    return try CharacterMap(blob, at: field.path)
  }
}

/// Reads `Metaspace`, the pre-tokenizer and the decoder.
enum MetaspaceReader {
  static func metaspace(_ part: JSONPart) throws(TokenizerError) -> Metaspace {
    let mark = try part.required("replacement").string()
    guard mark.unicodeScalars.count == 1 else {
      throw TokenizerError(.malformed, at: part.path, "\"replacement\" is not one character")
    }
    let name = try part["prepend_scheme"]?.string()
    var scheme = Metaspace.PrependScheme.always
    if let name {
      guard let known = Metaspace.PrependScheme(rawValue: name) else {
        throw part.unsupported(
          "the prepend scheme \"\(name)\"",
          Metaspace.PrependScheme.allCases.map(\.rawValue).joined(separator: ", ") + " are")
      }
      scheme = known
    }
    if try part["add_prefix_space"]?.bool() == false {
      guard name == nil || scheme == .never else {
        throw TokenizerError(
          .inconsistent, at: part.path, "\"add_prefix_space\" and \"prepend_scheme\" disagree")
      }
      scheme = .never
    }
    return Metaspace(
      mark: Array(mark.utf8), prependScheme: scheme, splits: try part.bool("split", default: true))
  }
}

/// Reads the decoders of sentencepiece's kin.
enum PieceDecoderReader {
  /// The step, or nil if the part is of another kind.
  static func step(_ part: JSONPart) throws(TokenizerError) -> PieceDecoding? {
    switch try part.type() {
    case "ByteFallback": return .byteFallback
    case "Fuse": return .fuse
    case "Metaspace": return .metaspace(try MetaspaceReader.metaspace(part))
    case "Replace":
      let field = try part.required("pattern")
      guard let text = try field["String"]?.string(), !text.isEmpty else {
        throw field.unsupported("decoding by an expression", "a text is")
      }
      return .replace(Array(text.utf8), with: Array(try part.required("content").string().utf8))
    case "Strip":
      let content = try part.required("content").string()
      let start = try part.required("start").integer()
      let stop = try part.required("stop").integer()
      guard content.unicodeScalars.count == 1, start >= 0, stop >= 0 else {
        throw TokenizerError(
          .malformed, at: part.path, "one character, and how many to take from each end")
      }
      return .strip(Array(content.utf8), start: start, stop: stop)
    default: return nil
    }
  }
}
