// SPDX-License-Identifier: Apache-2.0

/// The special tokens of a tokenizer that is trained here.
public enum SpecialTokens: Sendable, Hashable {
  /// `<pad> </s> <unk> <s> [CLS] [SEP] [MASK]`, UL2's modes and the fill-in-the-middle tokens
  /// first, and 256 sentinels last: `<extra_id_k>` is V − 1 − k in a vocabulary of V.
  case standard
  /// None: bytes and merges only.
  case none
  /// These, in this order, from id 0 on.
  case list([String])

  /// The number of sentinels in the standard layout; UL2 at 512 tokens needs 128.
  static let sentinelCount = 256

  private static let standardRoles: [(SpecialRole, String)] = [
    (.pad, "<pad>"), (.eos, "</s>"), (.unk, "<unk>"), (.bos, "<s>"), (.cls, "[CLS]"),
    (.sep, "[SEP]"), (.mask, "[MASK]"), (.nlu, "[NLU]"), (.nlg, "[NLG]"), (.s2s, "[S2S]"),
    (.fimPrefix, "<fim_prefix>"), (.fimMiddle, "<fim_middle>"), (.fimSuffix, "<fim_suffix>"),
    (.fimPad, "<fim_pad>"),
  ]

  /// The tokens that take the first ids.
  var leading: [String] {
    switch self {
    case .standard: Self.standardRoles.map(\.1)
    case .none: []
    case .list(let tokens): tokens
    }
  }

  /// How many sentinels take the last ids.
  var trailingSentinels: Int {
    self == .standard ? Self.sentinelCount : 0
  }

  /// The tokens that no merge may spell. Of a list, as in `tokenizers`, any may.
  var reserved: [String] {
    guard self == .standard else { return [] }
    return leading + (0..<Self.sentinelCount).map(Self.sentinel)
  }

  /// The content of sentinel `k`.
  static func sentinel(_ index: Int) -> String { "<extra_id_\(index)>" }
}
