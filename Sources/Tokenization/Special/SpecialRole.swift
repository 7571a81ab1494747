// SPDX-License-Identifier: Apache-2.0

/// What a special token is for. The raw value is the name on the command line and in manifests.
public enum SpecialRole: String, Sendable, Hashable, CaseIterable {
  /// Fills rows up.
  case pad
  /// Ends a document.
  case eos
  /// Stands for what the vocabulary cannot spell; never produced by byte-level models.
  case unk
  /// Begins a document.
  case bos
  /// BERT's first token, whose state classifies.
  case cls
  /// BERT's separator.
  case sep
  /// Stands for a token to be predicted.
  case mask
  /// UL2's mode of regular denoising (R).
  case nlu
  /// UL2's mode of extreme denoising (X).
  case nlg
  /// UL2's mode of sequential denoising (S).
  case s2s
  /// Fill in the middle: before the prefix.
  case fimPrefix = "fim-prefix"
  /// Fill in the middle: before the middle.
  case fimMiddle = "fim-middle"
  /// Fill in the middle: before the suffix.
  case fimSuffix = "fim-suffix"
  /// Fill in the middle: padding.
  case fimPad = "fim-pad"

  /// Names the language of a text, as mBART's do.
  case lang

  /// The key of `tokenizer_config.json` that names the token of this role.
  var configurationKey: String {
    String(rawValue.map { $0 == "-" ? "_" : $0 }) + "_token"
  }

  /// Whether `transformers` knows that key; to all others a token is merely special.
  var isCommon: Bool {
    switch self {
    case .pad, .eos, .unk, .bos, .cls, .sep, .mask: true
    default: false
    }
  }
}

/// Which ids have which role.
public struct SpecialRoles: Sendable, Hashable {
  private var ids: [SpecialRole: UInt32] = [:]
  /// The sentinels: the id of `<extra_id_k>` at index k, up to the first that is missing.
  public internal(set) var sentinels: [UInt32] = []

  /// No roles.
  public init() {}

  /// The id with a role, or nil if no token has it.
  public internal(set) subscript(role: SpecialRole) -> UInt32? {
    get { ids[role] }
    set { ids[role] = newValue }
  }

  /// The roles that are filled, in the order of `SpecialRole.allCases`.
  public var assigned: [(role: SpecialRole, id: UInt32)] {
    SpecialRole.allCases.compactMap { role in ids[role].map { (role, $0) } }
  }
}
