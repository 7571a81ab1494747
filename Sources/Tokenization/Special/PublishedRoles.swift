// SPDX-License-Identifier: Apache-2.0

/// The names that published tokenizers give to special tokens, for files that come without a
/// `tokenizer_config.json`.
///
/// | role | names, the first that exists counts |
/// |---|---|
/// | pad | `<pad>`, `[PAD]`, `<\|pad\|>` |
/// | eos | `</s>`, `<eos>`, `<\|endoftext\|>`, `<\|end_of_text\|>` |
/// | unk | `<unk>`, `[UNK]`, `[unk]` |
/// | bos | `<s>`, `<bos>`, `<\|begin_of_text\|>`, `<\|startoftext\|>`, `<\|endoftext\|>` |
/// | cls, sep | `[CLS]`, `[SEP]`, or in small letters; `<s>`, `</s>` where there is a `<mask>` (RoBERTa, BART) |
/// | mask | `[MASK]`, `<mask>`, `[mask]` |
/// | nlu, nlg, s2s | `[NLU]`, `[NLG]`, `[S2S]` |
/// | fim-… | `<fim_prefix>` … (StarCoder), `<\|fim_prefix\|>` … (tiktoken, Qwen) |
///
/// Only added tokens are looked at: `<s>` as ordinary text is not special.
enum PublishedRoles {
  private static let names: [(SpecialRole, [String])] = [
    (.pad, ["<pad>", "[PAD]", "<|pad|>"]),
    (.eos, ["</s>", "<eos>", "<|endoftext|>", "<|end_of_text|>"]),
    (.unk, ["<unk>", "[UNK]", "[unk]"]),
    (.bos, ["<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "<|endoftext|>"]),
    (.cls, ["[CLS]", "[cls]"]),
    (.sep, ["[SEP]", "[sep]"]),
    (.mask, ["[MASK]", "<mask>", "[mask]"]),
    (.nlu, ["[NLU]"]),
    (.nlg, ["[NLG]"]),
    (.s2s, ["[S2S]"]),
    (.fimPrefix, ["<fim_prefix>", "<|fim_prefix|>"]),
    (.fimMiddle, ["<fim_middle>", "<|fim_middle|>"]),
    (.fimSuffix, ["<fim_suffix>", "<|fim_suffix|>"]),
    (.fimPad, ["<fim_pad>", "<|fim_pad|>"]),
  ]

  /// Fills the roles that have no token yet. `find` gives the id of an added token.
  static func fill(_ roles: inout SpecialRoles, find: (String) -> UInt32?) {
    for (role, candidates) in names where roles[role] == nil {
      roles[role] = candidates.lazy.compactMap(find).first
    }
    if find("<mask>") != nil {
      if roles[.cls] == nil { roles[.cls] = find("<s>") }
      if roles[.sep] == nil { roles[.sep] = find("</s>") }
    }
  }
}
